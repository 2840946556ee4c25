#pragma once
// Names that axes, arrays and kernels cannot have, since they become identifiers of the generated code.

#include <string_view>

namespace freefall::ir {

/// What C++ or every generated library uses itself; a last `_` is that of what the generated code adds.
constexpr bool is_reserved_name(std::string_view name) {
  constexpr std::string_view taken[] = {
      "arrays", "elements", "extent", "instance", "passes", "raw", "scalar", "scratch", "state_is_trusted",
      "tensors", "threads", "trust_state", "use_threads", "draw_seed", "draw_step",
      // keywords
      "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case",
      "catch", "char", "class", "compl", "concept", "const", "constexpr", "continue", "decltype", "default",
      "delete", "do", "double", "else", "enum", "explicit", "export", "extern", "false", "float", "for",
      "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not",
      "not_eq", "nullptr", "operator", "or", "or_eq", "private", "protected", "public", "register",
      "requires", "return", "short", "signed", "sizeof", "static", "struct", "switch", "template", "this",
      "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned", "using", "virtual",
      "void", "volatile", "while", "xor", "xor_eq"};
  for (const std::string_view word : taken) {
    if (name == word) return true;
  }
  return name.ends_with('_');
}

}  // namespace freefall::ir
