#pragma once
// Which of the runtime's products computes a Gemm; it follows from its sizes alone.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

enum class ProductForm {
  /// Tiles of known size over contiguous rows of B and C (tiled_product.hpp): one matrix, of at least one
  /// vector a row, whose rows and columns are not counted at run time, with a sum short enough to be taken in
  /// one go.
  tiled,
  /// Tiles over any number of rows: A and C have a row for each copy in use, and the elements of a row of C,
  /// contiguous as those of B are, stand in the lanes (counted_rows.hpp).
  counted,
  matrix_vector,  ///< straight-line code for one vector of known length (matrix_vector.hpp)
  small,    ///< rows, known or counted, times a matrix of known size that stays at hand (small_product.hpp)
  blocked,  ///< packed panels, for sizes known at run time or beyond the caches (gemm.hpp); needs scratch
};
ProductForm product_form(const Gemm& gemm, const plan::Specialisation& sizes);

/// True if the product is `counted` where the rows of B are contiguous (and not small): a row of C for each
/// copy in use, of more than one element, and a sum so short that the rows of B for one tile stay in the
/// second cache.
bool has_counted_rows(const Gemm& gemm, const plan::Specialisation& sizes);

/// Elements of an array, by the subscripts of an access or a store.
struct Elements {
  const ir::Tensor* tensor = nullptr;
  std::vector<ir::Subscript> subscripts;
};
Elements elements_of(ir::Expr access);

/// The elements that the sums of a product are stored to, where this is all that is done with them.
std::optional<Elements> stored_elements(const Gemm& gemm);
/// Those that the tiles of the product write themselves (freefall/runtime/stored_rows.hpp), if they do: rows,
/// and nothing else is done with them.
std::optional<Elements> stored_rows(const Gemm& gemm, const plan::Specialisation& sizes);

/// Number of elements between neighbours along an index; 0 where they do not depend on it.
std::size_t stride(const Elements& elements, const std::optional<ir::Index>& index,
                   const plan::Specialisation& sizes);
std::size_t stride(ir::Expr access, const std::optional<ir::Index>& index, const plan::Specialisation& sizes);

}  // namespace freefall::loop
