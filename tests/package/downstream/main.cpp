// Infers the causes of two readings. The posterior mean is (W' P W + I)^-1 W' P o, worked out here by hand.
#include <cmath>
#include <cstdio>
#include <numbers>

#include "sensor_kernels_views.hpp"

int main() {
  sensor_kernels::instance sensor;
  sensor.W() << 1, 0,  //
      0, 1,            //
      1, 1;
  sensor.P() << 1, 2, 1;
  sensor.o() << 1, 2, 3,  //
      0, 0, 1;
  sensor.infer();
  const double energy = sensor.energy();

  // W' P W + I = [3 1; 1 4], its inverse [4 -1; -1 3] / 11, and W' P o = (4, 7) and (1, 1).
  const double expected[2][2] = {{9.0 / 11, 17.0 / 11}, {3.0 / 11, 2.0 / 11}};
  double worst = 0;
  for (int copy = 0; copy < 2; ++copy) {
    for (int c = 0; c < 2; ++c) worst = std::fmax(worst, std::fabs(sensor.x()(copy, c) - expected[copy][c]));
    std::printf("reading %d: causes %.6f %.6f\n", copy, sensor.x()(copy, 0), sensor.x()(copy, 1));
  }
  // (o' P o - b' x) / 2 with b = W' P o, 43/22 and 3/11; and the constants of five normal densities a copy.
  const double constants = 5 * std::log(2 * std::numbers::pi) - std::log(2.0);
  const double difference = std::fabs(energy - (43.0 / 22 + 3.0 / 11 + constants));
  // A step of 0.2 leaves at most 0.53 of the distance to the minimum, so after 100 only rounding is left.
  std::printf("largest difference from the closed form: causes %.1e, free energy %.1e\n", worst, difference);
  return worst < 1e-12 && difference < 1e-12 ? 0 : 1;
}
