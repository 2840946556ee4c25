// Predictive coding with one latent level as it is printed in Millidge 2021, "Applications of the Free Energy
// Principle to Machine Learning and Neuroscience", section 3.2: the equations that hold, and those that do
// not.
//
// The likelihood is N(o; f(theta1 mu), Sigma2) and the prior N(mu; g(theta2 mubar), Sigma1), as the section
// begins; all vectors share one axis, the variances are diagonal, f and g are sigmoid.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto step = input<"step">();
  auto o = variable<"o">(unit);
  auto mu = variable<"mu">(unit);
  auto mubar = input<"mubar">(unit);
  auto theta1 = parameter<"theta1">(unit, unit.prime());
  auto theta2 = parameter<"theta2">(unit, unit.prime());
  auto Sigma1 = input<"Sigma1">(unit);
  auto Sigma2 = input<"Sigma2">(unit);

  auto f = sigmoid(theta1 * prime(mu));
  auto g = sigmoid(theta2 * prime(mubar));
  auto p = model<"single_level">(mu <<= normal(g, variance(Sigma1)), o <<= normal(f, variance(Sigma2)));
  auto F = free_energy(p, family(delta(mu)));

  auto eps_o = o - f;
  auto eps_x = mu - g;
  auto likelihood = hadamard(eps_o / Sigma2, slope(f));
  auto prior = hadamard(eps_x / Sigma1, slope(g));
  refuted(-F,
          printed("Millidge 2021", "3.3", "the sign and the factor 1/2 of the squares, and the logarithms")) =
      sum(square(eps_o) / Sigma2 + square(eps_x) / Sigma1 - log(4 * pi() * hadamard(Sigma1, Sigma2)), unit);
  reference(-gradient(F, mu), printed("Millidge 2021", "3.5")) =
      prime(theta1) * prime(likelihood) - eps_x / Sigma1;
  reference(gradient(F, theta1), printed("Millidge 2021", "3.5, second equality")) =
      -hadamard(likelihood, prime(mu));
  reference(gradient(F, theta2), printed("Millidge 2021", "3.5, second equality")) =
      -hadamard(prior, prime(mubar));
  refuted(-gradient(F, theta1), printed("Millidge 2021", "3.5", "dtheta/dt is descent, not dF/dtheta")) =
      -hadamard(likelihood, prime(mu));
  refuted(-gradient(F, theta2), printed("Millidge 2021", "3.5", "dtheta/dt is descent, not dF/dtheta")) =
      -hadamard(prior, prime(mubar));

  return program{kernel<"infer">(forward(p), repeat(20, descend(F, mu, rate(step)))),
                 kernel<"learn">(descend(F, theta1, theta2, sgd(step)))};
}
