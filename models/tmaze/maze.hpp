#pragma once
// A maze of four places: centre, two arms, a cue. The context says which arm holds the reward, the cue says
// which context it is. Outcomes: where, what reward, what cue. Policies of two moves, all of them, as a tree.
//
// With Learns, the table of rewards is not known: it has counts, which learn() adds to and which make the
// agent curious.

#include <boost/hana/tuple.hpp>
#include <freefall/dsl.hpp>

namespace freefall::models::tmaze {

template <bool Learns>
program maze() {
  axis<"place"> place;
  axis<"context"> context;
  axis<"move"> move;
  axis<"where"> where;
  axis<"reward"> reward;
  axis<"cue"> cue;
  auto gamma = input<"gamma">();
  auto wanted = input<"wanted">(reward);  // desired probabilities
  auto B = parameter<"B">(place, place.prime(), move);
  auto L = parameter<"L">(where, place);
  auto R = [&] {
    if constexpr (Learns) {
      return variable<"R">(reward, place, context);
    } else {
      return parameter<"R">(reward, place, context);
    }
  }();
  auto K = parameter<"K">(cue, place, context);

  auto a = one_of<"a">(move);
  auto s = one_of<"s">(place);
  auto c = one_of<"c">(context);
  auto w = index_of<"w">(where);
  auto r = index_of<"r">(reward);
  auto k = index_of<"k">(cue);
  auto moved = s <<= categorical(B(previous(s), a));
  auto lasting = c <<= categorical(previous(c));
  auto now = model<"now">(moved, lasting, w <<= categorical(L(s)), r <<= categorical(R(s, c)),
                          k <<= categorical(K(s, c)));
  auto q = family(exact(s), exact(c));
  auto F = free_energy(now, q);
  auto perceive = kernel<"perceive">(advance(s, c), repeat(4, solve(F, q, s), solve(F, q, c)));

  // By hand: what is predicted, times the likelihood of each outcome under the other belief (the tables of
  // the other variable enter by the expectation of their logarithm).
  auto seen = w * log_probability(L);
  auto told = r * log_probability(R) + k * log_probability(K);
  reference(kernel<"perceive">, s) = softmax(log_probability(B(previous(s), a)) + seen + told * c, place);
  reference(kernel<"perceive">, c) = softmax(log_probability(previous(c)) + told * s, context);

  // One step ahead, and two: s1 for each first move, s2 for each pair of moves.
  auto first = branch<"first">(move);
  auto second = branch<"second">(move);
  auto habit = input<"habit">(first, second);
  auto s1 = one_of<"s1">(first, place);
  auto w1 = one_of<"w1">(first, where);
  auto r1 = one_of<"r1">(first, reward);
  auto k1 = one_of<"k1">(first, cue);
  auto s2 = one_of<"s2">(first, second, place);
  auto w2 = one_of<"w2">(first, second, where);
  auto r2 = one_of<"r2">(first, second, reward);
  auto k2 = one_of<"k2">(first, second, cue);
  // What is learned: a factor of the models, and a member of the families, with the counts of the tick before
  // as prior.
  auto table = [&] {
    if constexpr (Learns) {
      return hana::make_tuple(dirichlet(R));
    } else {
      return hana::make_tuple();
    }
  }();
  auto counted = [&] {
    if constexpr (Learns) {
      return hana::make_tuple(R <<= dirichlet(previous(concentration(family(dirichlet(R)), R))));
    } else {
      return hana::make_tuple();
    }
  }();
  auto near = model<"near">(counted, s1 <<= categorical(B(s, first)), w1 <<= categorical(L(s1)),
                            r1 <<= categorical(R(s1, c)), k1 <<= categorical(K(s1, c)));
  auto far = model<"far">(counted, s2 <<= categorical(B(s1, second)), w2 <<= categorical(L(s2)),
                          r2 <<= categorical(R(s2, c)), k2 <<= categorical(K(s2, c)));
  auto q1 = family(exact(s1));
  auto q2 = family(exact(s2));
  auto G1 = expected_free_energy(near, family(exact(s1), table), preference(w1, 1 / count(where)),
                                 preference(r1, wanted), preference(k1, 1 / count(cue)));
  auto G2 = expected_free_energy(far, family(exact(s2), table), preference(w2, 1 / count(where)),
                                 preference(r2, wanted), preference(k2, 1 / count(cue)));
  auto G = G1 + G2;

  // By hand (Parr, Pezzulo and Friston 2022, chapter 2): risk + ambiguity of each modality; less what the
  // rewards teach about their table, the entropy of an expected outcome minus its expected entropy.
  auto risk = [](auto outcome, auto desired, auto axis) {
    return sum(xlogx(outcome) - hadamard(outcome, log_probability(desired)), axis);
  };
  auto of_step = [&](auto state) {
    auto in_context = [&](auto likelihood) { return dot(likelihood * c, state, place); };
    return risk(L * state, 1 / count(where), where) + risk(in_context(R), wanted, reward) +
           risk(in_context(K), 1 / count(cue), cue) - dot(sum(xlogx(L), where), state) -
           in_context(sum(xlogx(R), reward)) - in_context(sum(xlogx(K), cue));
  };
  auto less_novelty = [&](auto risk_and_ambiguity, auto state) {
    if constexpr (Learns) {
      auto counts = concentration(family(dirichlet(R)), R);
      auto total = sum(counts, reward);
      auto expected = hadamard(counts / total, digamma(counts + 1) - digamma(total + 1));
      return risk_and_ambiguity - dot(sum(expected - xlogx(R), reward) * c, state, place);
    } else {
      return risk_and_ambiguity;
    }
  };
  reference(G1) = less_novelty(of_step(s1), s1);
  reference(G2) = less_novelty(of_step(s2), s2);
  auto posterior = softmax(log_probability(habit) - gamma * G);
  auto plan_kernel =
      kernel<"plan">(forward(near, q1), forward(far, q2), evaluate<"G_near">(G1), evaluate<"G">(G),
                     evaluate<"q_policy">(posterior), evaluate<"first_action">(marginal(posterior, first)),
                     choose(a, marginal(posterior, first)));
  auto sample = kernel<"sample">(forward(near, q1), forward(far, q2), draw(a, marginal(posterior, first)));

  if constexpr (Learns) {
    auto taught = model<"taught">(counted, moved, lasting, r <<= categorical(R(s, c)));
    auto q_taught = family(exact(s), exact(c), dirichlet(R));
    auto F_taught = free_energy(taught, q_taught);
    auto counts = concentration(q_taught, R);
    reference(kernel<"learn">, counts) = previous(counts) + hadamard(hadamard(r, s), c);
    return program{perceive,
                   plan_kernel,
                   sample,
                   kernel<"begin">(forward(family(dirichlet(R)))),
                   kernel<"learn">(advance(concentration(q_taught, R)), solve(F_taught, q_taught, R)),
                   kernel<"free_energy">(F)};
  } else {
    return program{perceive, plan_kernel, sample, kernel<"free_energy">(F)};
  }
}

}  // namespace freefall::models::tmaze
