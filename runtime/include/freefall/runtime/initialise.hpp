// Starting values of parameters and states.
//
// Every function fills the whole span. Element i takes draw i of the stream, so a tensor's values depend only
// on seed, stream and element; give each tensor a stream named after it: normal(W1.span(), 0.05, stream(seed,
// "W1")). Draws are made in double and rounded once to T.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "freefall/runtime/random.hpp"

namespace freefall::runtime::initialise {

/// Every element is `value`.
template <class T>
void constant(std::span<T> out, std::type_identity_t<T> value) {
  std::fill(out.begin(), out.end(), value);
}

/// Every element is zero.
template <class T>
void zeros(std::span<T> out) {
  constant(out, T(0));
}

// Mean 0, standard deviation `deviation`.
template <class T>
void normal(std::span<T> out, double deviation, const stream& draws) {
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const std::array<double, 2> pair = draws.normal_pair(i / 2);
    out[i] = static_cast<T>(deviation * pair[0]);
    if (i + 1 < out.size()) out[i + 1] = static_cast<T>(deviation * pair[1]);
  }
}

// Between `low` and `high` (either end can be met only by rounding to T).
template <class T>
void uniform(std::span<T> out, double low, double high, const stream& draws) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(low + (high - low) * draws.uniform(i));
}

// Glorot and Bengio (2010), eq. 12 and 16: variance 2 / (fan_in + fan_out), normal or uniform. A fan is the
// number of inputs (outputs) of one unit; their sum must not be 0.
template <class T>
void glorot_normal(std::span<T> out, std::size_t fan_in, std::size_t fan_out, const stream& draws) {
  normal(out, std::sqrt(2.0 / static_cast<double>(fan_in + fan_out)), draws);
}
/// Uniform between -a and a, a = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 16).
template <class T>
void glorot_uniform(std::span<T> out, std::size_t fan_in, std::size_t fan_out, const stream& draws) {
  const double limit = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  uniform(out, -limit, limit, draws);
}

// He, Zhang, Ren and Sun (2015), eq. 10: variance 2 / fan_in, for rectified units. fan_in must not be 0.
template <class T>
void he_normal(std::span<T> out, std::size_t fan_in, const stream& draws) {
  normal(out, std::sqrt(2.0 / static_cast<double>(fan_in)), draws);
}

// A rows x (size / rows) matrix, row-major, with 1 on the diagonal and 0 elsewhere. Throws
// std::invalid_argument if the span does not hold whole rows.
template <class T>
void identity(std::span<T> out, std::size_t rows) {
  if (rows == 0 || out.size() % rows != 0)
    throw std::invalid_argument("identity: " + std::to_string(out.size()) + " elements do not make " +
                                std::to_string(rows) + " whole rows; pass the number of rows of the matrix.");
  const std::size_t columns = out.size() / rows;
  zeros(out);
  for (std::size_t i = 0; i < std::min(rows, columns); ++i) out[i * columns + i] = T(1);
}

}  // namespace freefall::runtime::initialise
