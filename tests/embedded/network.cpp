// Prints, name by name, what prediction, inference and learning make of the arrays of a network: kernels as a
// hosted program uses them, gemm and vector functions included.
#include <cstdio>
#include <cstring>
#include <vector>

#include "pcn_portable.hpp"

namespace network = pcn_portable;

int main() {
  const auto tensors = network::tensors();
  std::vector<std::vector<float>> values;
  std::uint32_t random = 1;
  for (const auto& t : tensors) {
    auto& v = values.emplace_back(freefall::runtime::size(t));
    if (t.role == freefall::runtime::tensor_role::optimiser_state) continue;
    for (float& x : v) {
      random = random * 1664525 + 1013904223;  // Numerical Recipes' quick generator
      x = static_cast<float>(random >> 8) * 0x1p-24F - 0.5F;
    }
    if (t.rank == 0) v[0] = 0.05F;
  }
  const auto array = [&](const char* name) -> float* {
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (std::strcmp(tensors[i].name, name) == 0) return values[i].data();
    return nullptr;
  };
  network::arrays a;
#define FREEFALL_ARRAY(name) a.name = array(#name)
  FREEFALL_ARRAY(inference_rate), FREEFALL_ARRAY(learning_rate), FREEFALL_ARRAY(image), FREEFALL_ARRAY(h1);
  FREEFALL_ARRAY(h2), FREEFALL_ARRAY(digit), FREEFALL_ARRAY(W1), FREEFALL_ARRAY(W2), FREEFALL_ARRAY(W3);
  FREEFALL_ARRAY(b1), FREEFALL_ARRAY(b2), FREEFALL_ARRAY(b3), FREEFALL_ARRAY(energy);
  FREEFALL_ARRAY(train_steps), FREEFALL_ARRAY(W1_mean), FREEFALL_ARRAY(W1_square), FREEFALL_ARRAY(W2_mean);
  FREEFALL_ARRAY(W2_square), FREEFALL_ARRAY(W3_mean), FREEFALL_ARRAY(W3_square), FREEFALL_ARRAY(b1_mean);
  FREEFALL_ARRAY(b1_square), FREEFALL_ARRAY(b2_mean), FREEFALL_ARRAY(b2_square), FREEFALL_ARRAY(b3_mean);
  FREEFALL_ARRAY(b3_square);
#undef FREEFALL_ARRAY
  alignas(64) static std::byte workspace[8192];
  static_assert(sizeof workspace >= network::train_workspace_bytes);
  for (const auto kernel : {network::predict, network::infer, network::train, network::energy}) {
    // Learning starts from an error: what inference has settled has a gradient of roundings, which Adam
    // divides by itself.
    if (kernel == network::train)
      for (std::size_t i = 0; i < network::extent::batch * network::extent::label; ++i)
        a.digit[i] = i % 3 == 0 ? 1.0F : -1.0F;
    if (const auto s = kernel(a, workspace); !s.ok()) {
      std::fprintf(stderr, "%s refused '%s'\n", s.kernel, s.tensor);
      return 1;
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      std::printf("%s", tensors[i].name);
      for (const float x : values[i]) std::printf(" %.9g", static_cast<double>(x));
      std::printf("\n");
    }
  }
}
