#include "codegen/calculus/descent.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/hessian.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

// An array of the optimiser beside its target, of the same shape.
Expr state(Context& context, const Tensor* target, std::string_view suffix) {
  return element(context,
                 context.tensor(fmt::format("{}_{}", target->name, suffix), target->axes, Role::state));
}

void euler(Context& context, const Tensor* x, Expr gradient, const std::vector<Expr>& s, Expr, const Axis*,
           std::vector<Assignment>& out) {
  out.push_back(
      {x, element(context, x) - s[0] * gradient, fmt::format("{0} -= {1} dF/d{0}", x->name, print(s[0]))});
}

// Heavy ball (Polyak 1964): v' = momentum v + g, x' = x - rate v'.
void momentum(Context& context, const Tensor* x, Expr gradient, const std::vector<Expr>& s, Expr, const Axis*,
              std::vector<Assignment>& out) {
  const Expr v = state(context, x, "velocity");
  const Expr next = s[1] * v + gradient;
  out.push_back(
      {v->tensor, next, fmt::format("{0}_velocity = {1} {0}_velocity + dF/d{0}", x->name, print(s[1]))});
  out.push_back(
      {x, element(context, x) - s[0] * next, fmt::format("{0} -= {1} {0}_velocity", x->name, print(s[0]))});
}

// Newton's step, from the derived Hessian: one step is exact where dF/dx is affine in x.
void newton(Context& context, const Tensor* x, Expr gradient, const std::vector<Expr>& s, Expr,
            const Axis* visited, std::vector<Assignment>& out) {
  out.push_back({x, element(context, x) - s[0] * newton_step(gradient, x, visited),
                 fmt::format("{0} -= rate (d2F/d{0}2)^-1 dF/d{0}", x->name)});
}

// Descent in the moving frame of generalised coordinates: dx/dt = D x - dF/dx, an Euler step (Friston,
// Stephan, Li and Daunizeau 2010, equation 12). s[1] is the extent of the axis of orders, which names it; D x
// is zero beyond the last.
void moving_frame(Context& context, const Tensor* x, Expr gradient, const std::vector<Expr>& s, Expr,
                  const Axis*, std::vector<Assignment>& out) {
  const Axis* order = s[1]->axis;
  const auto own = canonical_indices(x);
  const auto at = std::find_if(own.begin(), own.end(), [&](const Index& i) { return i.axis == order; });
  if (at == own.end()) {
    throw ModelError(
        fmt::format("moving_frame: '{}' has no axis '{}', so no orders of motion; descend on it by rate(...)",
                    x->name, order->name));
  }
  Subscript next(*at);
  next.offset = 1;
  const Expr motion = substitute(element(context, x), {{*at, next}});
  out.push_back({x, element(context, x) + s[0] * (motion - gradient),
                 fmt::format("{0} += {1} (D {0} - dF/d{0})", x->name, print(s[0]))});
}

// Kingma and Ba 2015, algorithm 1.
void adam(Context& context, const Tensor* x, Expr gradient, const std::vector<Expr>& s, Expr steps,
          const Axis*, std::vector<Assignment>& out) {
  const Expr one = make_constant(context, 1), rate = s[0], beta1 = s[1], beta2 = s[2], epsilon = s[3];
  const Expr m = state(context, x, "mean"), v = state(context, x, "square");
  const Expr m_next = beta1 * m + (one - beta1) * gradient,
             v_next = beta2 * v + (one - beta2) * power(gradient, 2);
  const auto correction = [&](Expr beta) { return one - make_map(Function::pow, {beta, steps + one}); };
  const Expr step =
      (m_next / correction(beta1)) / (make_map(Function::sqrt, {v_next / correction(beta2)}) + epsilon);
  out.push_back(
      {m->tensor, m_next, fmt::format("{0}_mean = {1} {0}_mean + (1 - {1}) dF/d{0}", x->name, print(beta1))});
  out.push_back({v->tensor, v_next,
                 fmt::format("{0}_square = {1} {0}_square + (1 - {1}) (dF/d{0})^2", x->name, print(beta2))});
  out.push_back(
      {x, element(context, x) - rate * step,
       fmt::format(
           "{0} -= {1} {0}_mean / (sqrt({0}_square) + {2}), both corrected for their bias towards zero",
           x->name, print(rate), print(epsilon))});
}

}  // namespace

const std::vector<DescentRow>& descents() {
  static const std::vector<DescentRow> rows = {
      {"euler", {{"rate", {}}}, euler},
      {"sgd", {{"rate", {}}}, euler},
      {"newton", {{"rate", 1.0}}, newton},
      {"moving_frame", {{"rate", {}}, {"orders", {}}}, moving_frame},
      {"momentum", {{"rate", {}}, {"momentum", 0.9}}, momentum},
      {"adam", {{"rate", {}}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}, adam, true},
  };
  return rows;
}

const DescentRow* find_descent(std::string_view name) {
  for (const DescentRow& row : descents()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace freefall::calculus
