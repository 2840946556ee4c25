#pragma once
// Which of the runtime's products computes a Gemm; it follows from its sizes alone.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

enum class ProductForm {
  /// Tiles of known size over contiguous rows of B and C (tiled_product.hpp): one matrix, of at least one
  /// vector a row, whose rows and columns are not counted at run time, with a sum short enough to be taken in
  /// one go.
  tiled,
  matrix_vector,  ///< straight-line code for one vector of known length (matrix_vector.hpp)
  small,    ///< rows, known or counted, times a matrix of known size that stays at hand (small_product.hpp)
  blocked,  ///< packed panels, for sizes known at run time or beyond the caches (gemm.hpp); needs scratch
};
ProductForm product_form(const Gemm& gemm, const plan::Specialisation& sizes);

/// Number of elements between neighbours along an index of an access; 0 where it does not depend on it.
std::size_t stride(ir::Expr access, const std::optional<ir::Index>& index, const plan::Specialisation& sizes);

}  // namespace freefall::loop
