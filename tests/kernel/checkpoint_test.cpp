// Checkpoints of a generated instance: training goes on from one as if it had not been interrupted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <pcn_relu_double_views.hpp>
#include <pcn_tanh_double_views.hpp>

#include <filesystem>
#include <freefall/runtime/instance_io.hpp>

#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

using Net = pcn_tanh_double::instance;

// A file of its own for each test, removed at the end.
class InstanceCheckpoint : public testing::Test {
 protected:
  ~InstanceCheckpoint() override { std::filesystem::remove(file_); }

  static void start(Net& net, std::uint64_t seed) {
    NamedArrays<Net> arrays(net, pcn_tanh_double::tensors());
    std::mt19937_64 random(seed);
    for (const auto& t : pcn_tanh_double::tensors()) {
      if (t.role == runtime::tensor_role::parameter) fill(arrays[t.name], random, 0.5);
    }
  }

  static void train(Net& net, int batches) {
    NamedArrays<Net> arrays(net, pcn_tanh_double::tensors());
    net.inference_rate() = 0.1;
    net.learning_rate() = 1e-2;
    std::mt19937_64 random(9);
    for (int b = 0; b < batches; ++b) {
      fill(arrays["image"], random, 1.0);
      fill(arrays["digit"], random, 1.0);
      net.train();
    }
  }

  static std::vector<double> persistent(Net& net) {
    std::vector<double> out;
    const auto tensors = pcn_tanh_double::tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (!runtime::is_persistent(tensors[i])) continue;
      const auto e = net.elements(i);
      out.insert(out.end(), e.begin(), e.end());
    }
    return out;
  }

  std::filesystem::path file_ = std::filesystem::temp_directory_path() /
                                ("freefall_" + std::to_string(getpid()) + "_" +
                                 testing::UnitTest::GetInstance()->current_test_info()->name() + ".npz");
};

TEST_F(InstanceCheckpoint, RestoresWeightsAndOptimiserAndTrainingGoesOnEqually) {
  Net net, other;
  start(net, 1);
  train(net, 3);
  runtime::save_instance(file_, net, pcn_tanh_double::tensors());
  const auto saved = persistent(net);
  train(net, 2);
  const auto later = persistent(net);
  ASSERT_NE(saved, later);

  runtime::load_instance(file_, net, pcn_tanh_double::tensors());
  EXPECT_EQ(persistent(net), saved);

  start(other, 2);
  train(other, 1);
  runtime::load_instance(file_, other, pcn_tanh_double::tensors());
  train(other, 2);
  EXPECT_EQ(persistent(other), later);
}

TEST_F(InstanceCheckpoint, OfAnotherShapeIsRefusedWithBothShapes) {
  Net net;
  start(net, 1);
  const auto before = persistent(net);
  const std::vector<double> wide(9 * 13);
  runtime::save_checkpoint(file_, {{"W1", {9, 13}, wide.data()}});
  try {
    runtime::load_instance(file_, net, pcn_tanh_double::tensors());
    FAIL() << "nothing was thrown";
  } catch (const runtime::data_error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("W1"));
    EXPECT_THAT(e.what(), testing::ContainsRegex("9[^0-9]+13"));
    EXPECT_THAT(e.what(), testing::ContainsRegex("9[^0-9]+12"));
  }
  EXPECT_EQ(persistent(net), before);
}

TEST_F(InstanceCheckpoint, OfAnotherModelLeavesTheInstanceAsItWas) {
  pcn_relu_double::instance other;  // no biases
  runtime::save_instance(file_, other, pcn_relu_double::tensors());
  Net net;
  start(net, 1);
  const auto before = persistent(net);
  EXPECT_THROW(runtime::load_instance(file_, net, pcn_tanh_double::tensors()), runtime::data_error);
  EXPECT_EQ(persistent(net), before);
}

}  // namespace
}  // namespace freefall::test
