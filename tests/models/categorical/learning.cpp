// A hidden chain of three ticks with actions whose tables are learned: beliefs, counts and their free energy.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"place"> place;
  axis<"seen"> seen;
  axis<"move"> move;
  auto a1 = one_of<"a1">(move);
  auto a2 = one_of<"a2">(move);
  auto s0 = one_of<"s0">(place);
  auto s1 = one_of<"s1">(place);
  auto s2 = one_of<"s2">(place);
  auto o0 = one_of<"o0">(seen);
  auto o1 = one_of<"o1">(seen);
  auto o2 = one_of<"o2">(seen);
  auto A = variable<"A">(seen, place);
  auto B = variable<"B">(place, place.prime(), move);
  auto D = variable<"D">(place);
  auto prior_A = input<"prior_A">(seen, place);
  auto prior_B = input<"prior_B">(place, place.prime(), move);
  auto prior_D = input<"prior_D">(place);

  auto p = model<"chain">(A <<= dirichlet(prior_A), B <<= dirichlet(prior_B), D <<= dirichlet(prior_D),
                          s0 <<= categorical(D), s1 <<= categorical(B(s0, a1)), s2 <<= categorical(B(s1, a2)),
                          o0 <<= categorical(A(s0)), o1 <<= categorical(A(s1)), o2 <<= categorical(A(s2)));
  auto q =
      family(categorical(s0), categorical(s1), categorical(s2), dirichlet(A), dirichlet(B), dirichlet(D));
  auto F = free_energy(p, q);
  return program{kernel<"begin">(forward(p, q)),
                 kernel<"believe">(solve(F, q, s0), solve(F, q, s1), solve(F, q, s2)),
                 kernel<"count">(solve(F, q, A), solve(F, q, B), solve(F, q, D)), kernel<"free_energy">(F)};
}
