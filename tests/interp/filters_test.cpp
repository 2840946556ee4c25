// Programs with ticks, normal posteriors, marginals and generalised coordinates, interpreted: every pass
// keeps their values, and what they derive agrees with differences of the free energy.

#include <gtest/gtest.h>
#include <freefall/dsl.hpp>

#include "codegen/plan/pipeline.hpp"
#include "tests/support/central_difference.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

struct Case {
  ir::Program program;
  plan::Specialisation sizes;
  Copies copies;
  Arrays<long double> values;
};

// A matrix array that is symmetric and positive definite in its last two axes.
std::vector<long double> positive_definite(std::size_t copies, std::size_t n, long double shift) {
  std::vector<long double> out(copies * n * n);
  for (std::size_t c = 0; c < copies; ++c)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        out[(c * n + i) * n + j] =
            (i == j ? 2.0L : 0.0L) + 0.4L * std::cos(static_cast<long double>(i + j + c) + shift);
  return out;
}
std::vector<long double> wave(std::size_t size, long double shift) {
  std::vector<long double> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = 0.7L * std::sin(1.3L * static_cast<long double>(i) + shift);
  return out;
}

// A nonlinear filter with a normal posterior, two copies in use of three.
Case filter() {
  const program_scope scope;
  axis<"state"> state;
  axis<"sense"> sense;
  plate<"batch"> batch;
  auto x = variable<"x">(batch, state);
  auto y = variable<"y">(batch, sense);
  auto A = parameter<"A">(state, state.prime());
  auto C = parameter<"C">(sense, state);
  auto Q = parameter<"Q">(state, state.prime());
  auto R = input<"R">();
  auto before = previous(x);
  auto p = model<"filter">(x <<= marginal(normal(tanh(A * prime(before, state)), covariance(Q)), before),
                           y <<= normal(tanh(C * x), variance(R)));
  auto q = family(gaussian(x));
  auto F = free_energy(p, q);
  Case out;
  out.program = program{kernel<"tick">(advance(x), forward(p), repeat(3, descend(F, x, rate(0.1))),
                                       descend(F, x, newton(0.5)), solve(F, precision(q, x))),
                        kernel<"learn">(descend(F, A, C, Q, sgd(1))), kernel<"energy">(F)}
                    .ir();
  out.sizes.extents = {{"state", 3}, {"sense", 2}, {"batch", 3}};
  out.copies = {{"batch", 2}};
  out.values = {{"x", wave(9, 0.1L)},
                {"x_previous", wave(9, 0.8L)},
                {"y", wave(6, 1.9L)},
                {"A", wave(9, 0.3L)},
                {"C", wave(6, 2.2L)},
                {"Q", positive_definite(1, 3, 0.2L)},
                {"R", {0.6L}},
                {"x_precision", positive_definite(3, 3, 0.5L)},
                {"x_previous_precision", positive_definite(3, 3, 1.1L)}};
  return out;
}

// Three orders of a nonlinear model whose noise is correlated along orders and components.
Case motion_filter() {
  const program_scope scope;
  axis<"order"> order;
  axis<"state"> state;
  auto x = variable<"x">(order, state);
  auto y = variable<"y">(order, state);
  auto S = input<"S">(order, order.prime());
  auto H = parameter<"H">(state, state.prime());
  auto P = parameter<"P">(state, state.prime());
  auto D = shift(order);
  auto noise = kron(covariance(S), precision(P));
  auto p = model<"motion">(D(x) <<= normal(generalised(tanh(H * prime(x, state)), order), noise),
                           y <<= normal(generalised(sin(x), order), noise));
  auto F = free_energy(p, family(delta(x)));
  Case out;
  out.program = program{kernel<"tick">(repeat(4, descend(F, x, moving_frame(D, 0.05)))),
                        kernel<"learn">(descend(F, H, P, sgd(1))), kernel<"energy">(F)}
                    .ir();
  out.sizes.extents = {{"order", 3}, {"state", 2}};
  out.values = {{"x", wave(6, 0.4L)},
                {"y", wave(6, 1.2L)},
                {"S", positive_definite(1, 3, 0.9L)},
                {"H", wave(4, 0.2L)},
                {"P", positive_definite(1, 2, 0.6L)}};
  return out;
}

Arrays<long double> run(const Case& c, const plan::Compilation& compiled, const std::string& kernel,
                        const Arrays<long double>& values) {
  for (const auto& k : compiled.derivation.procedures) {
    if (k.name == kernel)
      return run_steps<long double>(k.steps, *c.program.context, values, c.sizes, c.copies);
  }
  throw std::logic_error("no kernel " + kernel);
}

// dF / d(element), the matrices of `symmetric` moved in both triangles at once.
long double slope(const Case& c, const plan::Compilation& compiled, const Arrays<long double>& at,
                  const std::string& array, const std::vector<std::size_t>& elements) {
  return derivative_at_zero([&](long double t) {
           Arrays<long double> moved = at;
           for (const std::size_t i : elements) moved[array][i] += t;
           return run(c, compiled, "energy", moved).at("energy")[0];
         })
      .value;
}

void expect_every_pass_keeps_values(const Case& c) {
  std::map<std::string, Arrays<long double>> expected;
  plan::compile(c.program, c.sizes, [&](const plan::Pass& pass, const plan::Compilation& reached) {
    const auto check = [&](const std::string& kernel, const Arrays<long double>& found) {
      if (!expected.contains(kernel)) expected[kernel] = found;
      for (const auto& [name, values] : expected[kernel]) {
        EXPECT_LE(distance(found.at(name), values), 1e-14L) << pass.name << ": " << name << " of " << kernel;
      }
    };
    const ir::Context& context = *c.program.context;
    if (reached.kernels.empty()) {
      for (const auto& k : reached.planned)
        check(k.name, run_steps<long double>(k.steps, context, c.values, c.sizes, c.copies));
    } else {
      for (const auto& k : reached.kernels)
        check(k.name, run_operations<long double>(k.operations, context, c.values, c.sizes, c.copies));
    }
    return true;
  });
}

void expect_learning_descends(const Case& c, const std::vector<std::string>& parameters) {
  const auto compiled = plan::compile(c.program, c.sizes, {});
  const auto learned = run(c, compiled, "learn", c.values);
  for (const std::string& name : parameters) {
    const auto& before = c.values.at(name);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(before[i] - learned.at(name)[i]),
                  static_cast<double>(slope(c, compiled, c.values, name, {i})), 1e-10)
          << name << "[" << i << "]";
    }
  }
}

TEST(Filters, EveryPassKeepsTheValuesOfAFilter) { expect_every_pass_keeps_values(filter()); }
TEST(Filters, EveryPassKeepsTheValuesOfAFilterInGeneralisedCoordinates) {
  expect_every_pass_keeps_values(motion_filter());
}

// The expectation under the normal posterior reaches the parameters: 1/2 tr(S dH/dA) is part of the gradient.
TEST(Filters, ParametersDescendTheExpectedEnergy) { expect_learning_descends(filter(), {"A", "C"}); }
TEST(Filters, ParametersDescendTheEnergyInGeneralisedCoordinates) {
  expect_learning_descends(motion_filter(), {"H"});
}

TEST(Filters, SolvedPrecisionIsStationary) {
  const Case c = filter();
  const auto compiled = plan::compile(c.program, c.sizes, {});
  const auto after = run(c, compiled, "tick", c.values);
  for (const std::size_t copy : {0u, 1u}) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t lower = (copy * 3 + i) * 3 + j, upper = (copy * 3 + j) * 3 + i;
        std::vector<std::size_t> moved = {lower};
        if (i != j) moved.push_back(upper);
        EXPECT_NEAR(static_cast<double>(slope(c, compiled, after, "x_precision", moved)), 0, 1e-10)
            << copy << ": " << i << ", " << j;
      }
    }
  }
}

TEST(Filters, AdvanceCarriesTheEstimateAndItsPrecision) {
  const Case c = filter();
  const auto after = run(c, plan::compile(c.program, c.sizes, {}), "tick", c.values);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(after.at("x_previous")[i], c.values.at("x")[i]);
  for (std::size_t i = 0; i < 18; ++i)
    EXPECT_EQ(after.at("x_previous_precision")[i], c.values.at("x_precision")[i]);
}

}  // namespace
}  // namespace freefall::test
