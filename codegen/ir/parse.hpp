#pragma once
// Reads the text that print (print.hpp) writes.

#include <stdexcept>
#include <string>
#include <string_view>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

class ParseError : public std::invalid_argument {
 public:
  ParseError(std::size_t at_column, const std::string& message)
      : std::invalid_argument(message), column(at_column) {}
  std::size_t column;  ///< of the offending text, from 1
};

/// The expression of a text; parse(context, print(e)) == e. Tensors and axes must be declared in the context.
/// Labels of bound indices may be any; `sum{pixel}(..)` binds the plain index. Throws ParseError with the
/// column, what was expected and what was found.
Expr parse(Context& context, std::string_view text);

}  // namespace freefall::ir
