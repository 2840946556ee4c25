// A maze of four places: centre, two arms, a cue. The context says which arm holds the reward, the cue says
// which context it is. Outcomes: where, what reward, what cue.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  plate<"policy"> policy;
  axis<"place"> place;
  axis<"context"> context;
  axis<"move"> move;
  axis<"where"> where;
  axis<"reward"> reward;
  axis<"cue"> cue;
  auto gamma = input<"gamma">();
  auto wanted = input<"wanted">(reward);  // desired probabilities
  auto belief = input<"belief">(context);
  auto B = parameter<"B">(place, place.prime(), move);
  auto L = parameter<"L">(where, place);
  auto R = parameter<"R">(reward, place, context);
  auto K = parameter<"K">(cue, place, context);

  auto before = one_of<"before">(place);
  auto a = one_of<"a">(move);
  auto s = one_of<"s">(place);
  auto c = one_of<"c">(context);
  auto w = one_of<"w">(where);
  auto r = one_of<"r">(reward);
  auto k = one_of<"k">(cue);
  auto now = model<"now">(s <<= categorical(B(before, a)), c <<= categorical(belief), w <<= categorical(L(s)),
                          r <<= categorical(R(s, c)), k <<= categorical(K(s, c)));
  auto q = family(exact(s), exact(c));
  auto F = free_energy(now, q);

  // One step ahead, and two.
  auto a1 = one_of<"a1">(policy, move);
  auto s1 = one_of<"s1">(policy, place);
  auto w1 = one_of<"w1">(policy, where);
  auto r1 = one_of<"r1">(policy, reward);
  auto k1 = one_of<"k1">(policy, cue);
  auto near = model<"near">(s1 <<= categorical(B(s, a1)), w1 <<= categorical(L(s1)),
                            r1 <<= categorical(R(s1, c)), k1 <<= categorical(K(s1, c)));
  auto q1 = family(exact(s1));
  auto G1 = expected_free_energy(near, q1, preference(w1, 1 / count(where)), preference(r1, wanted),
                                 preference(k1, 1 / count(cue)));
  auto a2 = one_of<"a2">(policy, move);
  auto s2 = one_of<"s2">(policy, place);
  auto w2 = one_of<"w2">(policy, where);
  auto r2 = one_of<"r2">(policy, reward);
  auto k2 = one_of<"k2">(policy, cue);
  auto far = model<"far">(s2 <<= categorical(B(s1, a2)), w2 <<= categorical(L(s2)),
                          r2 <<= categorical(R(s2, c)), k2 <<= categorical(K(s2, c)));
  auto q2 = family(exact(s2));
  auto G2 = expected_free_energy(far, q2, preference(w2, 1 / count(where)), preference(r2, wanted),
                                 preference(k2, 1 / count(cue)));
  auto posterior = softmax(-gamma * (G1 + G2), policy);

  return program{kernel<"perceive">(forward(now, q), repeat(4, solve(F, q, s), solve(F, q, c))),
                 kernel<"plan">(forward(near, q1), forward(far, q2), evaluate<"G_near">(G1),
                                evaluate<"G">(G1 + G2), evaluate<"q_policy">(posterior),
                                evaluate<"first_action">(sum(hadamard(posterior, a1), policy)))};
}
