// A density given by its energy.

#include <gtest/gtest.h>

#include <freefall/dsl.hpp>

#include "codegen/calculus/derive.hpp"

namespace freefall {
namespace {

// x about a mean, o about W x; the density of o is given by `observe(o, error)`.
template <class Observe>
ir::Program program_with(Observe observe) {
  axis<"cause"> cause;
  axis<"reading"> reading;
  auto x = variable<"x">(cause);
  auto o = variable<"o">(reading);
  auto W = parameter<"W">(reading, cause);
  auto p = model<"m">(x <<= normal(0), o <<= observe(W * x, o - W * x));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(forward(p), descend(F, x, rate(0.1))), kernel<"energy">(F)}.ir();
}

TEST(Gibbs, OfAHalfSquareHasTheRuleOfANormalDensity) {
  program_scope scope;
  const ir::Program ours = program_with([](auto, auto error) { return gibbs(hadamard(error, error) / 2); });
  const ir::Expr by_energy = calculus::derive(ours).rules[0].gradient;
  program_scope again;
  const ir::Program normals = program_with([](auto mean, auto) { return normal(mean); });
  EXPECT_EQ(print(by_energy), print(calculus::derive(normals).rules[0].gradient));
}

TEST(Gibbs, LeavesOutItsNormaliserAndSaysSo) {
  program_scope scope;
  const ir::Program ours = program_with([](auto, auto error) { return gibbs(abs(error)); });
  const auto derivation = calculus::derive(ours);
  const auto& ledger = derivation.elaboration.ledger;
  const auto entry = std::find_if(ledger.begin(), ledger.end(),
                                  [](const auto& a) { return a.name == "normaliser left out"; });
  ASSERT_NE(entry, ledger.end());
  EXPECT_EQ(entry->place, "o");
}

}  // namespace
}  // namespace freefall
