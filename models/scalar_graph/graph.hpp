#pragma once
// Predictive coding on a graph of scalars that branches (Millidge, Tschantz and Buckley 2022, section 3.1):
//
//   v1 = theta v0,  v2 = sqrt(v1),  v3 = v0^2,  v4 = tan(v2) + sin(v3),  loss = weight / 2 (v4 - T)^2.
//
// Every vertex between input and output is a latent variable with its function as the mean; the output's
// density has the loss as its negative logarithm, up to a constant. `Passes` inference steps are made by the
// iterating kernels.

#include <freefall/dsl.hpp>

namespace scalar_graph {

using namespace freefall;

template <int Passes>
program graph() {
  plate<"batch"> batch;
  auto v0 = input<"v0">(batch);
  auto theta = parameter<"theta">();
  auto weight = input<"weight">();
  auto eta = input<"eta">();
  auto v1 = variable<"v1">(batch);
  auto v2 = variable<"v2">(batch);
  auto v3 = variable<"v3">(batch);
  auto target = variable<"target">(batch);

  auto p =
      model<"scalar_graph">(v1 <<= normal(theta * v0), v2 <<= normal(sqrt(v1)), v3 <<= normal(square(v0)),
                            target <<= normal(tan(v2) + sin(v3), precision(weight)));
  auto F = free_energy(p, family(delta(v1), delta(v2), delta(v3)));

  // Without hold, by hand (Millidge, Tschantz and Buckley 2022, equation 8): an error, minus the errors of
  // the children times the slopes of their functions.
  auto eps1 = v1 - theta * v0;
  auto eps2 = v2 - sqrt(v1);
  auto eps3 = v3 - square(v0);
  auto eps4 = weight * (target - tan(v2) - sin(v3));
  reference(kernel<"strict">, v1) = eps1 - hadamard(eps2, slope(sqrt(v1)));
  reference(kernel<"strict">, v2) = eps2 - hadamard(eps4, slope(tan(v2)));
  reference(kernel<"strict">, v3) = eps3 - hadamard(eps4, slope(sin(v3)));
  // With hold: predictions and slopes at the held point (the fixed prediction assumption).
  auto held2 = v2 - sqrt(held(v1));
  auto held4 = weight * (target - tan(held(v2)) - sin(held(v3)));
  reference(kernel<"relax">, v1) = eps1 - hadamard(held2, slope(sqrt(held(v1))));
  reference(kernel<"relax">, v2) = held2 - hadamard(held4, slope(tan(held(v2))));
  reference(kernel<"relax">, v3) = eps3 - hadamard(held4, slope(sin(held(v3))));
  reference(gradient(F, theta)) = -sum(hadamard(eps1, v0), batch);
  reference(gradient(F, v0)) = -theta * eps1 - 2 * hadamard(v0, eps3);

  auto by_v0 = evaluate<"by_v0">(gradient(F, v0));
  auto by_theta = evaluate<"by_theta">(gradient(F, theta));
  auto fall = descend(F, v1, v2, v3, rate(eta));
  return program{kernel<"predict">(forward(p), predict(target)),
                 // All vertices at once, as the paper does.
                 kernel<"relax">(forward(p), hold(predictions(p)), repeat(Passes, fall), by_v0, by_theta,
                                 evaluate<"energy">(F)),
                 // From the output back, each vertex with the new values of its children.
                 kernel<"relax_back">(forward(p), hold(predictions(p)), repeat(Passes, children_first(fall)),
                                      by_v0, by_theta),
                 kernel<"settle">(forward(p), hold(predictions(p)),
                                  until(tolerance(1e-15), at_most(4000), fall), by_v0, by_theta),
                 // The fixed point in one pass: reverse-mode differentiation.
                 kernel<"sweep">(forward(p), hold(predictions(p)),
                                 children_first(descend(F, v1, v2, v3, rate(1))), by_v0, by_theta),
                 // Without hold: a descent of F, whose fixed point is another gradient.
                 kernel<"strict">(forward(p), repeat(Passes, fall), by_v0, by_theta, evaluate<"energy">(F)),
                 kernel<"energy_at">(evaluate<"energy">(F))};
}

}  // namespace scalar_graph
