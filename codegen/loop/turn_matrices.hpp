#pragma once
// Pass: matrices stand by columns for the products that a whole plate goes through.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// W_by_columns in place of W where a product of the copies of a plate, y[copy, i] = sum_k W[i, k] x[copy,
/// k], sums along the rows of W, and the copies are enough to pay for the transpose: then the elements of y
/// stand in the lanes (ProductForm::counted), and no copy is turned. The transpose is made once before all
/// that does not change W. Keeps the value; idempotent.
Operations turn_matrices(const Operations& operations, ir::Context& context,
                         const plan::Specialisation& sizes);

/// True if turn_matrices has a transpose made for this product.
bool is_turned_for(const Gemm& gemm, const plan::Specialisation& sizes);

/// True for a nest that sets a matrix to the transpose of another and does nothing else.
bool is_transposition(const Nest& nest);

}  // namespace freefall::loop
