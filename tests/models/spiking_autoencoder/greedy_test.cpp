// Voltage, threshold and couplings out of E(r + e_i) - E(r): against the published forms by symbols, against
// the energy by numbers.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/greedy.hpp"
#include "codegen/ir/expand.hpp"
#include "codegen/ir/interpret.hpp"
#include "codegen/plan/pipeline.hpp"
#include "freefall/dsl.hpp"
#include "tests/support/run_program.hpp"

freefall::program define();

namespace freefall {
namespace {

using namespace ir;

struct Autoencoder {
  program_scope scope;
  axis<"signal"> signal;
  axis<"neuron"> neuron;
  handle<symbol<Role::variable, "x", axis<"signal">>> x = variable<"x">(signal);
  handle<symbol<Role::variable, "r", axis<"neuron">>> r = variable<"r">(neuron);
  handle<symbol<Role::parameter, "D", axis<"signal">, axis<"neuron">>> D = parameter<"D">(signal, neuron);
  handle<symbol<Role::input, "nu">> nu = input<"nu">();
  handle<symbol<Role::input, "mu">> mu = input<"mu">();
  Expr energy = (sum(square(x - D * r), signal) / 2 + nu * sum(r, neuron) + mu * dot(r, r) / 2).ir;
};

// V_i = D_i . (x - D r) - mu r_i, T_i = (|D_i|^2 + mu)/2 + nu, couplings -(D^T D + mu 1): Boerlin et al.
// 2013.
TEST(Greedy, OfASquaredErrorIsTheBalancedNetwork) {
  Autoencoder m;
  const auto parts = calculus::greedy_parts(m.energy, m.r.tensor);
  const auto voltage = m.x * m.D - (m.D * m.r) * m.D - m.mu * m.r;
  EXPECT_EQ(expand(parts.voltage), expand(voltage.ir));
  const auto threshold = sum(square(m.D), m.signal) / 2 + m.mu / 2 + m.nu;
  EXPECT_EQ(expand(parts.threshold), expand(threshold.ir));
  Context& context = *m.energy->context;
  const Index i{m.r.tensor->axes[0], 0}, k{m.r.tensor->axes[0], 1};
  const Expr other = substitute(m.D.ir, {{i, Subscript(k)}});
  const Expr gram = make_contract({{m.x.tensor->axes[0], 0}}, m.D.ir * other);
  const Expr identity = make_delta(context, Subscript(i), Subscript(k));
  EXPECT_EQ(expand(calculus::greedy_couplings(parts, m.r.tensor)), expand(-gram - m.mu.ir * identity));
}

// Any energy: here one that is not quadratic. The difference is that of two evaluations, element by element.
TEST(Greedy, DifferenceIsThatOfTheEnergy) {
  Autoencoder m;
  const Expr energy = m.energy + sum(tanh(m.r), m.neuron).ir + dot(m.r, square(m.r)).ir;
  const auto parts = calculus::greedy_parts(energy, m.r.tensor);
  Environment<long double> at(Sizes{{{"signal", 2}, {"neuron", 3}}});
  at.set(m.x.tensor, {0.3L, -1.1L});
  at.set(m.D.tensor, {0.5L, -0.2L, 0.9L, 0.1L, 0.7L, -0.4L});
  at.set(m.nu.tensor, {0.05L});
  at.set(m.mu.tensor, {0.2L});
  const std::vector<long double> r = {0.4L, 1.3L, 0.0L};
  at.set(m.r.tensor, r);
  const long double before = evaluate_scalar(energy, at);
  const auto difference = ir::evaluate(parts.difference, canonical_indices(m.r.tensor), at).data;
  const auto excess = ir::evaluate(parts.voltage - parts.threshold, canonical_indices(m.r.tensor), at).data;
  for (std::size_t i = 0; i < 3; ++i) {
    auto moved = r;
    moved[i] += 1;
    at.set(m.r.tensor, moved);
    EXPECT_NEAR(static_cast<double>(difference[i]), static_cast<double>(evaluate_scalar(energy, at) - before),
                1e-15);
    EXPECT_NEAR(static_cast<double>(excess[i]), static_cast<double>(-difference[i]), 1e-15);
  }
  EXPECT_THROW(calculus::greedy_couplings(parts, m.r.tensor), ModelError);
}

TEST(Greedy, VoltageAsStateNeedsOneLeak) {
  Autoencoder m;
  const auto parts = calculus::greedy_parts(m.energy, m.r.tensor);
  const auto a = input<"a">();
  const auto b = input<"b">();
  const auto s = input<"s">(m.signal);
  const Trace r{m.r.tensor, a.ir, {}, {}};
  // V' = (1 - a) V + D^T s.
  const auto tick = calculus::voltage_tick(parts, m.r.tensor, {r, {m.x.tensor, a.ir, s.ir, {}}});
  EXPECT_EQ(expand(tick.drive), expand((s * m.D).ir));
  EXPECT_THROW(calculus::voltage_tick(parts, m.r.tensor, {r, {m.x.tensor, b.ir, s.ir, {}}}), ModelError);
  EXPECT_THROW(calculus::voltage_tick(parts, m.r.tensor, {r}), ModelError);
  EXPECT_THROW(calculus::voltage_tick(parts, m.r.tensor, {}), ModelError);
}

class Network : public ::testing::Test {
 protected:
  Program program = ::define().ir();
  plan::Specialisation sizes{"net", {{"signal", 2}, {"neuron", 4}}, plan::Scalar::float64};
  plan::Compilation compiled = plan::compile(program, sizes);
  std::mt19937 random{7};

  std::vector<long double> numbers(std::size_t n, double scale) {
    std::normal_distribution<double> normal;
    std::vector<long double> out(n);
    for (auto& x : out) x = scale * normal(random);
    return out;
  }
  test::Arrays<long double> start() {
    test::Arrays<long double> out;
    for (const Tensor& t : program.context->tensors()) {
      if (t.role != Role::temporary) out[t.name] = std::vector<long double>(sizes.size(&t), 0);
    }
    out["D"] = numbers(8, 0.7);
    out["W"] = numbers(16, 0.5);
    out["leak"] = {0.05L};
    out["mu"] = {0.02L};
    out["eta"] = {0.1L};
    out["beta"] = {0.6L};
    return out;
  }
  const calculus::Steps& steps(const std::string& kernel) const {
    for (const auto& p : compiled.derivation.procedures) {
      if (p.name == kernel) return p.steps;
    }
    throw std::out_of_range(kernel);
  }
  const loop::Operations& operations(const std::string& kernel) const {
    for (const auto& k : compiled.kernels) {
      if (k.name == kernel) return k.operations;
    }
    throw std::out_of_range(kernel);
  }
};

// Both interpreters, every kernel, 60 ticks each: what the passes make of a schedule keeps its values.
TEST_F(Network, LoopsKeepTheValuesOfSchedules) {
  for (const auto& kernel : compiled.kernels) {
    auto state = start();
    for (int t = 0; t < 60; ++t) {
      state["u"] = numbers(2, 0.3);
      state["xi"] = numbers(4, 0.05);
      const auto expected =
          test::run_steps<long double>(steps(kernel.name), *program.context, state, sizes, {});
      const auto found =
          test::run_operations<long double>(kernel.operations, *program.context, state, sizes, {});
      for (const auto& [name, values] : expected)
        ASSERT_LT(test::distance(found.at(name), values), 1e-15L) << kernel.name << " " << name << " " << t;
      state = expected;
    }
  }
}

// An event happens exactly if one lowers E, it is the one that lowers E most, and E falls by the gain.
TEST_F(Network, EventsLowerTheEnergyByTheGain) {
  auto state = start();
  const auto energy_of = [&](const test::Arrays<long double>& at) {
    return test::run_steps<long double>(steps("energy"), *program.context, at, sizes, {}).at("energy")[0];
  };
  int events = 0;
  for (int t = 0; t < 60; ++t) {
    state["u"] = numbers(2, 1);
    auto after = test::run_steps<long double>(steps("step_feedback"), *program.context, state, sizes, {});
    auto before = after;
    for (std::size_t i = 0; i < 4; ++i) before["r"][i] -= after["r_spike"][i];
    long double most = -1e9L;
    for (std::size_t i = 0; i < 4; ++i) {
      auto moved = before;
      moved["r"][i] += 1;
      most = std::max(most, energy_of(before) - energy_of(moved));
    }
    EXPECT_NEAR(static_cast<double>(after["r_gain"][0]), static_cast<double>(most), 1e-14);
    const bool fired = energy_of(before) != energy_of(after);
    EXPECT_EQ(fired, most > 0);
    if (fired) {
      EXPECT_NEAR(static_cast<double>(energy_of(before) - energy_of(after)), static_cast<double>(most),
                  1e-14);
    }
    events += fired;
    state = after;
  }
  EXPECT_GT(events, 10);
}

// At each event of k, W[i, k] -= eta (V_i + beta W[i, k]) with V before the jump (Brendel et al. 2020), and
// no other column moves; 60 ticks in the schedule interpreter.
TEST_F(Network, LearningMovesTheColumnOfTheWinnerByTheVoltageRule) {
  auto state = start();
  int events = 0;
  for (int t = 0; t < 60; ++t) {
    state["u"] = numbers(2, 0.3);
    const auto before = test::run_steps<long double>(steps("run"), *program.context, state, sizes, {});
    const auto after = test::run_steps<long double>(steps("learn"), *program.context, state, sizes, {});
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t k = 0; k < 4; ++k) {
        const long double w = state["W"][i * 4 + k], spike = after.at("r_spike")[k];
        const long double jump = spike > 0 ? w : 0;
        const long double rule = spike > 0 ? -0.1L * (before.at("V_learned")[i] - jump + 0.6L * w) : 0;
        EXPECT_NEAR(static_cast<double>(after.at("W")[i * 4 + k] - w), static_cast<double>(rule), 1e-15);
        events += spike > 0;
      }
    }
    EXPECT_EQ(after.at("V_learned"), before.at("V_learned"));
    state = after;
  }
  EXPECT_GT(events, 0);
}

}  // namespace
}  // namespace freefall
