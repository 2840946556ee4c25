#pragma once
// A loop nest as C++: pointwise expressions, shared sub-expressions as constants at the outermost loop they
// fit in.

#include "codegen/emit/cpp_tree.hpp"
#include "codegen/emit/names.hpp"
#include "codegen/loop/loop.hpp"

namespace freefall::emit {

/// A nest whose outermost loop threads share.
CppBlock emit_rows(const loop::Nest& nest, const Names& names);
/// A nest; what changes for one value of an index alone is done for that value (loop/one_hot.hpp), and what
/// is stored to arrays of `checked` goes into kStored.
CppBlock emit_nest(const loop::Nest& nest, const Names& names, const std::vector<const ir::Tensor*>& checked);
/// The variable of a kernel that notes whether what was stored is finite, and its type.
inline constexpr const char* kStored = "stored_";
std::string stored_type(const Names& names);

/// A product of known size: the call of a function of runtime/tiled_product.hpp or matrix_vector.hpp with the
/// given arguments, and what is done with each sum. Rows stored to arrays of `checked` are looked at for
/// kStored.
CppBlock emit_product(const loop::Gemm& gemm, const std::string& function, std::vector<std::string> arguments,
                      const Names& names, const std::vector<const ir::Tensor*>& checked);

/// The same of a product by a matrix that the nest changes on the way (loop/updated_product.hpp,
/// runtime/updated_product.hpp); checked: whether the new elements are finite goes into kStored; backwards: a
/// condition, which rows go first.
CppBlock emit_updated_product(const loop::Nest& update, const loop::Gemm& gemm, const std::string& function,
                              std::vector<std::string> arguments, const Names& names, bool checked,
                              const std::string& backwards);

}  // namespace freefall::emit
