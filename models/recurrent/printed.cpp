// Recurrent networks by predictive coding as they are printed in Millidge 2021, "Applications of the Free
// Energy Principle to Machine Learning and Neuroscience", section 6.2.3: the equations that hold, and those
// that do not.
//
// h[t] = f(theta_h h[t-1] + theta_x x[t]), y[t] = g(theta_y h[t]); f and g are tanh and sigmoid, all vectors
// share one axis. Where the paper multiplies by df/dtheta and the presynaptic activity, df/dtheta is f'.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  ticks<"t"> t;
  axis<"unit"> unit;
  auto step = input<"step">();
  auto x = input<"x">(t, unit);
  auto h = variable<"h">(t, unit);
  auto y = variable<"y">(t, unit);
  auto theta_h = parameter<"theta_h">(unit, unit.prime());
  auto theta_x = parameter<"theta_x">(unit, unit.prime());
  auto theta_y = parameter<"theta_y">(unit, unit.prime());

  auto f = tanh(theta_h * prime(h[t - 1]) + theta_x * prime(x[t]));
  auto g = sigmoid(theta_y * prime(h[t]));
  auto p = model<"recurrent_layer">(h[t] <<= normal(f), y[t] <<= normal(g));
  auto F = free_energy(p, family(delta(h)));

  auto eps_h = h - f;
  auto eps_y = y - g;
  auto xi_h = hadamard(eps_h, slope(f));
  auto xi_y = hadamard(eps_y, slope(g));
  refuted(-gradient(F, h),
          printed("Millidge 2021", "6.20", "the sign of dh/dt, and the derivatives of f and g")) =
      eps_h - prime(theta_y) * prime(eps_y) - prime(theta_h) * prime(shift(t)(eps_h));
  reference(-gradient(F, theta_y), printed("Millidge 2021", "6.21")) = dot(xi_y, prime(h), t);
  reference(-gradient(F, theta_x), printed("Millidge 2021", "6.21")) = dot(xi_h, prime(x), t);
  refuted(-gradient(F, theta_h), printed("Millidge 2021", "6.21", "the presynaptic activity is h[t - 1]")) =
      dot(xi_h, prime(shift(t)(h)), t);

  return program{kernel<"infer">(forward(p), repeat(20, descend(F, h, rate(step)))),
                 kernel<"learn">(descend(F, theta_h, theta_x, theta_y, sgd(step)))};
}
