// Filtering in generalised coordinates as it is printed in Millidge 2021, "Applications of the Free Energy
// Principle to Machine Learning and Neuroscience", section 3.3.1: equations that do not hold.
//
// y~ = f~(x~) + noise and x~ = g~(xbar~) + noise over orders of motion, with f = tanh(C x) and g = tanh(G
// xbar); x, y and xbar share one axis, the generalised precisions are diagonal.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"order"> order;
  axis<"unit"> unit;
  auto step = input<"step">();
  auto x = variable<"x">(order, unit);
  auto y = variable<"y">(order, unit);
  auto xbar = input<"xbar">(order, unit);
  auto C = parameter<"C">(unit, unit.prime());
  auto G = parameter<"G">(unit, unit.prime());
  auto Py = input<"Py">(order, unit);
  auto Px = input<"Px">(order, unit);

  auto D = shift(order);
  auto f = C * prime(x, unit);
  auto g = G * prime(xbar, unit);
  auto p = model<"generalised">(y <<= normal(f, precision(Py)), x <<= normal(g, precision(Px)));
  auto F = free_energy(p, family(delta(x)));

  auto eps_y = y - f;
  auto eps_x = x - g;
  refuted(gradient(F, x), printed("Millidge 2021", "3.14", "the error of x~ is x~ - g~, not y~ - g~")) =
      gradient(sum(hadamard(Py, square(eps_y)) + hadamard(Px, square(y - g)), order, unit) / 2, x);
  // The rule without the motion D x.
  refuted(-gradient(F, x),
          printed("Millidge 2021", "3.15", "the Jacobian of f, and the sign of its term, are missing")) =
      -hadamard(Py, eps_y) - hadamard(Px, eps_x);

  // A node of the lattice of orders n and levels i: predicted by the next order through f, by the level above
  // through g, each error of its own; n below and above it, i below and above it.
  auto node = variable<"node">(unit);
  auto order_below = input<"order_below">(unit);
  auto order_above = input<"order_above">(unit);
  auto level_below = input<"level_below">(unit);
  auto level_above = input<"level_above">(unit);
  auto W1 = parameter<"W1">(unit, unit.prime());  // this order predicts the one below
  auto W2 = parameter<"W2">(unit, unit.prime());
  auto G1 = parameter<"G1">(unit, unit.prime());
  auto G2 = parameter<"G2">(unit, unit.prime());
  auto pi_below = input<"pi_below">(unit);
  auto pi_order = input<"pi_order">(unit);
  auto pi_level_below = input<"pi_level_below">(unit);
  auto pi_level = input<"pi_level">(unit);
  auto below_f = tanh(W1 * prime(node));
  auto own_f = tanh(W2 * prime(order_above));
  auto below_g = tanh(G1 * prime(node));
  auto own_g = tanh(G2 * prime(level_above));
  auto e_order_below = order_below - below_f;
  auto e_order = node - own_f;
  auto e_level_below = level_below - below_g;
  auto e_level = node - own_g;
  auto E = sum(hadamard(pi_below, square(e_order_below)) + hadamard(pi_order, square(e_order)) +
                   hadamard(pi_level_below, square(e_level_below)) + hadamard(pi_level, square(e_level)),
               unit) /
           2;
  refuted(-gradient(E, node),
          printed("Millidge 2021", "3.20",
                  "the error of order n - 1 comes back, not that of n + 1; own errors have a minus; "
                  "weights are transposed")) =
      W2 * prime(hadamard(hadamard(pi_order, e_order), slope(own_f))) + hadamard(pi_order, e_order) +
      G1 * prime(hadamard(hadamard(pi_level_below, e_level_below), slope(below_g))) +
      hadamard(pi_level, e_level);

  return program{kernel<"tick">(descend(F, x, moving_frame(D, step)))};
}
