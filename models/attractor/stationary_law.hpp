#pragma once
// Stationary laws of two coupled states under each schedule of sampling, by quadrature.
//
// With conditionals p1(s | t) = CB(beta (b1 + J12 t)) and p2(t | s) = CB(beta (b2 + J21 s)) every schedule
// draws each state from the other one, so its marginals satisfy m1 = int p1(. | t) m2(t) dt and
// m2 = int p2(. | s) m1(s) ds, whatever J is. What differs is how the two hang together at the end of a step:
//
//   all at once           m1(s) m2(t): the state drawn from s and the one drawn from t are two chains that
//                         never meet
//   first, then second    m1(s) p2(t | s)
//   in a random order     half of that and half of m2(t) p1(s | t)
//
// For symmetric J the last two are exp(beta (b . sigma + J s t)) / Z, and the first is that of Little (1974)
// and Peretto (1984).

#include <Eigen/Dense>
#include <stdexcept>

#include "models/attractor/simulation.hpp"
#include "models/reference/quadrature.hpp"

namespace freefall::by_hand::attractor {

struct moments {
  double first, second, pair;  // E s, E t, E s t
};

/// `net` has two states; its evidence, couplings and beta are read. 80 points an axis: 12 digits for |u|
/// < 20.
inline moments stationary_moments(const network<double>& net, schedule by) {
  if (net.size() != 2)
    throw std::invalid_argument("attractor: states of a law by quadrature: expected 2, found " +
                                std::to_string(net.size()));
  const auto rule = gauss_legendre<double>(80);
  const Eigen::Index points = Eigen::Index(rule.node.size());
  const auto node = Eigen::Map<const column<double>>(rule.node.data(), points);
  const auto weight = Eigen::Map<const column<double>>(rule.weight.data(), points);
  // Mean and density of the state given the other, at all pairs of points: column k is given node k.
  const auto conditional = [&](Eigen::Index i) {
    matrix<double> p(points, points);
    column<double> expected(points);
    for (Eigen::Index k = 0; k < points; ++k) {
      const double u = net.beta * (net.bias(i) + net.J(i, 1 - i) * node(k));
      expected(k) = cb::mean(u);
      for (Eigen::Index j = 0; j < points; ++j) p(j, k) = std::exp(-cb::surprise(node(j), u));
    }
    return std::pair(p, expected);
  };
  const auto [p1, mean1] = conditional(0);
  const auto [p2, mean2] = conditional(1);
  column<double> m1 = column<double>::Constant(points, 0.5), m2 = m1;
  for (double change = 1; change > 1e-15;) {
    const column<double> next = p1 * weight.cwiseProduct(m2);
    change = (next - m1).cwiseAbs().maxCoeff();
    m1 = next;
    m2 = p2 * weight.cwiseProduct(m1);
  }
  const auto average = [&](const column<double>& density, const column<double>& of) {
    return weight.cwiseProduct(density).dot(of);
  };
  moments out{average(m1, node), average(m2, node), 0};
  const double second_last = average(m1, node.cwiseProduct(mean2)),
               first_last = average(m2, node.cwiseProduct(mean1));
  switch (by) {
    case schedule::synchronous: out.pair = out.first * out.second; break;
    case schedule::sequential: out.pair = second_last; break;
    case schedule::random_scan: out.pair = (first_last + second_last) / 2; break;
  }
  return out;
}

}  // namespace freefall::by_hand::attractor
