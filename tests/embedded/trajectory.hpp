// Twenty ticks of a filter, by the kernel alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace embedded {

// Of each tick: the state (3), its precision (9), the free energy (1), as the bits of a double.
inline constexpr std::size_t ticks = 20, words_of_a_tick = 13;
struct trajectory {
  std::uint64_t words[ticks][words_of_a_tick];
};

// False if the kernel refuses.
bool run(trajectory& out);

}  // namespace embedded
