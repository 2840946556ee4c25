// Prints the trajectory where there is nothing: the start of the program, what the compiler asks of it (GCC
// manual, "Language Standards Supported by GCC": memcpy, memmove, memset, memcmp), and output by semihosting
// (Arm, "Semihosting for AArch32 and AArch64"), which a debugger or an emulator answers.
#include "trajectory.hpp"

extern "C" {

#ifdef FREEFALL_C_LIBRARY
void* memset(void* to, int value, std::size_t n);
void* memcpy(void* to, const void* from, std::size_t n);
#else
// -fno-tree-loop-distribute-patterns keeps the compiler from turning these loops into calls of themselves.
void* memset(void* to, int value, std::size_t n) {
  auto* bytes = static_cast<unsigned char*>(to);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<unsigned char>(value);
  return to;
}
void* memcpy(void* to, const void* from, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    static_cast<unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
  return to;
}
#endif

extern unsigned char data_begin[], data_end[], data_image[], bss_begin[], bss_end[], stack_top[];
[[noreturn]] void reset();
}

namespace {

embedded::trajectory out;

std::uintptr_t semihost(std::uintptr_t operation, std::uintptr_t argument) {
  register std::uintptr_t r0 asm("r0") = operation;
  register std::uintptr_t r1 asm("r1") = argument;
#ifdef FREEFALL_CALL_BY_SVC  // the processors with an operating system; qemu runs a program for no other
  asm volatile("svc 0xab" : "+r"(r0) : "r"(r1) : "memory");
#else
  asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
#endif
  return r0;
}
void write(const char* text) { semihost(0x04, reinterpret_cast<std::uintptr_t>(text)); }  // SYS_WRITE0
[[noreturn]] void leave(bool well) {  // SYS_EXIT, ADP_Stopped_ApplicationExit or _RunTimeErrorUnknown
  for (;;) semihost(0x18, well ? 0x20026 : 0x20023);
}

}  // namespace

// The first two words a Cortex-M reads: the stack and the start.
extern "C" [[gnu::section(".vectors"), gnu::used]] const std::uintptr_t vectors[2] = {
    reinterpret_cast<std::uintptr_t>(stack_top), reinterpret_cast<std::uintptr_t>(&reset)};

void reset() {
  // A device's own start also turns on the floating-point unit (CPACR) and sets the clocks.
  memcpy(data_begin, data_image, static_cast<std::size_t>(data_end - data_begin));
  memset(bss_begin, 0, static_cast<std::size_t>(bss_end - bss_begin));
  if (!embedded::run(out)) leave(false);
  for (const auto& tick : out.words) {
    for (const std::uint64_t word : tick) {
      char line[] = "0123456789abcdef\n";
      for (int digit = 0; digit < 16; ++digit)
        line[digit] = "0123456789abcdef"[word >> (60 - 4 * digit) & 15U];
      write(line);
    }
  }
  leave(true);
}
