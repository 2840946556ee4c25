// Kernels that were compiled for several instruction sets (freefall_add_kernels ISA portable): which are run.
//
// Once per process, the largest set that the processor has. The environment variable FREEFALL_ISA = baseline,
// avx2 or avx512 asks for another; a name that is none of these, or a set that the processor lacks, is a
// fault of every kernel call. On other processors than x86-64 there is one set, and the variable is not read.
#pragma once

#include <array>
#include <cstddef>

#include "freefall/runtime/instruction_set.hpp"
#include "freefall/runtime/status.hpp"

// row(set) for each set a portable library is compiled for; each has all instructions of those before it.
#ifdef __x86_64__
#define FREEFALL_PORTABLE_SETS(row) row(baseline) row(avx2) row(avx512)
#else
#define FREEFALL_PORTABLE_SETS(row) row(FREEFALL_INSTRUCTION_SET)
#endif

namespace freefall::runtime {

#define FREEFALL_SET_TEXT(set) #set,
#define FREEFALL_SET_NAME(set) FREEFALL_SET_TEXT(set)
/// The names of the sets of a portable library, the smallest first.
inline constexpr std::array portable_sets = {FREEFALL_PORTABLE_SETS(FREEFALL_SET_NAME)};
#undef FREEFALL_SET_NAME
#undef FREEFALL_SET_TEXT

// The position in portable_sets, or why there is none.
struct set_choice {
  /// The position.
  std::size_t set = 0;
  /// The fault, where there is none.
  status problem = {};
};

// Made at the first call; the same afterwards, from any thread. In the library freefall::runtime.
[[nodiscard]] const set_choice& chosen_set();
// What FREEFALL_ISA was then; "" where it was not set.
[[nodiscard]] const char* asked_set();

// The choice for a processor whose largest set is number `largest`; `asked` is the value of FREEFALL_ISA, or
// null.
[[nodiscard]] set_choice choose_set(const char* asked, std::size_t largest);

// Calls the kernel of the chosen set. With one set nothing is chosen and the library is not needed.
template <class Arrays, std::size_t sets>
[[nodiscard]] status call_chosen(const char* name, status (*const (&kernels)[sets])(const Arrays&, void*),
                                 const Arrays& arrays, void* workspace) {
  if constexpr (sets == 1) {
    return kernels[0](arrays, workspace);
  } else {
    const set_choice& choice = chosen_set();
    if (!choice.problem.ok()) {
      status problem = choice.problem;
      problem.kernel = name;
      return problem;
    }
    return kernels[choice.set](arrays, workspace);
  }
}

}  // namespace freefall::runtime
