#pragma once
// Derivatives of a function along a direction, by differences in extended precision.

#include <cmath>
#include <functional>
#include <vector>

namespace freefall::test {

struct Difference {
  long double value;
  long double error;  ///< estimated: the change from one step size to the next
};

/// d/dt f(t) at 0. Central differences at steps h, h/2, ... with Richardson extrapolation (Ridders 1982); the
/// entry that changes least is taken. With the 64-bit mantissa of x87 about 14 digits are reached on smooth
/// functions.
inline Difference derivative_at_zero(const std::function<long double(long double)>& f,
                                     long double h = 0.02L) {
  constexpr int kRows = 8;
  std::vector<std::vector<long double>> table(kRows, std::vector<long double>(kRows));
  Difference best{0.0L, HUGE_VALL};
  for (int i = 0; i < kRows; ++i, h /= 2) {
    table[i][0] = (f(h) - f(-h)) / (2 * h);
    long double factor = 1;
    for (int j = 1; j <= i; ++j) {
      factor *= 4;
      table[i][j] = (factor * table[i][j - 1] - table[i - 1][j - 1]) / (factor - 1);
      const long double error =
          std::fmax(std::fabs(table[i][j] - table[i][j - 1]), std::fabs(table[i][j] - table[i - 1][j - 1]));
      if (error < best.error) best = {table[i][j], error};
    }
  }
  return best;
}

}  // namespace freefall::test
