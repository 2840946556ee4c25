#pragma once
// The table of descents: how a functional falls. Each row turns a gradient into assignments, all of them
// expressions.

#include <string_view>

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::calculus {

struct Setting {
  std::string_view name;
  std::optional<double> standard;  ///< empty: the user must give it
};

struct DescentRow {
  std::string_view name;
  std::vector<Setting> settings;
  /// Appends the assignments that move `target` one step down `gradient`. `steps` is the scalar number of
  /// steps taken so far, for rows that ask for it (null otherwise). `visited` is the axis whose elements are
  /// visited one after the other, or null: the step is that of one element, all others given.
  void (*step)(ir::Context& context, const ir::Tensor* target, ir::Expr gradient,
               const std::vector<ir::Expr>& settings, ir::Expr steps, const ir::Axis* visited,
               std::vector<Assignment>& out);
  bool counts_steps = false;
};

const std::vector<DescentRow>& descents();
const DescentRow* find_descent(std::string_view name);

}  // namespace freefall::calculus
