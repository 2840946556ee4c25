// A hidden Markov chain with actions, observed through two modalities: the forward filter, one tick a call.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  plate<"batch"> batch;
  axis<"place"> place;
  axis<"seen"> seen;
  axis<"heard"> heard;
  axis<"move"> move;
  auto before = one_of<"before">(batch, place);  // the belief of the tick before
  auto a = one_of<"a">(batch, move);
  auto s = one_of<"s">(batch, place);
  auto o = one_of<"o">(batch, seen);
  auto h = one_of<"h">(batch, heard);
  auto B = parameter<"B">(place, place.prime(), move);
  auto A = parameter<"A">(seen, place);
  auto H = parameter<"H">(heard, place);

  auto p = model<"filter">(s <<= categorical(B(before, a)), o <<= categorical(A(s)), h <<= categorical(H(s)));
  auto q = family(exact(s));
  auto F = free_energy(p, q);
  // The same model where `before` is an outcome: the expected log of the transition instead of its marginal.
  auto r = family(categorical(s));
  auto E = free_energy(p, r);
  return program{kernel<"perceive">(solve(F, q, s)), kernel<"predict">(forward(p, q)),
                 kernel<"free_energy">(F), kernel<"perceive_by_expected_log">(solve(E, r, s)),
                 kernel<"expected_log_energy">(E)};
}
