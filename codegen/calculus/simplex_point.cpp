#include "codegen/calculus/simplex_point.hpp"

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/elaborate/outcomes.hpp"
#include "codegen/ir/expand.hpp"

namespace freefall::calculus {

using namespace ir;

std::optional<SimplexPoint> try_simplex_point(Expr functional, const Tensor* one_of) {
  Context& context = *functional->context;
  const auto reads = [&](Expr e) {
    const auto all = tensors_of(e);
    return std::find(all.begin(), all.end(), one_of) != all.end();
  };
  SimplexPoint out;
  out.gradient = gradient(functional, one_of);
  const Expr entropy_part = make_map(Function::log_probability, {element(context, one_of)}) + Number(1);
  Expr rest = out.gradient - entropy_part;
  if (reads(rest)) {
    const auto expanded = try_expand(rest);
    if (!expanded || reads(*expanded)) return std::nullopt;
    rest = *expanded;
  }
  const Index i = elaborate::outcome_index(one_of);
  out.value = make_softmax(i, -rest, Subscript(i));
  return out;
}

}  // namespace freefall::calculus
