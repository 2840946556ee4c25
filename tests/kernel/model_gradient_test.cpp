// Every derived gradient of the shipped models equals central differences of the interpreted free energy.

#include <gtest/gtest.h>

#include <random>

#include "codegen/calculus/derive.hpp"
#include "models/pcn/network.hpp"
#include "models/pcn_generative/network.hpp"
#include "tests/kernel/models/spreads.hpp"
#include "tests/support/central_difference.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

// Each gradient of each rule, element by element. `values` are of all tensors the functionals read, over the
// sizes.
void expect_gradients(const ir::Program& program, const std::map<std::string, std::size_t>& extents,
                      const Arrays<long double>& values, long double step) {
  const auto derivation = calculus::derive(program);
  ir::Environment<long double> at(ir::Sizes{extents});
  for (const ir::Tensor& t : program.context->tensors()) {
    if (values.contains(t.name)) at.set(&t, values.at(t.name));
  }
  std::vector<std::pair<const ir::Tensor*, ir::Expr>> seen;
  for (const auto& rule : derivation.rules) {
    if (std::find(seen.begin(), seen.end(), std::pair(rule.target, rule.gradient)) != seen.end()) continue;
    seen.emplace_back(rule.target, rule.gradient);
    const auto found = ir::evaluate(rule.gradient, ir::canonical_indices(rule.target), at).data;
    const std::vector<long double> point = at.get(rule.target);
    std::vector<long double> expected;
    for (std::size_t k = 0; k < point.size(); ++k) {
      const auto energy = [&](long double t) {
        auto moved = point;
        moved[k] += t;
        at.set(rule.target, moved);
        return ir::evaluate_scalar(rule.functional, at);
      };
      expected.push_back(derivative_at_zero(energy, step).value);
    }
    at.set(rule.target, point);
    EXPECT_LE(distance(found, expected), 1e-9L)
        << "dF/d" << rule.target->name << " in kernel " << rule.kernel;
  }
}

Arrays<long double> random_values(const ir::Program& program,
                                  const std::map<std::string, std::size_t>& extents, std::uint64_t seed) {
  const plan::Specialisation sizes{"gradient", extents, plan::Scalar::float64};
  std::mt19937_64 random(seed);
  Arrays<long double> out;
  for (const ir::Tensor& t : program.context->tensors()) {
    if (t.role == ir::Role::output) continue;
    auto& v = out[t.name];
    for (std::size_t i = 0; i < sizes.size(&t); ++i)
      v.push_back(static_cast<long double>(random() % 20001) / 20000.0L - 0.5L);
    if (t.axes.empty()) v[0] = 0.7L;
    const bool square = t.axes.size() == 2 && t.axes[0] == t.axes[1];
    for (std::size_t i = 0; square && i < sizes.extent(t.axes[0]); ++i)
      v[i * sizes.extent(t.axes[0]) + i] += 3;
  }
  return out;
}

// Smooth functionals reach 1e-14 by extrapolation from a step of 0.02. With relu the step stays below the
// distance to the nearest kink, which costs digits: the values are 1e-5 or more from it.
TEST(ModelGradient, OfThePcnWithTanhEqualsCentralDifferences) {
  const ir::Program p = pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
  const std::map<std::string, std::size_t> extents = {
      {"batch", 2}, {"pixel", 4}, {"hidden1", 3}, {"hidden2", 5}, {"label", 2}};
  expect_gradients(p, extents, random_values(p, extents, 3), 0.02L);
}

TEST(ModelGradient, OfThePcnWithReluEqualsCentralDifferences) {
  const ir::Program p = pcn::network<3, 20, pcn::biases::no>([](auto a) { return freefall::relu(a); }).ir();
  const std::map<std::string, std::size_t> extents = {
      {"batch", 2}, {"pixel", 4}, {"hidden1", 3}, {"hidden2", 5}, {"label", 2}};
  expect_gradients(p, extents, random_values(p, extents, 4), 1e-5L);
}

TEST(ModelGradient, OfTheGenerativeModelEqualsCentralDifferences) {
  const ir::Program p = pcn_generative::network<20>().ir();
  const std::map<std::string, std::size_t> extents = {{"batch", 3}, {"pixel", 5}, {"code", 4}};
  expect_gradients(p, extents, random_values(p, extents, 5), 0.02L);
}

TEST(ModelGradient, OfEveryKindOfSpreadEqualsCentralDifferences) {
  const ir::Program p = spreads().ir();
  const std::map<std::string, std::size_t> extents = {
      {"batch", 2}, {"cause", 3}, {"middle", 2}, {"reading", 4}};
  expect_gradients(p, extents, random_values(p, extents, 6), 0.02L);
}

TEST(ModelGradient, OfRandomModelsEqualsCentralDifferences) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RandomProgram p = random_program({.seed = seed, .smooth = true});
    SCOPED_TRACE(p.text);
    Arrays<long double> values = p.values;
    auto extents = p.sizes.extents;
    for (const auto& [plate, copies] : p.copies) extents[plate] = copies;
    for (const ir::Tensor& t : p.program.context->tensors()) {
      if (!values.contains(t.name)) continue;
      auto& v = values[t.name];
      std::vector<long double> used;
      for (const std::size_t at : used_elements(&t, p.sizes, p.copies)) used.push_back(v[at]);
      v = used;
    }
    expect_gradients(p.program, extents, values, 0.02L);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace freefall::test
