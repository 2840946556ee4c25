// The equations of hierarchical predictive coding as they are printed in Millidge 2021, "Applications of the
// Free Energy Principle to Machine Learning and Neuroscience", chapters 3 and 6: those that hold, and those
// that do not.
//
// All levels share one axis, so that nothing but the mathematics tells a weight from its transpose. The
// paper's inverse Sigma are diagonal precisions Pi, its f is tanh, and where it multiplies by df/d(argument)
// that is f'.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto step = input<"step">();
  auto o = variable<"o">(unit);
  auto mu1 = variable<"mu1">(unit);
  auto mu2 = variable<"mu2">(unit);
  auto top = input<"top">(unit);
  auto theta1 = parameter<"theta1">(unit, unit.prime());
  auto theta2 = parameter<"theta2">(unit, unit.prime());
  auto Pi0 = input<"Pi0">(unit);
  auto Pi1 = input<"Pi1">(unit);
  auto Pi2 = input<"Pi2">(unit);

  auto a1 = theta1 * prime(mu1);
  auto a2 = theta2 * prime(mu2);
  auto p =
      model<"hierarchical">(o <<= normal(tanh(a1), precision(Pi0)), mu1 <<= normal(tanh(a2), precision(Pi1)),
                            mu2 <<= normal(top, precision(Pi2)));
  auto F = free_energy(p, family(delta(mu1), delta(mu2)));

  auto eps0 = o - tanh(a1);
  auto eps1 = mu1 - tanh(a2);
  auto eps2 = mu2 - top;
  auto g0 = hadamard(hadamard(Pi0, eps0), slope(tanh(a1)));
  refuted(F, printed("Millidge 2021", "3.7",
                     "no factor 1/2, and the sum begins at level 1: the data are left out")) =
      sum(hadamard(Pi1, square(eps1)) + log(2 * pi() / Pi1) + hadamard(Pi2, square(eps2)) +
              log(2 * pi() / Pi2),
          unit);
  reference(-gradient(F, mu1), printed("Millidge 2021", "3.8")) =
      prime(theta1) * prime(g0) - hadamard(Pi1, eps1);
  refuted(-gradient(F, theta1), printed("Millidge 2021", "3.9", "the precision is that of level l - 1")) =
      hadamard(hadamard(hadamard(Pi1, eps0), slope(tanh(a1))), prime(mu1));

  // Section 3.5: unit precisions, and an error unit driven by all value units through psi.
  auto b0 = variable<"b0">(unit);
  auto b1 = variable<"b1">(unit);
  auto b2 = input<"b2">(unit);
  auto W1 = parameter<"W1">(unit, unit.prime());
  auto W2 = parameter<"W2">(unit, unit.prime());
  auto psi = parameter<"psi">(unit, unit.prime());
  auto c1 = W1 * prime(b1);
  auto c2 = W2 * prime(b2);
  auto classifier = model<"classifier">(b0 <<= normal(tanh(c1)), b1 <<= normal(tanh(c2)));
  auto E = free_energy(classifier, family(delta(b1)));
  auto e0 = hadamard(b0 - tanh(c1), slope(tanh(c1)));
  reference(-gradient(E, b1), printed("Millidge 2021", "3.37")) = tanh(c2) - b1 + prime(W1) * prime(e0);
  reference(-gradient(E, W1), printed("Millidge 2021", "3.37")) = hadamard(e0, prime(b1));
  auto diffuse = psi * prime(b1) - tanh(c2);
  reference(-gradient(sum(square(diffuse), unit) / 2, psi), printed("Millidge 2021", "3.40")) =
      -hadamard(diffuse, prime(b1));

  // Section 6.1: the gradients of a loss L(f(W2 f(W1 y))).
  auto y0 = input<"y0">(unit);
  auto goal = input<"goal">(unit);
  auto y1 = tanh(W1 * prime(y0));
  auto y2 = tanh(W2 * prime(y1));
  auto L = sum(square(goal - y2), unit) / 2;
  auto adjoint = hadamard(y2 - goal, slope(y2));
  // dL/dy1 is found with y1 as a free variable in the place of its value: b1.
  auto z2 = tanh(W2 * prime(b1));
  auto free_adjoint = hadamard(z2 - goal, slope(z2));
  refuted(gradient(sum(square(goal - z2), unit) / 2, b1),
          printed("Millidge 2021", "6.5", "the derivative of f(W y) by y has the factor W already")) =
      W2 * prime(prime(W2) * prime(free_adjoint));
  refuted(gradient(L, W2),
          printed("Millidge 2021", "6.6", "the presynaptic activity is that of layer l, not the last")) =
      hadamard(adjoint, prime(y2));

  return program{kernel<"infer">(forward(p), repeat(20, descend(F, mu1, mu2, rate(step)))),
                 kernel<"learn">(descend(F, theta1, theta2, sgd(step)))};
}
