#pragma once
// The table of pointwise functions: value, derivative and spelling of each, one row a function.

#include <cstdint>
#include <string_view>
#include <vector>

namespace freefall::ir {

class Expr;

enum class Function : std::uint8_t {
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative) name,
#include "codegen/ir/functions.def"
#undef FREEFALL_FUNCTION
};

struct FunctionRow {
  Function function;
  std::string_view
      name;  ///< in the DSL, in printed text and, in namespace freefall::runtime::math, in kernels
  int arity;
  int cost;                ///< in additions, for the cost model
  std::string_view latex;  ///< with {} for each argument
  long double (*value)(const long double* x);
  /// d/dx_k as an expression of the arguments x and the value y of the function itself.
  Expr (*derivative)(int k, const std::vector<Expr>& x, Expr y);
};

const std::vector<FunctionRow>& functions();
const FunctionRow& row(Function function);
/// The function of this name, or null.
const FunctionRow* find_function(std::string_view name);

}  // namespace freefall::ir
