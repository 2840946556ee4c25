#pragma once
// Expressions as LaTeX.
//
// Axes become index letters (see Letters) and a number or qualifier behind a short name an upper index in
// parentheses: W1[hidden, pixel] is W^{(1)}_{i j}, eps_h1[batch, hidden] is \varepsilon^{(h1)}_{n i}. Sums
// run over products: `\sum_i a_i b_i + c` is `(\sum_i a_i b_i) + c`.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::report {

/// A letter for each axis of a program, none of them the name of a tensor: a plate n, m, ...; others i, j, k,
/// ...; an axis whose name is one letter keeps it where it can.
class Letters {
 public:
  explicit Letters(const ir::Context& context);
  const std::string& of(const ir::Axis* axis) const { return letter_.at(axis->name); }
  /// Letter and axis in the order of declaration, for a legend.
  const std::vector<std::pair<std::string, std::string>>& legend() const { return legend_; }

 private:
  std::map<std::string, std::string> letter_;
  std::vector<std::pair<std::string, std::string>> legend_;
};

/// An expression, parts named as `options` says. `first` are indices that stand on the left of the equation:
/// an axis that occurs twice has its primes as there.
std::string latex(ir::Expr e, const Letters& letters, const ir::PrintOptions& options = {},
                  const std::vector<ir::Index>& first = {});
/// An element of a tensor or named part at the given indices: `h^{(1)}_{n i}`.
std::string latex_element(const std::string& name, const std::vector<ir::Index>& indices,
                          const Letters& letters);
/// `target \leftarrow value`, over the target's indices.
std::string latex_assignment(const calculus::Assignment& assignment, const Letters& letters,
                             const ir::PrintOptions& options = {});
/// A word as it is: \mathrm{word}.
std::string latex_word(const std::string& word);

}  // namespace freefall::report
