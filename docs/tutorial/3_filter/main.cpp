#include <Eigen/LU>
#include <cmath>
#include <cstdio>
#include <freefall/runtime/random.hpp>

#include "filter_views.hpp"

int main() {
  filter::instance track;
  track.A() << 1, 1,  //
      0, 1;
  track.C() << 1, 0;
  track.Q() << 0.01, 0,  //
      0, 0.01;
  track.R() << 4;
  // What is known at the start: next to nothing.
  track.x().setZero();
  track.x_precision() << 1e-3, 0,  //
      0, 1e-3;

  const freefall::runtime::stream noise(1, "noise");
  for (int t = 1; t <= 40; ++t) {
    const double position = 0.5 * t;
    track.y()(0) = position + 2 * noise.normal(std::uint64_t(t));
    track.tick();
    if (t % 10 == 0) {
      std::printf("tick %2d: seen %6.2f, position %6.2f (true %6.2f), speed %5.2f +- %.2f\n", t, track.y()(0),
                  track.x()(0), position, track.x()(1), std::sqrt(track.x_precision().inverse()(1, 1)));
    }
  }
}
