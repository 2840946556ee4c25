#pragma once
// The machine that kernels are written for: vectors and caches. It is chosen by an option of the generator,
// and never looked up on the machine the generator runs on, so the same options give the same bytes
// everywhere.
//
// One emitted source is compiled for several instruction sets. What depends on the set alone, the tiles in
// registers, is chosen when it is compiled: freefall/runtime/instruction_set.hpp.

#include <cstddef>
#include <string>
#include <vector>

namespace freefall::plan {

struct Machine {
  std::string name = "any";
  /// A vector register: slices of a plate are one or two of them wide, and a tiled product has rows of at
  /// least one.
  std::size_t vector_bytes = 64;
  /// The second cache of a core. Where a tiled product has a long sum, half of the cache must hold the matrix
  /// whose rows are read; a transposed copy of a constant takes at most a quarter.
  std::size_t cache_bytes = 1024 * 1024;
  /// A longer sum goes over more rows than the tables of addresses hold, wherever the rows lie.
  std::size_t short_sum = 512;
};

/// The table: `any`, whose slices suit every set (narrower ones take them in more vectors), and one row for
/// each instruction set. The first is the default.
const std::vector<Machine>& machines();

}  // namespace freefall::plan
