#include "codegen/calculus/presynaptic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

bool is_read(Expr e, const Tensor* tensor) { return e->op == Op::Access && e->tensor == tensor; }

bool shares_index(Expr a, Expr b) {
  return std::any_of(a->free.begin(), a->free.end(), [&](const Index& i) { return b->depends_on(i); });
}

}  // namespace

// In every product `parameter * y` of the functional, `probe * activity` is added; the derivative by the
// probe where the probe is zero is the rule.
Expr presynaptic_gradient(Expr functional, const Tensor* parameter, const Tensor* activity) {
  Context& context = *functional->context;
  const Tensor* probe = context.tensor(fmt::format("probe[{}]", parameter->name), parameter->axes,
                                       Role::temporary, parameter->zero_diagonal);
  const auto fail = [&](std::string_view found) {
    throw ModelError(
        fmt::format("presynaptic({1}): '{0}' must multiply one activity with the axes of '{1}', summed over "
                    "an axis they share, "
                    "wherever the functional has it; {2}",
                    parameter->name, activity->name, found));
  };
  const auto order = topological({functional});
  for (const Expr e : order) {  // every read of the parameter is a factor of such a product
    for (std::size_t k = 0; k < e->args.size(); ++k) {
      if (is_read(e->args[k], parameter) && (e->op != Op::Product || !e->weights[k].is_one()))
        fail("it also stands alone there");
    }
  }
  const Expr probed = transform(functional, [&](Expr e) {
    if (e->op != Op::Product) return e;
    const auto read =
        std::find_if(e->args.begin(), e->args.end(), [&](Expr a) { return is_read(a, parameter); });
    if (read == e->args.end()) return e;
    std::vector<Expr> factors = e->args;
    std::size_t found = 0;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      const Expr y = e->args[k];
      if (y == *read || y->op != Op::Access || !e->weights[k].is_one() || y->tensor->axes != activity->axes)
        continue;
      if (!shares_index(y, *read)) continue;
      factors[k] = make_access(context, activity, y->subscripts);
      ++found;
    }
    if (found != 1) fail(fmt::format("a product has {} of them", found));
    factors[static_cast<std::size_t>(read - e->args.begin())] =
        make_access(context, probe, (*read)->subscripts);
    return e + make_product(context, factors, e->weights);
  });
  if (probed == functional) fail("the functional has no such product");
  return transform(gradient(probed, probe),
                   [&](Expr e) { return is_read(e, probe) ? make_constant(context, 0) : e; });
}

}  // namespace freefall::calculus
