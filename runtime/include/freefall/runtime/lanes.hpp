// Slices of a plate between an array of whole copies, [outer, copy, inner], and one with the copies of the
// slice in the lanes, [outer, inner, lane].
#pragma once

#include <cstddef>

#include "freefall/runtime/simd.hpp"

namespace freefall::runtime {
inline namespace FREEFALL_INSTRUCTION_SET {
namespace lanes_detail {

// Calls block(l, i) for squares of `lanes` copies by as many inner elements; the last one of a row overlaps
// the one before.
template <std::size_t lanes, std::size_t width, class Block>
void for_blocks(std::size_t inner, const Block& block) {
  for (std::size_t i = 0; i < inner; i += lanes)
    for (std::size_t l = 0; l < width; l += lanes) block(l, least(i, inner - lanes));
}

}  // namespace lanes_detail

// Copies first, first + 1, ... of `whole` into the lanes; lanes beyond copy `copies` - 1 repeat it.
// `capacity` copies lie between the outer elements of `whole`. width: a whole number of vectors.
template <class T, std::size_t width>
void to_lanes(std::size_t outer, std::size_t capacity, std::size_t inner, std::size_t first,
              std::size_t copies, const T* whole, T* lanes) {
  using S = simd<T>;
  static_assert(width % S::lanes == 0,
                "emitted for a MACHINE of narrower vectors than this instruction set has; emit for this one "
                "or for any");
  for (std::size_t o = 0; o < outer; ++o, lanes += inner * width) {
    const auto row = [&](std::size_t l) {
      return whole + (o * capacity + least(first + l, copies - 1)) * inner;
    };
    if (inner < S::lanes) {
      for (std::size_t l = 0; l < width; ++l)
        for (std::size_t i = 0; i < inner; ++i) lanes[i * width + l] = row(l)[i];
      continue;
    }
    lanes_detail::for_blocks<S::lanes, width>(inner, [&](std::size_t l, std::size_t i) {
      typename S::vector v[S::lanes];
#pragma GCC unroll 16
      for (std::size_t j = 0; j < S::lanes; ++j) v[j] = S::load(row(l + j) + i);
      S::transpose(v);
#pragma GCC unroll 16
      for (std::size_t j = 0; j < S::lanes; ++j) S::store(lanes + (i + j) * width + l, v[j]);
    });
  }
}

// The way back; lanes beyond copy `copies` - 1 are left out.
template <class T, std::size_t width>
void from_lanes(std::size_t outer, std::size_t capacity, std::size_t inner, std::size_t first,
                std::size_t copies, const T* lanes, T* whole) {
  using S = simd<T>;
  static_assert(width % S::lanes == 0,
                "emitted for a MACHINE of narrower vectors than this instruction set has; emit for this one "
                "or for any");
  const std::size_t valid = least(width, copies - first);
  for (std::size_t o = 0; o < outer; ++o, lanes += inner * width) {
    T* rows = whole + (o * capacity + first) * inner;
    if (inner < S::lanes) {
      for (std::size_t l = 0; l < valid; ++l)
        for (std::size_t i = 0; i < inner; ++i) rows[l * inner + i] = lanes[i * width + l];
      continue;
    }
    lanes_detail::for_blocks<S::lanes, width>(inner, [&](std::size_t l, std::size_t i) {
      typename S::vector v[S::lanes];
#pragma GCC unroll 16
      for (std::size_t j = 0; j < S::lanes; ++j) v[j] = S::load(lanes + (i + j) * width + l);
      S::transpose(v);
      if (l + S::lanes <= valid) {
#pragma GCC unroll 16
        for (std::size_t j = 0; j < S::lanes; ++j) S::store(rows + (l + j) * inner + i, v[j]);
      } else {
        for (std::size_t j = 0; l + j < valid; ++j) S::store(rows + (l + j) * inner + i, v[j]);
      }
    });
  }
}

}  // namespace FREEFALL_INSTRUCTION_SET
}  // namespace freefall::runtime
