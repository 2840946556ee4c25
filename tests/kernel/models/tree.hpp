#pragma once
// Policies of two moves as a tree, and the move that the best of them begin with. For tests of arrays that
// kernels set on the way: beliefs s1 and s2, predicted values G.

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program tree() {
  axis<"state"> state;
  axis<"outcome"> outcome;
  axis<"move"> move;
  auto wanted = constant<"wanted">(outcome);
  auto A = constant<"A">(outcome, state);
  auto B = constant<"B">(state, state.prime(), move);
  auto a = one_of<"a">(move);
  auto s = one_of<"s">(state);
  auto d = input<"d">(state);
  auto now = model<"now">(s <<= categorical(d));
  auto first = branch<"first">(move);
  auto second = branch<"second">(move);
  auto s1 = one_of<"s1">(first, state);
  auto o1 = one_of<"o1">(first, outcome);
  auto s2 = one_of<"s2">(first, second, state);
  auto o2 = one_of<"o2">(first, second, outcome);
  auto p1 = model<"after_1">(s1 <<= categorical(B(s, first)), o1 <<= categorical(A(s1)));
  auto p2 = model<"after_2">(s2 <<= categorical(B(s1, second)), o2 <<= categorical(A(s2)));
  auto q = family(exact(s));
  auto q1 = family(exact(s1));
  auto q2 = family(exact(s2));
  auto F = free_energy(now, q);
  auto G = expected_free_energy(p1, q1, preference(o1, wanted)) +
           expected_free_energy(p2, q2, preference(o2, wanted));
  return program{kernel<"step">(solve(F, q, s), forward(p1, q1), forward(p2, q2), evaluate<"G">(G),
                                choose(a, marginal(softmax(-G), first)))};
}

}  // namespace freefall::test
