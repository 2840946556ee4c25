#pragma once
// The machine that kernels are written for: vectors and caches. It is chosen by an option of the generator,
// and never looked up on the machine the generator runs on, so the same options give the same bytes
// everywhere.
//
// One emitted source is compiled for several instruction sets. What depends on the set alone, the tiles in
// registers, is chosen when it is compiled, unless the options say it: freefall/runtime/instruction_set.hpp.

#include <cstddef>
#include <string>
#include <vector>

namespace freefall::plan {

/// The first cache that the runtime is written for, where kernels say nothing else.
inline constexpr std::size_t kFirstCacheBytes = 32 * 1024;

struct Machine {
  std::string name = "any";
  /// A vector register: slices of a plate are one or two of them wide, and a tiled product has rows of at
  /// least one.
  std::size_t vector_bytes = 64;
  /// The first data cache of a core: what is stored in half of it is read again at once, and the parts of a
  /// long sum in gemm.hpp are made for it.
  std::size_t first_cache_bytes = kFirstCacheBytes;
  /// The second cache of a core. Where a tiled product has a long sum, half of the cache must hold the matrix
  /// whose rows are read; a transposed copy of a constant takes at most a quarter.
  std::size_t cache_bytes = 1024 * 1024;
  /// Rows of a tile in registers and vectors in each; 0: those of the instruction set that is compiled.
  std::size_t tile_rows = 0, tile_vectors = 0;
  /// A matrix up to this is multiplied in straight lines, by which gemm's panels gain nothing.
  std::size_t small_matrix_bytes = 2048;
  /// A longer sum goes over more rows than the tables of addresses hold, wherever the rows lie.
  std::size_t short_sum = 512;
  /// Operations in the time that a call of a function takes, or ten of them: work up to `inlined` has no call
  /// of its own, a pass up to `mode_change` is written out, and a kernel below that leaves the mode of
  /// denormal numbers as it is.
  double inlined = 1024, mode_change = 300;
  /// Operations in the time in which a number is turned from the rows of one array into the lanes of another,
  /// and in which one goes through registers from the second cache or to it, rather than from the first.
  double turned = 16, moved = 8;
  /// Passes of a loop that are worth a copy of the arrays they work on, there and back.
  std::size_t copied_passes = 16;
  /// Operations worth a wait of all threads for each other, some microseconds; worth a second thread at all.
  double shared = 50e3, threaded = 1e6;
};

/// The table: `any`, whose slices suit every set (narrower ones take them in more vectors), and one row for
/// each instruction set. The first is the default.
const std::vector<Machine>& machines();

}  // namespace freefall::plan
