#pragma once
// What a kernel looks at before it begins and when it has ended.

#include <string>
#include <utility>
#include <vector>

#include "codegen/emit/cpp_tree.hpp"
#include "codegen/emit/kernel_signature.hpp"
#include "codegen/emit/names.hpp"

namespace freefall::emit {

/// Arguments are checked once, here, and never inside a loop. What says that something is at fault stands in
/// functions of its own, which are appended to `apart`.
CppBlock boundary_checks(const KernelSignature& kernel, const Names& names, std::vector<CppFunction>& apart);
/// A result that is not finite is reported; ends with the return of success.
CppBlock result_checks(const KernelSignature& kernel, const Names& names, std::vector<CppFunction>& apart);

/// Makes a function of a part of the kernel that ends it: parameters are the arrays of the caller, the copies
/// in use and those of `more`, which has their arguments too. Returns the statement that calls it.
CppStatement return_apart(const KernelSignature& kernel, const Names& names, const char* what,
                          const char* attribute, CppBlock body, std::vector<CppFunction>& apart,
                          const std::vector<std::pair<CppParameter, std::string>>& more = {});

/// The status of a fault.
std::string fault(const char* what, const std::string& kernel, const std::string& tensor,
                  const std::string& found, const std::string& expected);

/// Elements of an array in use: runs of contiguous ones, and how these repeat, the outermost first. A plate
/// together with the axes behind it, up to the next plate, is one level.
struct UsedElements {
  struct Runs {
    std::string count;
    std::size_t stride;
  };
  std::string elements;
  std::vector<Runs> outside;
};
UsedElements used_elements(const ir::Tensor* tensor, const Names& names);

}  // namespace freefall::emit
