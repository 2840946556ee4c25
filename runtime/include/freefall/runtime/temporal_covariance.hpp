// The covariance of smooth noise and its derivatives: what noise in generalised coordinates of motion has
// along the axis of orders.
#pragma once

#include <cstddef>

namespace freefall::runtime {

// S, orders x orders, row-major: E[w^(i) w^(j)] of a stationary process of unit variance with autocorrelation
// rho(h) = exp(-h^2 / (2 s^2)), s > 0 the smoothness in units of time. E[w^(i) w^(j)] = (-1)^j rho^(i+j)(0)
// (Cox and Miller 1965, section 7.2): zero for odd i + j, else (-1)^(j + (i+j)/2) (i+j-1)!! / s^(i+j).
template <class T>
void temporal_covariance(std::size_t orders, T smoothness, T* out) {
  for (std::size_t i = 0; i < orders; ++i) {
    for (std::size_t j = 0; j < orders; ++j) {
      const std::size_t n = i + j;
      T moment = T(n % 2 == 0);
      for (std::size_t k = 1; k < n; k += 2) moment *= T(k) / (smoothness * smoothness);
      out[i * orders + j] = (j + n / 2) % 2 == 0 ? moment : -moment;
    }
  }
}

}  // namespace freefall::runtime
