// The transpose of a matrix of known size, square after square through the registers.
#pragma once

#include <cstddef>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {

// out[i * columns + j] = in[j * rows + i] for i < rows, j < columns.
template <class T, std::size_t rows, std::size_t columns>
[[gnu::noinline]] void transpose(const T* __restrict in, T* __restrict out) {
  using S = simd<T>;
  constexpr std::size_t lanes = S::lanes;
  if constexpr (rows < lanes) {
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) out[i * columns + j] = in[j * rows + i];
  } else {
    // The last squares overlap those before; of few columns the last is read again.
    constexpr std::size_t width = least(columns, lanes);
    for (std::size_t j = 0; j < columns; j += lanes) {
      const std::size_t column = least(j, columns - width);
      for (std::size_t i = 0; i < rows; i += lanes) {
        const std::size_t row = least(i, rows - lanes);
        typename S::vector v[lanes];
#pragma GCC unroll 16
        for (std::size_t l = 0; l < lanes; ++l)
          v[l] = S::load(in + (column + least(l, width - 1)) * rows + row);
        S::transpose(v);
        if constexpr (width == lanes) {
#pragma GCC unroll 16
          for (std::size_t l = 0; l < lanes; ++l) S::store(out + (row + l) * columns + column, v[l]);
        } else {
          T square[lanes * lanes];
#pragma GCC unroll 16
          for (std::size_t l = 0; l < lanes; ++l) S::store(square + l * lanes, v[l]);
          for (std::size_t l = 0; l < lanes; ++l)
            for (std::size_t c = 0; c < width; ++c) out[(row + l) * columns + c] = square[l * lanes + c];
        }
      }
    }
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime
