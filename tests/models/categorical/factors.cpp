// Two hidden factors, a window of two ticks for the first, one modality that reads both: mean field.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"place"> place;
  axis<"context"> context;
  axis<"seen"> seen;
  auto first = one_of<"first">(place);
  auto s = one_of<"s">(place);
  auto c = one_of<"c">(context);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto e = parameter<"e">(context);
  auto B = parameter<"B">(place, place.prime());
  auto A = parameter<"A">(seen, place, context);

  auto p = model<"factors">(first <<= categorical(d), s <<= categorical(B(first)), c <<= categorical(e),
                            o <<= categorical(A(s, c)));
  auto q = family(categorical(first), categorical(s), categorical(c));
  auto F = free_energy(p, q);
  return program{kernel<"begin">(forward(p)),
                 kernel<"solve_first">(solve(F, q, first)),
                 kernel<"solve_s">(solve(F, q, s)),
                 kernel<"solve_c">(solve(F, q, c)),
                 kernel<"settle">(until(tolerance(1e-14), at_most(500), solve(F, q, first), solve(F, q, s),
                                        solve(F, q, c))),
                 kernel<"free_energy">(F)};
}
