#pragma once
// Text of an expression in the user's names. Canonical: equal nodes give equal text; parse (parse.hpp) reads
// it back.
//
//   1/2 precision * (h[batch, hidden] - sum{pixel#1}(W[hidden, pixel#1] * x[batch, pixel#1]))^2
//
//   sum         a + 2 b - 3        product   a * b^2 / c
//   element     W[hidden, 2 pixel + k - 1]
//   indicators  delta(i, j)   range(axis, i - 1)     numbers   extent(axis)   position(2 i)
//   functions   tanh(x)   pow(x, y)   pi()           choice    select(c, a, b)      (a where c > 0, else b)
//   binders     sum{i#1}(..)   max{i#1}(..)   log_sum_exp{i#1}(..)   softmax{i#1}(..)[i]
//               log_det{i#1, i#2}(..)   inverse{i#1, i#2}(..)[i, i']
//   others      gather(T, e, ..)   freeze{point}(..)   draw{stream}[i]

#include <optional>
#include <string>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

/// A name for a sub-expression. It is printed as name[indices], wherever an expression equals `expression` up
/// to a renaming of its free indices among the same axes.
struct NamedPart {
  std::string name;
  Expr expression;
  std::vector<Index> order;  ///< of the printed indices; empty: the sorted free indices of the expression
};

/// Where the part's indices stand in e, in the order of the part, if e is the part up to that renaming.
std::optional<std::vector<Subscript>> find_part(const NamedPart& part, Expr e);

/// A term of a sum, or a multiple of a named sum that stands for several of its terms: the gradient
/// `h - f(a) - ...` reads `eps_h - ...`.
struct NamedTerm {
  Number weight;
  Expr term;                        ///< of a named one: the part's expression
  const NamedPart* part = nullptr;  ///< null: the term itself
};
std::vector<NamedTerm> named_terms(const Node& sum, const std::vector<NamedPart>& names, Number& constant);

struct PrintOptions {
  std::vector<NamedPart> names;  ///< the first that matches is used
  bool name_root = true;         ///< false: the root is written out even if it has a name
};

std::string print(Expr e, const PrintOptions& options = {});

/// How tightly a printed text binds.
enum class Binding { sum, product, power, atom };

struct Printed {
  std::string text;
  Binding binding = Binding::atom;
};

/// Another spelling of the same expressions. `print` decides what is named and in which order things are met;
/// a notation spells one node at a time.
class Notation {
 public:
  virtual ~Notation() = default;
  /// A node over its printed arguments. `node` may be a sum whose arguments have been renamed.
  virtual Printed spell(const Node& node, const std::vector<Printed>& args) const = 0;
  /// A named part, or an element of it.
  virtual Printed element(const std::string& name, const std::vector<Subscript>& subscripts) const = 0;
};

std::string print(Expr e, const PrintOptions& options, const Notation& notation);

}  // namespace freefall::ir
