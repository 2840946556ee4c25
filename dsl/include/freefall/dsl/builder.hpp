#pragma once
// Where handles find the program they belong to.
//
// `define()` takes no argument, so the program under construction is a thread-local object: made when the
// first handle is, handed over by `program{...}`, after which the next handle begins a new one. A
// `program_scope` begins a fresh program and on leaving forgets whatever was left in it: tests, and callers
// of a `define()` that may throw, use it.

#include <fmt/format.h>

#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/ir/program.hpp"

namespace freefall {
namespace detail {

inline ir::Program& current_program() {
  thread_local ir::Program program;
  return program;
}
inline ir::Context& current_context() { return *current_program().context; }

/// A tensor of a name not used before. Throws ir::ModelError.
inline const ir::Tensor* declare(std::string_view name, std::vector<const ir::Axis*> axes, ir::Role role,
                                 bool zero_diagonal = false, bool one_of = false,
                                 const ir::Axis* index_of = nullptr) {
  ir::Context& context = current_context();
  if (context.find_tensor(name) != nullptr) {
    throw ir::ModelError(
        fmt::format("'{}' is declared twice: declare it once and use the handle (layers<...> keeps the "
                    "handles of an indexed "
                    "family), or give one of them another name",
                    name));
  }
  return context.tensor(name, std::move(axes), role, zero_diagonal, one_of, index_of);
}

/// A place in the specification. The file stands without its folder: reports do not depend on where a build
/// is.
inline ir::Origin make_origin(std::string text, const std::source_location& where) {
  std::string_view file = where.file_name();
  file.remove_prefix(file.find_last_of("/\\") + 1);
  return {std::move(text), std::string(file), static_cast<unsigned>(where.line())};
}

/// Nodes that came into being for a factor or a statement record it; those of an earlier one stay its own.
inline void claim(const ir::Origin& origin, const std::vector<ir::Expr>& roots) {
  for (const ir::Expr e : ir::topological(roots)) {
    if (e->origin.line == 0) e->origin = origin;
  }
}

}  // namespace detail

/// Begins a fresh program and on leaving forgets what was left in it.
class program_scope {
 public:
  program_scope() : saved_(std::exchange(detail::current_program(), ir::Program{})) {}
  ~program_scope() { detail::current_program() = std::move(saved_); }
  program_scope(const program_scope&) = delete;
  program_scope& operator=(const program_scope&) = delete;

 private:
  ir::Program saved_;
};

}  // namespace freefall
