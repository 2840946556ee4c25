// The equations of predictive coding as the papers print them: those that hold, and those that do not.
//
// Millidge 2021, "Applications of the free energy principle to machine learning and neuroscience", chapters 3
// and 6. All levels share one axis, so that nothing but the mathematics tells a weight from its transpose.
// Precisions are the paper's inverse Sigma, full and symmetric where the paper's are; f is tanh.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto rate_mu = input<"rate_mu">();
  auto rate_theta = input<"rate_theta">();
  auto o = variable<"o">(unit);
  auto mu1 = variable<"mu1">(unit);
  auto mu2 = variable<"mu2">(unit);
  auto top = input<"top">(unit);  // the prior mean
  auto theta1 = parameter<"theta1">(unit, unit.prime());
  auto theta2 = parameter<"theta2">(unit, unit.prime());
  auto Pi0 = input<"Pi0">(unit);
  auto Pi1 = input<"Pi1">(unit);
  auto Pi2 = input<"Pi2">(unit);

  const auto a1 = theta1 * prime(mu1);
  const auto a2 = theta2 * prime(mu2);
  auto p =
      model<"pcn_printed">(o <<= normal(tanh(a1), precision(Pi0)), mu1 <<= normal(tanh(a2), precision(Pi1)),
                           mu2 <<= normal(top, precision(Pi2)));
  auto q = family(delta(mu1), delta(mu2));
  auto F = free_energy(p, q);

  const auto eps0 = o - tanh(a1);
  const auto eps1 = mu1 - tanh(a2);
  const auto xi0 = hadamard(Pi0, eps0);
  const auto xi1 = hadamard(Pi1, eps1);
  const auto g0 = hadamard(xi0, slope(tanh(a1)));

  reference(-gradient(F, mu1), printed("Millidge 2021", "3.8")) = prime(theta1) * prime(g0) - xi1;
  refuted(-gradient(F, mu1), printed("Millidge 2021", "3.8", "x")) = theta1 * prime(g0) - xi1;
  refuted(-gradient(F, theta1),
          printed("Millidge 2021", "3.9", "precision of level l for that of level l - 1")) =
      hadamard(hadamard(hadamard(Pi1, eps0), slope(tanh(a1))), prime(mu1));
  return program{kernel<"infer">(forward(p), repeat(20, descend(F, mu1, mu2, rate(rate_mu)))),
                 kernel<"learn">(descend(F, theta1, theta2, sgd(rate_theta)))};
}
