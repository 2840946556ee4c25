// Voltage, threshold and couplings derived from the specification are those of the hand-written network, with
// costs.

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "codegen/calculus/derive.hpp"
#include "codegen/ir/interpret.hpp"
#include "freefall/dsl/program.hpp"
#include "models/spiking_autoencoder/reference.hpp"

freefall::program define();

namespace freefall {
namespace {

namespace hand = reference::spiking_autoencoder;

constexpr Eigen::Index N = 4, J = 2;

const ir::Tensor* tensor(const ir::Program& program, const std::string& name) {
  for (const ir::Tensor& t : program.context->tensors()) {
    if (t.name == name) return &t;
  }
  throw std::out_of_range(name);
}

TEST(DerivedParts, AreThoseOfTheHandWrittenNetwork) {
  const program specification = ::define();
  const ir::Program& declared = specification.ir();
  const calculus::Derivation derivation = calculus::derive(declared);
  ASSERT_EQ(derivation.events.size(), 3U);
  const calculus::GreedyRule& recurrent = derivation.events[1];
  const ir::Tensor* r = recurrent.events->counts;

  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 10; ++trial) {
    const auto draw = [&](Eigen::Index n) {
      std::vector<long double> out(static_cast<std::size_t>(n));
      for (auto& x : out) x = normal(random);
      return out;
    };
    const auto D = draw(J * N), x = draw(J), counts = draw(N);
    const long double nu = 0.07L, mu = 0.11L;
    hand::network<long double> net(
        Eigen::Map<const reference::matrix<long double>>(D.data(), J, N).transpose(), hand::form::functional,
        {.linear_cost = nu, .quadratic_cost = mu});
    net.x = Eigen::Map<const reference::column<long double>>(x.data(), J);
    net.r = Eigen::Map<const reference::column<long double>>(counts.data(), N);

    ir::Environment<long double> at(ir::Sizes{{{"signal", J}, {"neuron", N}}});
    at.set(tensor(declared, "D"), D);
    at.set(tensor(declared, "x"), x);
    at.set(r, counts);
    at.set(tensor(declared, "noise"), std::vector<long double>(N, 0));
    at.set(tensor(declared, "nu"), std::vector<long double>(N, nu));
    at.set(tensor(declared, "mu"), {mu});
    const auto values = [&](ir::Expr e) { return ir::evaluate(e, ir::canonical_indices(r), at).data; };
    const auto voltage = values(recurrent.parts.voltage), threshold = values(recurrent.parts.threshold),
               difference = values(recurrent.parts.difference);
    const auto couplings =
        ir::evaluate(recurrent.couplings, {ir::canonical_indices(r)[0], calculus::event_index(r)}, at).data;
    const auto by_hand = net.implied_voltage();
    const auto near = [](long double found, long double expected) {
      EXPECT_NEAR(static_cast<double>(found - expected), 0, 1e-16);
    };
    for (Eigen::Index i = 0; i < N; ++i) {
      const auto n = static_cast<std::size_t>(i);
      near(voltage[n], by_hand(i));
      near(threshold[n], net.threshold(i));
      near(difference[n], net.energy_change(i));
      for (Eigen::Index k = 0; k < N; ++k) near(couplings[n * N + static_cast<std::size_t>(k)], net.W(i, k));
    }
  }
}

}  // namespace
}  // namespace freefall
