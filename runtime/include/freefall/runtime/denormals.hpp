// Denormal numbers as zero while a kernel runs.
//
// A state that decays goes through the numbers below the smallest normal one (1e-38 in float, 2e-308 in
// double), with which many processors compute a hundred times slower. An object of this class makes the
// thread take and give zero for them until it is destroyed; then the mode of the thread is what it was. On
// x86 that is flush-to-zero and denormals-are-zero of MXCSR, on AArch64 flush-to-zero of FPCR, elsewhere
// nothing.
//
// Every emitted kernel of 300 operations or more holds one. Reading the mode, setting it and putting it back
// takes 8 ns (EPYC 9004), and 1 ns in a thread that holds one already: whoever calls short kernels in a loop
// holds one around it. With FREEFALL_KEEP_DENORMALS defined for the kernels they leave the mode alone.
#pragma once

#include <cstdint>

#include "freefall/runtime/instruction_set.hpp"

namespace freefall::runtime {

namespace denormals_detail {
// Whether the thread holds the mode. Nothing hosts threads where there is no hosted library.
#if __STDC_HOSTED__
inline thread_local constinit bool held = false;
#else
inline constexpr bool held = false;
#endif
}  // namespace denormals_detail

inline namespace FREEFALL_INSTRUCTION_SET {

class flush_denormals {
 public:
#if defined(FREEFALL_KEEP_DENORMALS) || !(defined(__SSE__) || defined(__aarch64__))
  [[gnu::always_inline]] flush_denormals() {}
  [[gnu::always_inline]] static bool is_set() { return true; }
#else
  [[gnu::always_inline]] flush_denormals() : held_already_(denormals_detail::held) {
    if (held_already_) return;
    mode_ = read();
    if ((mode_ & flushing) != flushing) write(mode_ | flushing);
    hold(true);
    // What is computed from memory is computed after this, and stored before the mode is put back.
    asm volatile("" ::: "memory");
  }
  [[gnu::always_inline]] ~flush_denormals() {
    if (held_already_) return;
    asm volatile("" ::: "memory");
    hold(false);
    if ((mode_ & flushing) != flushing) write(mode_);
  }
  // An object would change nothing.
  [[gnu::always_inline]] static bool is_set() {
#if __STDC_HOSTED__
    return denormals_detail::held;
#else
    return (read() & flushing) == flushing;
#endif
  }

 private:
#ifdef __SSE__
  using mode = std::uint32_t;
  static constexpr mode flushing = 1U << 15 | 1U << 6;  // of results, of operands
  [[gnu::always_inline]] static mode read() { return __builtin_ia32_stmxcsr(); }
  [[gnu::always_inline]] static void write(mode m) { __builtin_ia32_ldmxcsr(m); }
#else
  using mode = std::uint64_t;
  static constexpr mode flushing = 1U << 24;  // of both
  [[gnu::always_inline]] static mode read() {
    mode m;
    asm volatile("mrs %0, fpcr" : "=r"(m));
    return m;
  }
  [[gnu::always_inline]] static void write(mode m) { asm volatile("msr fpcr, %0" : : "r"(m)); }
#endif

  [[gnu::always_inline]] static void hold([[maybe_unused]] bool is_held) {
#if __STDC_HOSTED__
    denormals_detail::held = is_held;
#endif
  }

  bool held_already_;
  mode mode_ = 0;
#endif

 public:
  flush_denormals(const flush_denormals&) = delete;
  flush_denormals& operator=(const flush_denormals&) = delete;
};

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime
