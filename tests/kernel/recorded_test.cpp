// Networks over recorded inputs, many ticks a call: against the network by hand, the interpreter, and what
// one spike more would do to the energy.

#include <gtest/gtest.h>
#include <recorded_21_views.hpp>
#include <recorded_5_double_views.hpp>
#include <recorded_5_float_views.hpp>

#include "models/spiking_autoencoder/reference.hpp"
#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/recorded.hpp"

namespace freefall::test {
namespace {

namespace hand = by_hand::spiking_autoencoder;

template <class Instance>
void expect_recorded_matches(std::span<const runtime::tensor_info> tensors) {
  const ir::Program program = recorded().ir();
  expect_kernel_matches<Instance>(program, tensors, 1, "run", [](Instance& i) { i.run(); });
  expect_kernel_matches<Instance>(program, tensors, 1, "watch", [](Instance& i) { i.watch(); });
  expect_kernel_matches<Instance>(program, tensors, 1, "drained", [](Instance& i) { i.drained(); });
}

TEST(Recorded, KernelsDoWhatTheInterpreterDoes) {
  expect_recorded_matches<recorded_5_double::instance>(recorded_5_double::tensors());
  expect_recorded_matches<recorded_5_float::instance>(recorded_5_float::tensors());
  expect_recorded_matches<recorded_21::instance>(recorded_21::tensors());
}

// 21 units, 16 ticks a call, beside the network by hand (Bourdoukan and Deneve 2015) with the same inputs.
class Network : public testing::Test {
 protected:
  static constexpr Eigen::Index units = 21, ticks = 16;
  Network() : by_hand(read_out(), hand::form::recurrent, {.leak = 1000, .step = 1e-4}) {
    net.D() = read_out().transpose();
    by_hand.W = -0.2 * by_hand::matrix<double>::Random(units, units) -
                0.5 * by_hand::matrix<double>::Identity(units, units);
    net.W() = by_hand.W.transpose();  // what one sends in one row
    net.eta() = rule.rate;
  }

  static by_hand::matrix<double> read_out() {
    by_hand::matrix<double> out(units, 2);
    for (Eigen::Index i = 0; i < units; ++i)
      out.row(i) << std::cos(0.3 * static_cast<double>(i)), std::sin(0.3 * static_cast<double>(i));
    return out;
  }
  void record() {
    net.u() = 0.3 * by_hand::matrix<double>::Random(ticks, 2);
    net.xi() = 0.2 * by_hand::matrix<double>::Random(ticks, units);
    net.cost() = 0.1 * by_hand::matrix<double>::Random(ticks, units);
  }
  // One tick by hand with the inputs of t; which unit fired, or -1.
  Eigen::Index tick(Eigen::Index t, const hand::voltage_rule<double>* learning) {
    const by_hand::column<double> s = net.u().row(t).transpose() / by_hand.c.step;
    by_hand.advance(s, net.xi().row(t).transpose());
    const auto fired = by_hand.fire(hand::policy::one_winner, net.cost().row(t).transpose(), learning);
    return fired.empty() ? -1 : fired[0];
  }

  static constexpr double kClose = 1e-12;
  recorded_21::instance net;
  hand::network<double> by_hand;
  hand::voltage_rule<double> rule{0.01, 1};
};

TEST_F(Network, LearnsAsByHandFromCallToCall) {
  int spikes = 0;
  for (int call = 0; call < 3; ++call) {
    record();
    for (Eigen::Index t = 0; t < ticks; ++t) spikes += tick(t, &rule) >= 0 ? 1 : 0;
    net.run();
    EXPECT_LE((net.x() - by_hand.x).cwiseAbs().maxCoeff(), kClose);
    EXPECT_LE((net.r() - by_hand.r).cwiseAbs().maxCoeff(), kClose);
    EXPECT_LE((net.V() - by_hand.V).cwiseAbs().maxCoeff(), kClose);
    EXPECT_LE((net.W() - by_hand.W.transpose()).cwiseAbs().maxCoeff(), kClose);
  }
  EXPECT_GT(spikes, 10);
  EXPECT_LT(spikes, 3 * ticks);
}

TEST_F(Network, RecordsEachTick) {
  record();
  by_hand::matrix<double> before(ticks, units), raster = by_hand::matrix<double>::Zero(ticks, units);
  for (Eigen::Index t = 0; t < ticks; ++t) {
    before.row(t) = by_hand.V.transpose();
    if (const Eigen::Index k = tick(t, nullptr); k >= 0) raster(t, k) = 1;
  }
  ASSERT_GT(raster.sum(), 3);
  net.watch();
  EXPECT_EQ(net.raster(), raster);
  EXPECT_LE((net.before() - before).cwiseAbs().maxCoeff(), kClose);
}

// At the last tick, whose state is there to look at.
TEST_F(Network, ExcessIsWhatASpikeTakesFromTheEnergy) {
  record();
  net.watch();
  const by_hand::column<double> cost = net.cost().row(ticks - 1).transpose();
  const auto energy = [&](const by_hand::column<double>& r) {
    return (net.x() - net.D() * r).squaredNorm() / 2 - net.noise().dot(r) + cost.dot(r);
  };
  for (Eigen::Index i = 0; i < units; ++i) {
    by_hand::column<double> after = net.r();
    after(i) += 1;
    EXPECT_NEAR(net.excess()(ticks - 1, i), energy(net.r()) - energy(after), kClose) << i;
  }
}

}  // namespace
}  // namespace freefall::test
