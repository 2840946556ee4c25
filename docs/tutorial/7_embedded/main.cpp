// The filter of lesson 3 on a small device: arrays and workspace are static, nothing is allocated, nothing
// throws.
#include <cstdio>

#include "embedded.hpp"

namespace {
float x[2], x_previous[2];
float x_precision[] = {1e-3F, 0, 0, 1e-3F}, x_previous_precision[4];
const float A[] = {1, 1, 0, 1}, C[] = {1, 0}, Q[] = {0.01F, 0, 0, 0.01F}, R[] = {4};
float y[1];
alignas(64) std::byte workspace[embedded::tick_workspace_bytes];
}  // namespace

int main() {
  embedded::arrays arrays;
  arrays.x = x, arrays.x_previous = x_previous;
  arrays.x_precision = x_precision, arrays.x_previous_precision = x_previous_precision;
  arrays.A = A, arrays.C = C, arrays.Q = Q, arrays.R = R, arrays.y = y;
  for (int t = 1; t <= 20; ++t) {
    y[0] = 0.5F * static_cast<float>(t);
    const auto status = embedded::tick(arrays, workspace);
    if (!status.ok()) {
      std::printf("tick %d: the kernel refused '%s'\n", t, status.tensor);
      return 1;
    }
  }
  std::printf("%zu bytes of workspace; position %.3f, speed %.3f\n", embedded::tick_workspace_bytes,
              static_cast<double>(x[0]), static_cast<double>(x[1]));
}
