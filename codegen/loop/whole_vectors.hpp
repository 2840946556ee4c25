#pragma once
// Loops over arrays with room behind their last vector may go on to its end.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// True if the stores may be done beyond the end of the axis of `inner`, their innermost loop, to the end of
/// the last vector there: the elements of an index are made of those of that index alone, in temporaries that
/// have room for more. What stands there is read by nobody else. `sums`: an array whose elements are at hand,
/// whatever room it has, or null.
bool may_go_on(const std::vector<Store>& stores, const ir::Index& inner, const ir::Tensor* sums = nullptr);

/// So many elements, to the end of their last vector if more than half of it is in use: fewer are not worth a
/// whole one, and one alone may have no memory (emit/emit_operation.hpp).
std::size_t extended(std::size_t elements, const plan::Specialisation& sizes);

/// True of a product by a matrix by columns whose epilogue may go on behind the last row, and whose sums
/// there are of elements for which there is room.
bool rows_may_go_on(const Gemm& product, const plan::Specialisation& sizes);

}  // namespace freefall::loop
