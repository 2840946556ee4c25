// One state, one outcome, and every functional of them: what the table of functionals makes of each.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  axis<"act"> act;
  auto s = one_of<"s">(place);  // q(x): any belief
  auto o = one_of<"o">(seen);   // predicted
  auto d = input<"d">(place);   // p(x)
  auto A = input<"A">(seen, place);
  auto C = input<"C">(seen);             // p~(o)
  auto C_x = input<"C_x">(seen, place);  // p~(o|x)
  auto D = input<"D">(place);            // p~(x)
  auto P = input<"P">(place, seen);      // p(x|o), not that of Bayes' rule
  auto p = model<"future">(s <<= categorical(d), o <<= categorical(A(s)));
  auto q = family(categorical(s));

  // The present: an outcome that is given, actions and parameters that depend on the state.
  auto y = index_of<"y">(seen);
  auto a = one_of<"a">(act);
  auto pi = input<"pi">(act, place);      // q(a|x)
  auto pi_0 = input<"pi_0">(act, place);  // p(a|x)
  auto theta = one_of<"theta">(act);
  auto T = input<"T">(act, place);                           // q(theta|x)
  auto T_0 = input<"T_0">(act, place);                       // p(theta|x)
  auto optimal = index_of<"optimal">(act);                   // Omega: 1
  auto reached = input<"reached">(act, place, act.prime());  // p(Omega|x, a)
  auto now = model<"now">(s <<= categorical(d), y <<= categorical(A(s)));
  auto wide = model<"wide">(s <<= categorical(d), y <<= categorical(A(s)), a <<= categorical(pi_0(s)),
                            theta <<= categorical(T_0(s)));
  auto mdp =
      model<"mdp">(s <<= categorical(d), a <<= categorical(pi_0(s)), optimal <<= categorical(reached(s, a)));
  auto pomdp = model<"pomdp">(s <<= categorical(d), y <<= categorical(A(s)), a <<= categorical(pi_0(s)),
                              optimal <<= categorical(reached(s, a)));
  auto acting = family(categorical(s), conditional(a, pi(s)));

  auto G = expected_free_energy(p, q, preference(o, C));
  return program{
      kernel<"G_exact">(G),
      kernel<"G_posterior">(expected_free_energy(p, q, preference(o, C), posterior(s, P))),
      kernel<"G_states">(expected_free_energy_of_states(p, q, preference(s, D))),
      kernel<"future_exact">(free_energy_of_the_future(p, q, preference(o, C))),
      kernel<"future_posterior">(free_energy_of_the_future(p, q, preference(o, C), posterior(s, P))),
      kernel<"future_biased">(biased_free_energy_of_the_future(p, q, preference(o, C_x(s)))),
      kernel<"expected_future">(free_energy_of_the_expected_future(p, q, preference(o, C))),
      kernel<"divergence">(outcome_divergence(p, q, preference(o, C))),
      kernel<"evidence">(expected_evidence(p, q, preference(o, C))),
      kernel<"action_perception">(action_perception_divergence(p, q, preference(o, C), posterior(s, P))),
      kernel<"joint">(joint_divergence(p, q, preference(o, C), posterior(s, P))),
      kernel<"kl_control">(state_divergence(p, q, preference(s, D))),
      kernel<"variational">(free_energy(now, q)),
      kernel<"bound">(evidence_lower_bound(now, q)),
      kernel<"extended">(
          free_energy(wide, family(categorical(s), conditional(a, pi(s)), conditional(theta, T(s))))),
      kernel<"control_mdp">(free_energy(mdp, acting)),
      kernel<"control_pomdp">(free_energy(pomdp, acting))};
}
