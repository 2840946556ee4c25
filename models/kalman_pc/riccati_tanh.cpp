// The same filter with f(x) = tanh(A x) and g(x) = tanh(C x): an extended Kalman filter, iterated at the
// update.
#include "gaussian_filter.hpp"

freefall::program define() {
  return kalman_pc::gaussian_filter<false>([](auto A, auto x) { return tanh(A * prime(x)); },
                                           [](auto C, auto x) { return tanh(C * x); });
}
