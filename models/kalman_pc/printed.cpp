// Kalman filtering by predictive coding as it is printed in Millidge 2021, "Applications of the Free Energy
// Principle to Machine Learning and Neuroscience", section 3.4 and appendix A: the equations that hold, and
// those that do not.
//
// States, senses and controls share one axis. From equation 3.25 on the paper writes Sigma_z and Sigma_x for
// precisions, and its L has no factor 1/2: read so, L is 2 F up to constants. Its last lines are compared
// with dF.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"unit"> unit;
  auto step = input<"step">();
  auto x = variable<"x">(unit);
  auto o = variable<"o">(unit);
  auto u = input<"u">(unit);
  auto mu = input<"mu">(unit);  // the estimate at the tick before
  auto A = parameter<"A">(unit, unit.prime());
  auto B = parameter<"B">(unit, unit.prime());
  auto C = parameter<"C">(unit, unit.prime());
  auto P = parameter<"P">(unit, unit.prime());
  auto R = parameter<"R">(unit, unit.prime());
  auto projected = (P + prime(P)) / 2;  // covariance of the projection: symmetric, as covariances are
  auto Sigma_z = (R + prime(R)) / 2;
  auto ahead = A * prime(mu) + B * prime(u);

  // The correction.
  auto q = family(gaussian(x));
  auto p = model<"correction">(x <<= normal(ahead, covariance(projected)),
                               o <<= normal(C * prime(x), covariance(Sigma_z)));
  auto F = free_energy(p, q);
  auto PC = matmul(projected, prime(C));
  auto K = matmul(PC, inverse(matmul(C, PC) + Sigma_z));
  reference(kernel<"correct">, x, printed("Millidge 2021", "3.24")) = ahead + K * prime(o - C * prime(ahead));
  refuted(kernel<"correct">, precision(q, x), printed("Millidge 2021", "3.24", "I - K C in place of I - K")) =
      inverse(projected - matmul(K, projected));
  reference(kernel<"correct">, precision(q, x), printed("Millidge 2021", "A.27")) =
      inverse(projected - matmul(K, matmul(C, projected)));

  // The gradients, for a point mass; from here on Sigma_x and Sigma_z are the precisions of projection and
  // observation.
  auto Px = inverse(projected);
  auto Pz = inverse(Sigma_z);
  auto eps_x = x - ahead;
  auto eps_z = o - C * prime(x);
  auto xi_x = Px * prime(eps_x);
  auto xi_z = Pz * prime(eps_z);
  auto E = free_energy(p, family(delta(x)));
  auto dx = gradient(E, x);
  refuted(2 * dx, printed("Millidge 2021", "3.25", "the likelihood has a minus under argmin")) =
      gradient(dot(eps_x, xi_x) - dot(eps_z, xi_z), x);
  auto Cz = matmul(prime(C), Pz);
  refuted(2 * dx, printed("Millidge 2021", "3.32, first line", "the sign of both terms with C")) =
      2 * Cz * prime(o) - matmul(Cz, C) * prime(x) - matmul(matmul(prime(C), prime(Pz)), C) * prime(x) +
      (Px + prime(Px)) * prime(x) - 2 * Px * prime(A * prime(mu)) - 2 * Px * prime(B * prime(u));
  refuted(2 * dx,
          printed("Millidge 2021", "3.32, second line", "C mu for y, so that the observation cancels")) =
      2 * matmul(Cz, C) * prime(x) - 2 * matmul(Cz, C) * prime(x) + 2 * Px * prime(x) -
      2 * Px * prime(A * prime(mu)) - 2 * Px * prime(B * prime(u));
  refuted(dx, printed("Millidge 2021", "3.32, third line", "B acts on the control, not on the estimate")) =
      Px * prime(x - A * prime(mu) - B * prime(mu)) - Cz * prime(eps_z);
  reference(dx, printed("Millidge 2021", "3.32, fourth line")) = xi_x - prime(C) * prime(xi_z);
  reference(gradient(E, A), printed("Millidge 2021", "3.33")) = -hadamard(xi_x, prime(mu));
  refuted(gradient(E, B), printed("Millidge 2021", "3.34, second line", "twice the next line")) =
      hadamard((Px + prime(Px)) * prime(B * prime(u)), prime(u)) +
      2 * hadamard(Px * prime(A * prime(mu)), prime(u)) - 2 * hadamard(Px * prime(x), prime(u));
  reference(gradient(E, B), printed("Millidge 2021", "3.34")) = -hadamard(xi_x, prime(u));
  refuted(gradient(E, C), printed("Millidge 2021", "3.35, second line", "twice the next line")) =
      2 * hadamard(Pz * prime(C * prime(x)), prime(x)) - 2 * hadamard(Pz * prime(o), prime(x));
  reference(gradient(E, C), printed("Millidge 2021", "3.35")) = -hadamard(xi_z, prime(x));

  return program{kernel<"correct">(solve(F, x, precision(q, x))),
                 kernel<"settle">(forward(p, q), repeat(20, descend(E, x, rate(step))))};
}
