// Training takes little memory beyond what has to be there: parameters, the optimiser's state, activations
// and data.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <pcn_mnist.hpp>

namespace freefall::runtime {
namespace {

std::map<tensor_role, std::size_t> bytes_by_role() {
  std::map<tensor_role, std::size_t> out;
  for (const tensor_info& t : pcn_mnist::tensors()) out[t.role] += size(t) * sizeof(pcn_mnist::scalar);
  return out;
}

// The network 784-300-100-10 by hand: weights and biases, two moments of each, and 64 copies of all units.
TEST(Memory, ArraysAreParametersMomentsUnitsAndScalars) {
  auto bytes = bytes_by_role();
  constexpr std::size_t parameters = 784 * 300 + 300 * 100 + 100 * 10 + 300 + 100 + 10,
                        element = sizeof(float);
  EXPECT_EQ(bytes[tensor_role::parameter], parameters * element);
  EXPECT_EQ(bytes[tensor_role::optimiser_state], (2 * parameters + 1) * element);  // and the steps so far
  EXPECT_EQ(bytes[tensor_role::variable], 64 * (784 + 300 + 100 + 10) * element);
  EXPECT_EQ(bytes[tensor_role::input], 2 * element);  // rates
}

// All arrays of the library and the largest workspace, against the arrays that hold a state: at most 1.2
// times as much. A second copy of the gradients alone would make it 1.3.
TEST(Memory, WorkspaceAndArraysAreAtMostAFifthMoreThanTheState) {
  const std::size_t workspace =
      std::max({pcn_mnist::predict_workspace_bytes, pcn_mnist::infer_workspace_bytes,
                pcn_mnist::train_workspace_bytes, pcn_mnist::energy_workspace_bytes});
  auto bytes = bytes_by_role();
  const std::size_t state =
      bytes[tensor_role::parameter] + bytes[tensor_role::optimiser_state] + bytes[tensor_role::variable];
  std::size_t all = workspace;
  for (const auto& [role, n] : bytes) all += n;
  RecordProperty("workspace", std::to_string(workspace));
  RecordProperty("state", std::to_string(state));
  EXPECT_GT(workspace, 0U);
  EXPECT_LE(static_cast<double>(all), 1.2 * static_cast<double>(state)) << workspace << " bytes of workspace";
}

}  // namespace
}  // namespace freefall::runtime
