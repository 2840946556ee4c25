// A linear filter with a point-mass posterior: constant precision.
#include "filter.hpp"

freefall::program define() {
  return kalman_pc::filter<true>([](auto A, auto x) { return A * prime(x); },
                                 [](auto C, auto x) { return C * x; });
}
