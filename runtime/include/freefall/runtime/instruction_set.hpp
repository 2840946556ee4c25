// The instruction set this translation unit is compiled for, and the sizes of tiles it takes from that.
//
// A program may hold kernels compiled for several instruction sets, all including these headers. Whatever a
// kernel may call stands in the inline namespace FREEFALL_INSTRUCTION_SET, which gives the code of each set
// its own symbols, so that the linker never merges AVX-512 code into the path of a machine without it.
#pragma once

#include <cstddef>

// The one table of what depends on the instruction set while kernels are compiled; what depends on the
// machine while they are written stands in codegen/plan/machine.cpp. FREEFALL_TILE: most vectors in a row of
// a tile of tiled_product.hpp, its accumulators, vectors in a row of a panel of gemm.hpp, and one in how many
// rows of a tile loads two elements at once (register_tile.hpp): where there are registers left for them, and
// a product loads its factor itself. A tile fills the registers: two hold the row of B, one or two the
// broadcast; without FMA the products need one more. Kernels that are emitted for tiles of their own
// (`emit --tile`) define FREEFALL_TILE_ROWS and FREEFALL_TILE_VECTORS before they include anything, and what
// they call has another name.
//
//   set       registers   bytes
//   avx512    32          64      x86-64-v4
//   avx2      16          32      x86-64-v3
//   avx_fma   16          32
//   avx       16          32
//   neon      32          16      AArch64
//   baseline  16          16      x86-64, and everything else
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define FREEFALL_SET avx512
#define FREEFALL_VECTOR_BYTES 64
#define FREEFALL_TILE {3, 24, 4, 6}
#elif defined(__AVX2__) && defined(__FMA__)
#define FREEFALL_SET avx2
#define FREEFALL_VECTOR_BYTES 32
#define FREEFALL_TILE {2, 12, 2, 0}
#elif defined(__AVX__) && defined(__FMA__)
#define FREEFALL_SET avx_fma
#define FREEFALL_VECTOR_BYTES 32
#define FREEFALL_TILE {2, 12, 2, 0}
#elif defined(__AVX__)
#define FREEFALL_SET avx
#define FREEFALL_VECTOR_BYTES 32
#define FREEFALL_TILE {2, 8, 2, 0}
#elif defined(__aarch64__)
#define FREEFALL_SET neon
#define FREEFALL_VECTOR_BYTES 16
#define FREEFALL_TILE {4, 24, 2, 0}
#else
#define FREEFALL_SET baseline
#define FREEFALL_VECTOR_BYTES 16
#define FREEFALL_TILE {2, 8, 2, 0}
#endif

#ifdef FREEFALL_TILE_ROWS
#define FREEFALL_JOIN(set, rows, vectors) set##_tile_##rows##x##vectors
#define FREEFALL_TILED(set, rows, vectors) FREEFALL_JOIN(set, rows, vectors)
#define FREEFALL_INSTRUCTION_SET FREEFALL_TILED(FREEFALL_SET, FREEFALL_TILE_ROWS, FREEFALL_TILE_VECTORS)
#else
#define FREEFALL_INSTRUCTION_SET FREEFALL_SET
#endif

namespace freefall::runtime {

/// The first data cache of a core, where kernels are not emitted for another (`emit --first-cache`).
inline constexpr std::size_t first_cache_bytes = 32 * 1024;

/// How much of the registers a product takes.
struct tile_sizes {
  /// Vectors in a row of a tile of known size, at most.
  std::size_t vectors;
  /// Vectors in such a tile.
  std::size_t accumulators;
  /// Vectors in a row of a packed panel.
  std::size_t panel_vectors;
  /// One in so many rows of a narrow tile loads elements for two steps at once; 0: none does.
  std::size_t pairs;
};

inline namespace FREEFALL_INSTRUCTION_SET {
/// Of this instruction set.
#ifdef FREEFALL_TILE_ROWS
inline constexpr tile_sizes register_tiles = {
    FREEFALL_TILE_VECTORS, FREEFALL_TILE_ROWS* FREEFALL_TILE_VECTORS, tile_sizes FREEFALL_TILE.panel_vectors,
    tile_sizes FREEFALL_TILE.pairs};
#else
inline constexpr tile_sizes register_tiles = FREEFALL_TILE;
#endif
}  // namespace FREEFALL_INSTRUCTION_SET

}  // namespace freefall::runtime
