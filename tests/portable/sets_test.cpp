// A portable library against the loop interpreter, in the instruction set that FREEFALL_ISA asks for:
// CMakeLists.txt runs the tests once for each. Of a set that the processor lacks they are skipped.

#include <gtest/gtest.h>

#include <cstdlib>
#include <freefall/runtime/dispatch.hpp>
#include <freefall/runtime/random.hpp>
#include <portable_attractor_views.hpp>
#include <portable_pcn_views.hpp>
#include <portable_spreads_views.hpp>

#include "models/pcn/network.hpp"
#include "tests/kernel/expect_kernel_matches.hpp"
#include "tests/kernel/models/spreads.hpp"

namespace freefall::test {
namespace {

class PortableKernels : public testing::Test {
 protected:
  void SetUp() override {
    if (runtime::chosen_set().problem.what == runtime::fault::missing_instruction_set)
      GTEST_SKIP() << runtime::describe(runtime::chosen_set().problem);
    const char* asked = std::getenv("FREEFALL_ISA");
    ASSERT_TRUE(runtime::chosen_set().problem.ok());
#ifdef __x86_64__
    if (asked != nullptr) {
      ASSERT_STREQ(runtime::portable_sets.at(runtime::chosen_set().set), asked);
    }
#endif
  }
};

TEST_F(PortableKernels, EqualTheInterpreterInNetworks) {
  using Instance = portable_pcn::instance;
  const ir::Program program =
      pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
  for (const std::size_t copies : {37, 16}) {
    const auto matches = [&](const char* kernel, auto call) {
      expect_kernel_matches<Instance>(program, portable_pcn::tensors(), copies, kernel,
                                      [&](Instance& i) { (i.*call)(copies); });
    };
    matches("predict", &Instance::predict);
    matches("infer", &Instance::infer);
    matches("train", &Instance::train);
    matches("energy", &Instance::energy);
  }
}

// Without couplings, evidence and inverse temperature a unit is uniform in (-1, 1): it takes 2 u - 1 for its
// draw u. The quantile is accurate to 4 ulp of 1 (tests/numerics/numerics.def), 2^-50; two draws are 2^-52
// apart.
void expect_draw(double found, double draw) { EXPECT_NEAR(found, 2 * draw - 1, 0x1p-50); }

TEST_F(PortableKernels, DrawTheSameNumbersInEverySet) {
  constexpr std::size_t n = portable_attractor::extent::unit;
  portable_attractor::instance kernels;
  kernels.draw_seed = 5;
  double drawn[n], order[n];
  runtime::stream(5, "sigma").fill_uniform(std::span<double>(drawn));
  kernels.sample();
  for (std::size_t i = 0; i < n; ++i) expect_draw(kernels.sigma()(Eigen::Index(i)), drawn[i]);

  // Visit k goes to the unit order[k] and takes draw k of its pass.
  kernels.draw_step = 0;
  kernels.sample_shuffled();
  runtime::stream(5, "unit/order").fill_permutation(std::span<double>(order));
  for (std::size_t k = 0; k < n; ++k) expect_draw(kernels.sigma()(Eigen::Index(order[k])), drawn[k]);
}

TEST_F(PortableKernels, EqualTheInterpreterWithInversesOfMatrices) {
  using Instance = portable_spreads::instance;
  const ir::Program program = spreads().ir();
  for (const std::size_t copies : {5, 2}) {
    const auto matches = [&](const char* kernel, auto call) {
      expect_kernel_matches<Instance>(program, portable_spreads::tensors(), copies, kernel,
                                      [&](Instance& i) { (i.*call)(copies); });
    };
    matches("infer", &Instance::infer);
    matches("train", &Instance::train);
    matches("energy", &Instance::energy);
  }
}

}  // namespace
}  // namespace freefall::test
