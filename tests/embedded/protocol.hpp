// Blocks of numbers sent to a program for another processor, which answers each with the values of one
// function.
#pragma once

#include <cstdint>

namespace freefall::numerics {

// Followed by `count` numbers x and as many y of `scalar_bytes` each; the answer is `count` numbers.
struct request {
  std::uint32_t function;  // position in numerics.def
  std::uint32_t scalar_bytes;
  std::uint32_t count;
};

}  // namespace freefall::numerics
