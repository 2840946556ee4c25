#pragma once
// A matrix that changes, and its product with a vector: one pass through the matrix for both.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// True if the nest sets every element of the matrix of the product, from that element and vectors along its
/// rows and columns, and this may happen element by element while the product is taken: what the product
/// stores for a row is read by no change of another row.
bool updates_matrix_of(const Nest& update, const Gemm& product, const plan::Specialisation& sizes);

/// True for such a nest and such a product, one after the other; of no sweep.
bool are_updated_product(const Operation& update, const Operation& product,
                         const plan::Specialisation& sizes);

/// True if the last operation of a pass changes the matrix that the first one of the next pass multiplies:
/// the change may wait for the next pass, that of the last pass for the end of the loop.
bool delays_update(const Repeat& repeat, const plan::Specialisation& sizes);

}  // namespace freefall::loop
