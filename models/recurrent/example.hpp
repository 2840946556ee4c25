#pragma once
// Three sequences of eight ticks, random weights: the same for the kernels, the interpreter and the
// reference.

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "models/recurrent/reference.hpp"
#include "recurrent_views.hpp"

namespace freefall::models::recurrent {

inline constexpr int kBatch = 3, kTicks = 8, kFeature = 4, kLower = 5, kUpper = 6, kLabel = 2;

struct example {
  using matrix = by_hand::recurrent::network<double>::sequence::value_type;

  example() {
    const auto fill = [&](std::vector<double>& to, int n, double scale) {
      for (int i = 0; i < n; ++i) to.push_back(scale * std::uniform_real_distribution<double>(-1, 1)(random));
    };
    fill(x, kBatch * kTicks * kFeature, 1);
    fill(y, kBatch * kTicks * kLabel, 1);
    fill(W1, kLower * kFeature, 0.8);
    fill(U1, kLower * kLower, 0.7);
    fill(b1, kLower, 0.3);
    fill(W2, kUpper * kLower, 0.8);
    fill(U2, kUpper * kUpper, 0.7);
    fill(b2, kUpper, 0.3);
    fill(V, kLabel * kUpper, 0.8);
    fill(c, kLabel, 0.3);
  }

  static matrix as_matrix(const std::vector<double>& from, int rows, int columns) {
    matrix out(rows, columns);
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < columns; ++j) out(i, j) = from[static_cast<std::size_t>(i * columns + j)];
    }
    return out;
  }

  // The reference after its forward pass.
  by_hand::recurrent::network<double> network() const {
    by_hand::recurrent::parameters<double> theta;
    theta.layers.push_back(
        {as_matrix(W1, kLower, kFeature), as_matrix(U1, kLower, kLower), as_matrix(b1, 1, kLower)});
    theta.layers.push_back(
        {as_matrix(W2, kUpper, kLower), as_matrix(U2, kUpper, kUpper), as_matrix(b2, 1, kUpper)});
    theta.V = as_matrix(V, kLabel, kUpper);
    theta.c = as_matrix(c, 1, kLabel);
    by_hand::recurrent::network<double> out(theta);
    out.forward(sequence(x, kFeature), sequence(y, kLabel));
    return out;
  }

  static std::vector<matrix> sequence(const std::vector<double>& from, int size) {
    std::vector<matrix> out(kTicks, matrix(kBatch, size));
    for (int b = 0; b < kBatch; ++b) {
      for (int t = 0; t < kTicks; ++t) {
        for (int i = 0; i < size; ++i)
          out[static_cast<std::size_t>(t)](b, i) =
              from[static_cast<std::size_t>((b * kTicks + t) * size + i)];
      }
    }
    return out;
  }

  std::mt19937 random{11};
  std::vector<double> x, y, W1, U1, b1, W2, U2, b2, V, c;
};

inline void copy(const std::vector<double>& from, std::span<double> to) {
  std::copy(from.begin(), from.end(), to.begin());
}

/// The array of a tensor by its name.
inline std::span<double> elements(::recurrent::instance& net, const std::string& name) {
  const auto all = ::recurrent::tensors();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return net.elements(i);
  }
  throw std::logic_error("no array " + name);
}

/// The kernels with the arrays of an example.
inline ::recurrent::instance make(const example& s, double eta) {
  ::recurrent::instance net;
  for (const auto& [name, from] : {std::pair{"x", &s.x},
                                   {"y", &s.y},
                                   {"W1", &s.W1},
                                   {"U1", &s.U1},
                                   {"b1", &s.b1},
                                   {"W2", &s.W2},
                                   {"U2", &s.U2},
                                   {"b2", &s.b2},
                                   {"V", &s.V},
                                   {"c", &s.c}})
    copy(*from, elements(net, name));
  net.eta() = eta;
  return net;
}

/// Largest difference of the kernels' derivatives from those given, relative to 1 + their size. The axes of a
/// result stand in order of their names: by_W1[feature, lower], by_W2[lower, upper].
inline double distance(::recurrent::instance& net, const by_hand::recurrent::parameters<double>& g) {
  double worst = 0;
  const auto compare = [&](const char* name, const auto& expected) {
    const auto found = elements(net, name);
    for (Eigen::Index i = 0; i < expected.rows(); ++i)
      for (Eigen::Index j = 0; j < expected.cols(); ++j)
        worst = std::max(
            worst, std::fabs(found[static_cast<std::size_t>(i * expected.cols() + j)] - expected(i, j)) /
                       (1 + std::fabs(expected(i, j))));
  };
  compare("by_W1", g.layers[0].W.transpose());
  compare("by_U1", g.layers[0].U);
  compare("by_b1", g.layers[0].b);
  compare("by_W2", g.layers[1].W.transpose());
  compare("by_U2", g.layers[1].U);
  compare("by_b2", g.layers[1].b);
  compare("by_V", g.V);
  compare("by_c", g.c);
  return worst;
}

}  // namespace freefall::models::recurrent
