// The agent of agent_bench: one hidden state, one outcome, beliefs by the forward filter, policies of four
// actions as a tree, the first action of the best ones.
#include <freefall/dsl.hpp>

freefall::program define() {
  using namespace freefall;
  axis<"state"> state;
  axis<"outcome"> outcome;
  axis<"move"> move;
  auto precision_of_policies = constant<"gamma">();
  auto wanted = constant<"wanted">(outcome);
  auto A = constant<"A">(outcome, state);
  auto B = constant<"B">(state, state.prime(), move);

  auto a = one_of<"a">(move);
  auto s = one_of<"s">(state);
  auto o = index_of<"o">(outcome);
  auto now = model<"now">(s <<= categorical(B(previous(s), a)), o <<= categorical(A(s)));
  auto q = family(exact(s));
  auto F = free_energy(now, q);

  auto first = branch<"first">(move);
  auto second = branch<"second">(move);
  auto third = branch<"third">(move);
  auto fourth = branch<"fourth">(move);
  auto s1 = one_of<"s1">(first, state);
  auto o1 = one_of<"o1">(first, outcome);
  auto s2 = one_of<"s2">(first, second, state);
  auto o2 = one_of<"o2">(first, second, outcome);
  auto s3 = one_of<"s3">(first, second, third, state);
  auto o3 = one_of<"o3">(first, second, third, outcome);
  auto s4 = one_of<"s4">(first, second, third, fourth, state);
  auto o4 = one_of<"o4">(first, second, third, fourth, outcome);
  auto p1 = model<"after_1">(s1 <<= categorical(B(s, first)), o1 <<= categorical(A(s1)));
  auto p2 = model<"after_2">(s2 <<= categorical(B(s1, second)), o2 <<= categorical(A(s2)));
  auto p3 = model<"after_3">(s3 <<= categorical(B(s2, third)), o3 <<= categorical(A(s3)));
  auto p4 = model<"after_4">(s4 <<= categorical(B(s3, fourth)), o4 <<= categorical(A(s4)));
  auto q1 = family(exact(s1));
  auto q2 = family(exact(s2));
  auto q3 = family(exact(s3));
  auto q4 = family(exact(s4));
  auto G = expected_free_energy(p1, q1, preference(o1, wanted)) +
           expected_free_energy(p2, q2, preference(o2, wanted)) +
           expected_free_energy(p3, q3, preference(o3, wanted)) +
           expected_free_energy(p4, q4, preference(o4, wanted));
  auto policies = softmax(-precision_of_policies * G);
  return program{kernel<"step">(advance(s), solve(F, q, s), evaluate<"F">(F), forward(p1, q1),
                                forward(p2, q2), forward(p3, q3), forward(p4, q4), evaluate<"G">(G),
                                choose(a, marginal(policies, first)))};
}
