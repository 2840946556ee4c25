#include "codegen/elaborate/continuous_bernoulli.hpp"

#include <fmt/format.h>

namespace freefall::elaborate {
namespace {

using namespace ir;

Expr log_two(Context& context) { return make_map(Function::log, {make_constant(context, 2)}); }

NegativeLogDensity negative_log_each(Context& context, const Factor& factor) {
  const Expr x = element(context, factor.variable), natural = argument(factor, "natural");
  NegativeLogDensity out;
  if (!natural->args.empty()) out.named.push_back({"natural_of_" + factor.variable->name, natural, {}});
  out.value = log_two(context) + make_map(Function::log_sinhc, {natural}) - natural * x;
  return out;
}

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  NegativeLogDensity out = negative_log_each(context, factor);
  out.value = make_contract(canonical_indices(factor.variable), out.value);
  return out;
}

Expr mean(const Factor& factor) { return make_map(Function::langevin, {argument(factor, "natural")}); }

const Tensor* natural(Context& context, const Family::Member& member) {
  return context.tensor(member.variable->name + "_natural", member.variable->axes, Role::variable);
}

Expr family_mean(Context& context, const Family::Member& member) {
  return make_map(Function::langevin, {element(context, natural(context, member))});
}

Expr expectation(Expr e, const Family::Member& member, std::vector<Assumption>& ledger) {
  const std::string& name = member.variable->name;
  if (!is_affine_in_each_element(e, member.variable)) {
    throw ModelError(
        fmt::format("there is no rule for an expectation under continuous_bernoulli({0}) of an expression "
                    "that is not affine in "
                    "each element of '{0}': let '{0}' enter through products with other elements, or give it "
                    "the family delta",
                    name));
  }
  ledger.push_back(
      {"mean field", name,
       "the elements are independent under q; an expectation of a product of elements is the product of "
       "their means"});
  const Tensor* b = natural(*e->context, member);
  return transform(e, [&](Expr n) {
    return n->op == Op::Access && n->tensor == member.variable
               ? make_map(Function::langevin, {make_access(*n->context, b, n->subscripts)})
               : n;
  });
}

Expr negative_entropy_each(Context& context, const Family::Member& member) {
  const Expr b = element(context, natural(context, member));
  return b * family_mean(context, member) - make_map(Function::log_sinhc, {b}) - log_two(context);
}

Expr sample(Context& context, const Family::Member& member, Expr uniform) {
  return make_map(Function::continuous_bernoulli_quantile,
                  {uniform, element(context, natural(context, member))});
}

}  // namespace

DensityRow continuous_bernoulli_row() {
  return {"continuous_bernoulli", {"natural"}, negative_log, mean, negative_log_each};
}

FamilyRow continuous_bernoulli_family() {
  return {"continuous_bernoulli", expectation, nullptr, natural, family_mean, negative_entropy_each, sample};
}

}  // namespace freefall::elaborate
