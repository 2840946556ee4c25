#include "freefall/runtime/dispatch.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace freefall::runtime {
namespace {

#ifdef __x86_64__
// The features of x86-64-v3 and -v4 (System V ABI, AMD64 supplement 1.0, table 3.1) on top of the set before.
// __builtin_cpu_supports also asks whether the operating system saves the registers; those that not every
// compiler knows by name, and that need no register, are asked of the processor.
bool has_avx2() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned movbe = 1U << 22, f16c = 1U << 29, lzcnt = 1U << 5;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & movbe) != 0 &&
         (c & f16c) != 0 && __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (c & lzcnt) != 0;
}
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
std::size_t largest_set() {
  __builtin_cpu_init();  // a kernel may be called before main
  return !has_avx2() ? 0 : !has_avx512() ? 1 : 2;
}
#else
std::size_t largest_set() { return 0; }
#endif

struct Choice {
  std::string asked;
  set_choice choice;

  Choice() {
    const char* value = std::getenv("FREEFALL_ISA");
    if (value != nullptr) asked = value;
    choice = choose_set(value, largest_set());
  }
};
const Choice& choice() {
  static const Choice made;
  return made;
}

}  // namespace

set_choice choose_set(const char* asked, std::size_t largest) {
  if (asked == nullptr || *asked == '\0') return {largest, {}};
  for (std::size_t set = 0; set < portable_sets.size(); ++set) {
    if (std::string_view(asked) != portable_sets[set]) continue;
    if (set <= largest) return {set, {}};
    return {0, {fault::missing_instruction_set, "", "FREEFALL_ISA", 0, set, largest}};
  }
  return {0, {fault::unknown_instruction_set, "", "FREEFALL_ISA", 0, 0, 0}};
}

const set_choice& chosen_set() { return choice().choice; }
const char* asked_set() { return choice().asked.c_str(); }

}  // namespace freefall::runtime
