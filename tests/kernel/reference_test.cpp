// Emitted kernels against the hand-written references, over whole trajectories: ten batches, full and
// partial, each with 20 steps of inference and one of learning. Arrays are compared after every batch,
// relative to their largest magnitude.

#include <gtest/gtest.h>
#include <generative_double_views.hpp>
#include <generative_float_views.hpp>
#include <pcn_momentum_double_views.hpp>
#include <pcn_momentum_float_views.hpp>
#include <pcn_portable_views.hpp>
#include <pcn_relu_double_views.hpp>
#include <pcn_relu_float_views.hpp>
#include <pcn_sgd_double_views.hpp>
#include <pcn_sgd_float_views.hpp>
#include <pcn_tanh_double_views.hpp>
#include <pcn_tanh_float_views.hpp>

#include <limits>

#include "models/pcn/reference.hpp"
#include "models/pcn_generative/reference.hpp"
#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

using by_hand::matrix;

// Two orders of summation over ten batches: some hundred roundings of 1e-16 and of 6e-8 on the largest
// elements.
template <class T>
constexpr double kTolerance = std::is_same_v<T, double> ? 1e-12 : 1e-5;

constexpr std::size_t kCopies[] = {8, 8, 3, 1, 8, 7, 5, 8, 2, 8};

template <class T>
void expect_near(std::span<const T> found, const T* expected, std::size_t n, const std::string& what) {
  ASSERT_GE(found.size(), n) << what;
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
    difference = std::max(difference, std::isnan(found[i]) ? HUGE_VAL
                                                           : std::fabs(static_cast<double>(found[i]) -
                                                                       static_cast<double>(expected[i])));
  }
  EXPECT_LE(difference, kTolerance<T> * largest) << what;
}

// Names of what an optimiser keeps, in the order of by_hand::parameter.
struct OptimiserState {
  const char* first;
  const char* second;
};
OptimiserState state_of(const by_hand::optimiser& method) {
  if (std::holds_alternative<by_hand::adam>(method)) return {"_mean", "_square"};
  if (std::holds_alternative<by_hand::momentum>(method)) return {"_velocity", nullptr};
  return {nullptr, nullptr};
}

template <class T, class Instance, class Parameter>
void expect_parameter(NamedArrays<Instance>& arrays, const std::string& name, const Parameter& p,
                      const OptimiserState& state) {
  const auto compare = [&](const std::string& array, const auto& expected) {
    expect_near<T>(arrays[array], expected.data(), static_cast<std::size_t>(expected.size()), array);
  };
  compare(name, p.value);
  if (state.first != nullptr) compare(name + state.first, p.first);
  if (state.second != nullptr) compare(name + state.second, p.second);
}

// The given arrays of the copies in use; the others hold NaN, which nothing may read.
template <class T>
matrix<T> give(std::span<T> to, std::size_t copies, std::size_t width, std::mt19937_64& random, double low,
               double high) {
  matrix<T> out(static_cast<Eigen::Index>(copies), static_cast<Eigen::Index>(width));
  std::fill(to.begin(), to.end(), std::numeric_limits<T>::quiet_NaN());
  fill(to.first(copies * width), random, 1.0);
  for (T& x : to.first(copies * width)) x = static_cast<T>(low + (high - low) * (x + 1) / 2);
  std::copy_n(to.begin(), out.size(), out.data());
  return out;
}

template <class Instance>
void follow_pcn(std::span<const runtime::tensor_info> tensors, by_hand::pcn::activation f, bool biases,
                const by_hand::optimiser& method, double rate) {
  Instance net;
  using T = std::remove_reference_t<decltype(net.inference_rate())>;
  NamedArrays<Instance> arrays(net, tensors);
  by_hand::pcn::network<T> expected({12, 9, 7, 5}, f);
  std::mt19937_64 random(2024);
  for (std::size_t l = 1; l <= 3; ++l) {
    const auto set = [&](const std::string& name, auto& value, double bound) {
      fill(arrays[name], random, bound);
      std::copy_n(arrays[name].begin(), value.size(), value.data());
    };
    set("W" + std::to_string(l), expected.levels[l].W.value, 0.5);
    if (biases) set("b" + std::to_string(l), expected.levels[l].b.value, 0.2);
  }
  net.inference_rate() = static_cast<T>(0.1);
  net.learning_rate() = static_cast<T>(rate);
  const OptimiserState state = state_of(method);
  for (const std::size_t copies : kCopies) {
    SCOPED_TRACE(testing::Message() << copies << " copies");
    const auto image = give<T>(arrays["image"], copies, 12, random, -1, 1);
    const auto digit = give<T>(arrays["digit"], copies, 5, random, 0, 1);

    net.infer(copies);
    expected.infer(image, digit, 20, static_cast<T>(0.1));
    for (std::size_t l = 1; l <= 2; ++l)
      expect_near<T>(arrays["h" + std::to_string(l)], expected.levels[l].x.data(),
                     static_cast<std::size_t>(expected.levels[l].x.size()), "h after infer");

    net.train(copies);
    expected.learn(method);
    for (std::size_t l = 1; l <= 3 && !biases; ++l) expected.levels[l].b.value.setZero();
    for (std::size_t l = 1; l <= 2; ++l)
      expect_near<T>(arrays["h" + std::to_string(l)], expected.levels[l].x.data(),
                     static_cast<std::size_t>(expected.levels[l].x.size()), "h after train");
    for (std::size_t l = 1; l <= 3; ++l) {
      expect_parameter<T>(arrays, "W" + std::to_string(l), expected.levels[l].W, state);
      if (biases) expect_parameter<T>(arrays, "b" + std::to_string(l), expected.levels[l].b, state);
    }
    const T energy = net.energy(copies), reference_energy = expected.mean_energy();
    expect_near<T>({&energy, 1}, &reference_energy, 1, "energy");

    net.predict(copies);
    const auto predicted = expected.predict(image);
    expect_near<T>(arrays["digit"], predicted.data(), static_cast<std::size_t>(predicted.size()),
                   "digit after predict");
    if (testing::Test::HasFailure()) return;
  }
}

using enum by_hand::pcn::activation;
const by_hand::optimiser kAdam = by_hand::adam{1e-3};

TEST(KernelEqualsReference, PcnWithTanhBiasesAndAdam) {
  follow_pcn<pcn_tanh_double::instance>(pcn_tanh_double::tensors(), tanh, true, kAdam, 1e-3);
  follow_pcn<pcn_tanh_float::instance>(pcn_tanh_float::tensors(), tanh, true, kAdam, 1e-3);
}
TEST(KernelEqualsReference, PcnInAPortableLibrary) {
  follow_pcn<pcn_portable::instance>(pcn_portable::tensors(), tanh, true, kAdam, 1e-3);
}
TEST(KernelEqualsReference, PcnWithReluAndWithoutBiases) {
  follow_pcn<pcn_relu_double::instance>(pcn_relu_double::tensors(), relu, false, kAdam, 1e-3);
  follow_pcn<pcn_relu_float::instance>(pcn_relu_float::tensors(), relu, false, kAdam, 1e-3);
}
TEST(KernelEqualsReference, PcnWithGradientDescent) {
  follow_pcn<pcn_sgd_double::instance>(pcn_sgd_double::tensors(), tanh, true, by_hand::sgd{0.05}, 0.05);
  follow_pcn<pcn_sgd_float::instance>(pcn_sgd_float::tensors(), tanh, true, by_hand::sgd{0.05}, 0.05);
}
TEST(KernelEqualsReference, PcnWithMomentum) {
  const by_hand::momentum method{0.02, 0.9};
  follow_pcn<pcn_momentum_double::instance>(pcn_momentum_double::tensors(), tanh, true, method, method.rate);
  follow_pcn<pcn_momentum_float::instance>(pcn_momentum_float::tensors(), tanh, true, method, method.rate);
}

template <class Instance>
void follow_generative(std::span<const runtime::tensor_info> tensors) {
  Instance net;
  using T = std::remove_reference_t<decltype(net.inference_rate())>;
  NamedArrays<Instance> arrays(net, tensors);
  const by_hand::optimiser method = by_hand::sgd{0.1};
  const T prior = static_cast<T>(0.5);
  by_hand::pcn_generative::network<T> expected(13, 6, prior);
  std::mt19937_64 random(77);
  fill(arrays["W"], random, 0.7);
  fill(arrays["b"], random, 0.3);
  std::copy_n(arrays["W"].begin(), expected.W.value.size(), expected.W.value.data());
  std::copy_n(arrays["b"].begin(), expected.b.value.size(), expected.b.value.data());
  net.inference_rate() = static_cast<T>(0.2);
  net.learning_rate() = static_cast<T>(0.1);
  net.prior_precision() = prior;
  const auto compare = [&](const char* name, const auto& value) {
    expect_near<T>(arrays[name], value.data(), static_cast<std::size_t>(value.size()), name);
  };
  for (const std::size_t copies : kCopies) {
    SCOPED_TRACE(testing::Message() << copies << " copies");
    const auto image = give<T>(arrays["image"], copies, 13, random, 0, 1);
    net.infer(copies);
    expected.begin(image);
    expected.infer(20, static_cast<T>(0.2));
    compare("z", expected.z);
    net.train(copies);
    expected.learn(method);
    compare("z", expected.z);
    compare("W", expected.W.value);
    compare("b", expected.b.value);
    const T energy = net.energy(copies), reference_energy = expected.mean_energy();
    expect_near<T>({&energy, 1}, &reference_energy, 1, "energy");
    net.reconstruct(copies);
    compare("image", expected.generate(expected.z));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(KernelEqualsReference, GenerativeModel) {
  follow_generative<generative_double::instance>(generative_double::tensors());
  follow_generative<generative_float::instance>(generative_float::tensors());
}

}  // namespace
}  // namespace freefall::test
