// Infers the causes of one reading with arrays and a workspace of its own: no heap, no compiler of freefall, no views.
#include <cmath>
#include <cstdio>
#include <freefall/runtime/error.hpp>

#include "sensor_kernels.hpp"

int main() {
  using namespace sensor_kernels;
  alignas(64) static std::byte workspace[infer_workspace_bytes];
  double W[] = {1, 0, 0, 1, 1, 1}, x[2] = {};
  const double P[] = {1, 2, 1}, o[] = {1, 2, 3};
  arrays a;
  a.batch_copies = 1;
  a.x = x, a.o = o, a.W = W, a.P = P;
  if (const auto status = infer(a, workspace); !status.ok()) {
    std::printf("%s\n", freefall::runtime::describe(status).c_str());
    return 1;
  }
  // (W' P W + I)^-1 W' P o with W' P W + I = [3 1; 1 4] and W' P o = (4, 7).
  std::printf("causes %.6f %.6f\n", x[0], x[1]);
  return std::fabs(x[0] - 9.0 / 11) < 1e-12 && std::fabs(x[1] - 17.0 / 11) < 1e-12 ? 0 : 1;
}
