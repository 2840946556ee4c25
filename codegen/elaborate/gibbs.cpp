#include "codegen/elaborate/gibbs.hpp"

namespace freefall::elaborate {
namespace {

using namespace ir;

NegativeLogDensity negative_log_each(Context&, const Factor& factor) {
  const Expr energy = argument(factor, "energy");
  return {energy, {{"energy_of_" + factor.variable->name, energy, canonical_indices(factor.variable)}}};
}

NegativeLogDensity negative_log(Context& context, const Factor& factor) {
  NegativeLogDensity out = negative_log_each(context, factor);
  out.value = make_contract(canonical_indices(factor.variable), out.value);
  return out;
}

}  // namespace

DensityRow gibbs_row() {
  DensityRow row{"gibbs", {"energy"}, negative_log, nullptr};
  row.unnormalised = true;
  return row;
}

}  // namespace freefall::elaborate
