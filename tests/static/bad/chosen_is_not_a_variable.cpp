#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"place"> place;
  axis<"move"> move;
  axis<"seen"> seen;
  auto first = branch<"first">(move);
  auto before = one_of<"before">(place);
  auto a = one_of<"a">(move);
  auto s = one_of<"s">(first, place);
  auto o = one_of<"o">(first, seen);
  auto B = parameter<"B">(place, place.prime(), move);
  auto A = parameter<"A">(seen, place);
  auto C = input<"C">(seen);
  auto gamma = input<"gamma">();
  auto p = model<"maze">(s <<= categorical(B(before, first)), o <<= categorical(A(s)));
  auto q = family(exact(s));
  auto G = expected_free_energy(p, q, preference(o, C));
  auto posterior_of_policies = softmax(-gamma * G);
  return program{kernel<"act">(forward(p, q), choose(C, marginal(posterior_of_policies, first)))};
}
