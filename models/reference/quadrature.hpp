#pragma once
// Gauss-Legendre quadrature for the hand-written references and their tests.

#include <cmath>
#include <concepts>
#include <numbers>
#include <vector>

namespace freefall::by_hand {

template <std::floating_point T>
struct quadrature_rule {
  std::vector<T> node, weight;
};

// The n-point Gauss-Legendre rule on [low, high], nodes ascending; exact for polynomials of degree 2n - 1.
// The nodes are roots of the Legendre polynomial P_n, by Newton from cos(pi (k + 3/4) / (n + 1/2)), with
//   (j + 1) P_{j+1} = (2j + 1) x P_j - j P_{j-1},   (x^2 - 1) P_n' = n (x P_n - P_{n-1}),
//   weight = 2 / ((1 - x^2) P_n'^2)               (Abramowitz and Stegun 1964, 25.4.29).
template <std::floating_point T>
quadrature_rule<T> gauss_legendre(int n, T low = -1, T high = 1) {
  quadrature_rule<T> rule;
  const T middle = (low + high) / 2, half = (high - low) / 2;
  for (int k = n - 1; k >= 0; --k) {
    T x = std::cos(std::numbers::pi_v<T> * (T(k) + T(0.75)) / (T(n) + T(0.5)));
    T slope = 0;
    for (int newton = 0; newton < 8; ++newton) {  // converges quadratically from 1e-3 at the worst
      T below = 0, p = 1;
      for (int j = 0; j < n; ++j) {
        const T next = (T(2 * j + 1) * x * p - T(j) * below) / T(j + 1);
        below = p;
        p = next;
      }
      slope = T(n) * (x * p - below) / (x * x - 1);
      x -= p / slope;
    }
    rule.node.push_back(middle + half * x);
    rule.weight.push_back(half * 2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

}  // namespace freefall::by_hand
