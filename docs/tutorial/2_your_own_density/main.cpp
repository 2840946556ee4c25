#include <cstdio>

#include "your_own_density_views.hpp"

int main() {
  your_own_density::instance sensor;
  // Eight readings of a straight line, intercept 1 and slope 0.5, at positions from -1 to 1.
  for (int i = 0; i < 8; ++i) {
    const double position = (i - 3.5) / 3.5;
    sensor.W()(i, 0) = 1;
    sensor.W()(i, 1) = position;
    for (int copy = 0; copy < 2; ++copy) sensor.o()(copy, i) = 1 + 0.5 * position;
  }
  sensor.o()(1, 6) = 40;  // in the second copy one reading is far off
  sensor.freedom() = 1;

  const auto print = [&](const char* noise) {
    for (int copy = 0; copy < 2; ++copy)
      std::printf("%-8s copy %d: intercept %.2f, slope %.2f\n", noise, copy, sensor.x()(copy, 0),
                  sensor.x()(copy, 1));
  };
  sensor.infer_square();
  print("normal");
  sensor.infer();
  print("student");
}
