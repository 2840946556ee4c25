#include "codegen/plan/fold_affine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codegen/calculus/derivative.hpp"
#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Steps;

constexpr int kColumn = 8200, kInner = 8500;  // levels of indices nobody else uses

bool is_constant(const Tensor* t) { return t->role == Role::constant || t->role == Role::prepared; }
bool reads_constants_alone(Expr e) {
  const auto reads = tensors_of(e);
  const auto nodes = topological({e});
  return std::all_of(reads.begin(), reads.end(), is_constant) &&
         std::none_of(nodes.begin(), nodes.end(), [](Expr n) {
           return n->op == Op::Draw || std::any_of(n->free.begin(), n->free.end(), calculus::is_tick);
         });
}

// The indices of the array of a target or operand that are no plates, and those of another element of it.
std::vector<Index> inner_indices(const Tensor* t) {
  std::vector<Index> out = canonical_indices(t);
  std::erase_if(out, [](const Index& i) { return i.axis->plate; });
  return out;
}
Index column(const Index& i) { return {i.axis, kColumn + i.level}; }

Expr identity(Context& context, const std::vector<Index>& indices) {
  Expr out = make_constant(context, 1);
  for (const Index& i : indices) out = out * make_delta(context, Subscript(i), Subscript(column(i)));
  return out;
}

// Elements worked out by the products of an expression, beyond what constants give.
double product_work(Expr root, const Specialisation& sizes) {
  double out = 0;
  for (const Expr e : topological({root})) {
    if (e->op != Op::Contract || reads_constants_alone(e)) continue;
    double each = 1;
    for (const Index& i : e->args[0]->free) {
      if (!calculus::is_tick(i)) each *= static_cast<double>(sizes.extent(i.axis));
    }
    out += each;
  }
  return out;
}

/// A value as sum over `terms` of M x, and the rest, which reads none of these x.
struct AffineForm {
  struct Term {
    const Tensor* tensor;
    Expr matrix;  ///< over the value's indices and the columns of the tensor's
  };
  std::vector<Term> terms;
  Expr rest;
};

class Folder {
 public:
  Folder(Context& context, const Specialisation& sizes, Steps& prepare)
      : context_(context), sizes_(sizes), prepare_(prepare) {}

  Steps run(const Steps& steps) {
    Steps out;
    for (const calculus::Step& step : steps) {
      if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
        calculus::Loop inside = *loop;
        inside.body = run(loop->body);
        const std::optional<Assignment> once = collapsed(inside);
        if (once) {
          append(*once, out);
        } else {
          out.push_back({inside});
        }
      } else if (calculus::body_of(step) != nullptr) {
        calculus::Step copy = step;
        *calculus::body_of(copy) = run(*calculus::body_of(step));
        out.push_back(copy);
      } else if (const auto& group = std::get<Assign>(step.action).simultaneous; group.size() == 1) {
        append(group[0], out);
      } else {
        Assign folded{group};
        for (Assignment& a : folded.simultaneous) a.value = cheaper(a, a.value);
        out.push_back({folded});
      }
    }
    return out;
  }

 private:
  // x := g(x, ...) right behind x := f goes into it where the two together cost less.
  void append(Assignment next, Steps& out) {
    next.value = cheaper(next, next.value);
    auto* before = out.empty() ? nullptr : std::get_if<Assign>(&out.back().action);
    if (before != nullptr && before->simultaneous.size() == 1) {
      const Assignment& first = before->simultaneous[0];
      if (first.target == next.target && first.tick == nullptr && next.tick == nullptr &&
          is_read_plainly(next.value, next.target)) {
        const Expr joined = cheaper(next, substituted(next.value, first.target, first.value));
        if (product_work(joined, sizes_) <
            product_work(first.value, sizes_) + product_work(next.value, sizes_)) {
          next.value = joined;
          out.back() = {Assign{{next}}};
          return;
        }
      }
    }
    out.push_back({Assign{{next}}});
  }

  // The affine form of the value where it has fewer products to work out, else the value.
  Expr cheaper(const Assignment& a, Expr value) const {
    if (a.tick != nullptr) return value;
    const AffineForm form = affine_form(value);
    if (form.terms.empty()) return value;
    Expr folded = form.rest;
    for (const AffineForm::Term& t : form.terms) folded = folded + product(t.matrix, t.tensor);
    return product_work(folded, sizes_) < product_work(value, sizes_) ? folded : value;
  }

  // sum over the columns of M x.
  Expr product(Expr matrix, const Tensor* t) const {
    std::vector<Index> summed;
    Substitution to_column;
    for (const Index& i : inner_indices(t)) {
      summed.push_back(column(i));
      to_column.emplace_back(i, Subscript(column(i)));
    }
    return make_contract(summed, matrix * substitute(element(context_, t), to_column));
  }

  AffineForm affine_form(Expr value) const {
    AffineForm out{{}, value};
    for (const Tensor* t : tensors_of(value)) {
      if (is_constant(t) || !is_polynomial_in(value, t)) continue;
      const Expr matrix =
          calculus::directional_derivative(value, {{t, identity(context_, inner_indices(t))}});
      if (reads_constants_alone(matrix)) out.terms.push_back({t, matrix});
    }
    for (const AffineForm::Term& t : out.terms)
      out.rest = substituted(out.rest, t.tensor, make_constant(context_, 0));
    return out;
  }

  // The array is read at whole indices, copy by copy of its plates, and below sums and products alone: a
  // derivative that does not depend on it is then the coefficient of an affine function.
  static bool is_polynomial_in(Expr value, const Tensor* t) {
    if (!is_read_plainly(value, t)) return false;
    std::unordered_map<const Node*, bool> reads;
    for (const Expr e : topological({value})) {
      bool& inside = reads[e.get()];
      inside = e->op == Op::Access && e->tensor == t;
      for (std::size_t i = 0; i < e->args.size(); ++i) {
        if (!reads.at(e->args[i].get())) continue;
        inside = true;
        const bool power =
            e->op == Op::Product && (e->weights[i].is_negative() || !e->weights[i].is_integer());
        if (power || (e->op != Op::Sum && e->op != Op::Product && e->op != Op::Contract)) return false;
      }
    }
    return true;
  }
  static bool is_read_plainly(Expr value, const Tensor* t) {
    const auto own = canonical_indices(t);
    const auto nodes = topological({value});
    return std::all_of(nodes.begin(), nodes.end(), [&](Expr n) {
      if (n->tensor != t) return true;
      if (n->op != Op::Access) return false;
      for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
        const Subscript& s = n->subscripts[p];
        if (!s.is_plain() || calculus::is_tick(s.plain()) || s.plain().axis != t->axes[p]) return false;
        if (t->axes[p]->plate && !(s.plain() == own[p])) return false;
        if (std::count(n->subscripts.begin(), n->subscripts.end(), s) != 1) return false;
      }
      return true;
    });
  }

  // The expression with the value, over the canonical indices of the array, in place of its elements.
  Expr substituted(Expr e, const Tensor* t, Expr value) const {
    const auto own = canonical_indices(t);
    return transform(e, [&](Expr n) {
      if (n->op != Op::Access || n->tensor != t) return n;
      Substitution at;
      for (std::size_t p = 0; p < own.size(); ++p) at.emplace_back(own[p], n->subscripts[p]);
      return substitute(value, at);
    });
  }

  // ---- loops ----

  // x := M^T x + (1 + M + ... + M^(T-1)) b for a loop of T passes that does x := M x + b and nothing else.
  std::optional<Assignment> collapsed(const calculus::Loop& loop) {
    constexpr std::size_t kProductsAfter = 2;  // with the power and with the sum
    if (loop.count <= kProductsAfter || loop.tolerance || loop.while_positive != nullptr ||
        loop.body.size() != 1)
      return std::nullopt;
    const auto* group = std::get_if<Assign>(&loop.body[0].action);
    if (group == nullptr || group->simultaneous.size() != 1) return std::nullopt;
    const Assignment& step = group->simultaneous[0];
    if (step.tick != nullptr || inner_indices(step.target).empty()) return std::nullopt;
    AffineForm form = affine_form(step.value);
    const auto own = std::find_if(form.terms.begin(), form.terms.end(),
                                  [&](const auto& t) { return t.tensor == step.target; });
    if (own == form.terms.end()) return std::nullopt;
    const Tensor* x = step.target;
    const bool is_elementwise = product_work(product(own->matrix, x), sizes_) == 0;
    const auto nodes = topological({step.value});
    if (is_elementwise || std::any_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Draw; }))
      return std::nullopt;
    const Expr rest = substituted(step.value, x, make_constant(context_, 0));
    const Tensor* matrix = square("prepared_step", x);
    const Tensor* power = square("prepared_power", x);
    const Tensor* sum = square("prepared_power_sum", x);
    // In the order of rows, then columns.
    const auto rows = inner_indices(x);
    const auto indices = canonical_indices(power);
    Substitution to_storage, to_rows;
    for (std::size_t p = 0; p < rows.size(); ++p) {
      to_storage.emplace_back(rows[p], Subscript(indices[p]));
      to_storage.emplace_back(column(rows[p]), Subscript(indices[rows.size() + p]));
      to_rows.emplace_back(indices[p], Subscript(rows[p]));
      to_rows.emplace_back(indices[rows.size() + p], Subscript(column(rows[p])));
    }
    const auto read = [&](const Tensor* t) { return substitute(element(context_, t), to_rows); };
    const Expr one = substitute(identity(context_, rows), to_storage);
    const auto times = [&](const Tensor* t) {  // the matrix times another
      std::vector<Index> summed;
      Substitution left, right;
      for (std::size_t p = 0; p < rows.size(); ++p) {
        const Index inner{rows[p].axis, kInner + rows[p].level};
        summed.push_back(inner);
        left.emplace_back(indices[rows.size() + p], Subscript(inner));
        right.emplace_back(indices[p], Subscript(inner));
      }
      return make_contract(
          summed, substitute(element(context_, matrix), left) * substitute(element(context_, t), right));
    };
    const auto set = [](const Tensor* t, Expr value, std::string label) {
      return calculus::Step{Assign{{{t, value, std::move(label)}}}};
    };
    prepare_.push_back(set(matrix, substitute(own->matrix, to_storage),
                           fmt::format("{}: d {} / d {} before it", matrix->name, step.label, x->name)));
    prepare_.push_back(set(power, one, fmt::format("{}: of {}", power->name, matrix->name)));
    prepare_.push_back(
        set(sum, make_constant(context_, 0), fmt::format("{}: of {}", sum->name, power->name)));
    calculus::Loop powers{loop.count, std::nullopt, {}, {}, nullptr};
    powers.body = {set(sum, times(sum) + one, fmt::format("{}: one pass more", sum->name)),
                   set(power, times(power), fmt::format("{}: one pass more", power->name))};
    prepare_.push_back({powers});
    Substitution rest_to_column;
    std::vector<Index> columns;
    for (const Index& i : rows) {
      rest_to_column.emplace_back(i, Subscript(column(i)));
      columns.push_back(column(i));
    }
    const Expr value =
        product(read(power), x) + make_contract(columns, read(sum) * substitute(rest, rest_to_column));
    return Assignment{x, value, fmt::format("{}, {} times", step.label, loop.count), nullptr};
  }

  // An array over the axes of another that are no plates, twice.
  const Tensor* square(const std::string& base, const Tensor* t) {
    std::vector<const Axis*> axes;
    for (int twice = 0; twice < 2; ++twice) {
      for (const Index& i : inner_indices(t)) axes.push_back(i.axis);
    }
    const auto taken = [&](const Tensor* made) {
      return std::find(made_.begin(), made_.end(), made) != made_.end();
    };
    made_.push_back(prepared_array(context_, base, axes, taken));
    return made_.back();
  }

  Context& context_;
  const Specialisation& sizes_;
  Steps& prepare_;
  std::vector<const Tensor*> made_;
};

}  // namespace

Steps fold_affine(std::vector<calculus::Procedure>& procedures, Context& context,
                  const Specialisation& sizes) {
  Steps prepare;
  Folder folder(context, sizes, prepare);
  for (calculus::Procedure& p : procedures) p.steps = folder.run(p.steps);
  return prepare;
}

}  // namespace freefall::plan
