#pragma once
// What the checks of a program share.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/ir/program.hpp"

namespace freefall::ir {

/// Throws ModelError at `origin`.
template <class... Args>
[[noreturn]] void fail(const Origin& origin, fmt::format_string<Args...> text, Args&&... args) {
  throw ModelError(fmt::format(text, std::forward<Args>(args)...), origin);
}

inline std::string list(const std::vector<std::string_view>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class Row>
std::vector<std::string_view> names_of(const std::vector<Row>& rows) {
  std::vector<std::string_view> out;
  for (const Row& r : rows) out.push_back(r.name);
  return out;
}

/// The factor that draws a variable, or null.
inline const Factor* factor_of(const Model& model, const Tensor* variable) {
  const auto at = std::find_if(model.factors.begin(), model.factors.end(),
                               [&](const Factor& f) { return f.variable == variable; });
  return at == model.factors.end() ? nullptr : &*at;
}

inline bool reads(Expr e, const Tensor* target) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), target) != all.end();
}

/// The first value of a held point in an expression, or null.
inline const Tensor* held_in(Expr e) {
  const auto reads = tensors_of(e);
  const auto at = std::find_if(reads.begin(), reads.end(), [](auto t) { return t->role == Role::temporary; });
  return at == reads.end() ? nullptr : *at;
}

}  // namespace freefall::ir
