// Predictive coding on computation graphs as it is printed in Millidge 2021, "Applications of the Free Energy
// Principle to Machine Learning and Neuroscience", section 6.2 (Millidge, Tschantz and Buckley 2022): the
// equations that hold, and those that do not.
//
// The graph is a chain of vectors v0 -> v1 -> v2 -> v3 with v_i = f(theta_i v_(i-1)), f = tanh; all vertices
// share one axis. `vhat` are the predictions.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto step = input<"step">();
  auto v0 = input<"v0">(unit);
  auto v1 = variable<"v1">(unit);
  auto v2 = variable<"v2">(unit);
  auto v3 = variable<"v3">(unit);
  auto theta1 = parameter<"theta1">(unit, unit.prime());
  auto theta2 = parameter<"theta2">(unit, unit.prime());
  auto theta3 = parameter<"theta3">(unit, unit.prime());

  auto vhat1 = tanh(theta1 * prime(v0));
  auto vhat2 = tanh(theta2 * prime(v1));
  auto vhat3 = tanh(theta3 * prime(v2));
  auto p = model<"chain">(v1 <<= normal(vhat1), v2 <<= normal(vhat2), v3 <<= normal(vhat3));
  auto F = free_energy(p, family(delta(v1), delta(v2)));

  auto eps1 = v1 - vhat1;
  auto eps2 = v2 - vhat2;
  auto eps3 = v3 - vhat3;
  auto g2 = hadamard(eps2, slope(vhat2));
  refuted(F, printed("Millidge 2021", "6.7", "no factor 1/2 and no constants")) =
      sum(square(eps1) + square(eps2) + square(eps3), unit);
  reference(gradient(F, v1), printed("Millidge 2021", "6.8, second equality")) =
      eps1 - prime(theta2) * prime(g2);
  refuted(-gradient(F, v1), printed("Millidge 2021", "6.8", "dv/dt is descent, not dF/dv")) =
      eps1 - prime(theta2) * prime(g2);
  reference(-gradient(F, theta2), printed("Millidge 2021", "6.9")) = hadamard(g2, prime(v1));
  refuted(gradient(F, theta2), printed("Millidge 2021", "6.9, second equality",
                                       "the derivative of eps has a minus")) = hadamard(g2, prime(v1));
  refuted(gradient(F, v1), printed("Millidge 2021", "after 6.9",
                                   "the argument of f' is the value of the child in place of the parent's")) =
      eps1 - prime(theta2) * prime(hadamard(eps2, slope(tanh(theta2 * prime(vhat2)))));
  refuted(-gradient(F, theta2), printed("Millidge 2021", "after 6.9",
                                        "argument and presynaptic activity are the child's own prediction")) =
      hadamard(hadamard(eps2, slope(tanh(theta2 * prime(vhat2)))), prime(vhat2));
  refuted(-gradient(F, v2), printed("Millidge 2021", "algorithm 4", "ascends F")) = gradient(F, v2);
  // At the fixed point dF/dv1 is zero, and eps1 is what 6.10 gives: d(vhat of the parent)/d(v of the child)
  // is zero.
  refuted(gradient(F, v1),
          printed("Millidge 2021", "6.10", "it is the child's prediction that depends on the parent")) =
      eps1 - 0 * eps2;
  auto target = input<"target">(unit);
  refuted(gradient(sum(square(target - v3), unit) / 2, v3),
          printed("Millidge 2021", "6.12", "(T - v) = -dL/dv")) = target - v3;

  return program{kernel<"infer">(forward(p), repeat(20, descend(F, v1, v2, rate(step)))),
                 kernel<"learn">(descend(F, theta1, theta2, theta3, sgd(step)))};
}
