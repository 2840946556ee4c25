// Perception and expected free energy of discrete states as they are printed in Millidge 2021, "Applications
// of the Free Energy Principle to Machine Learning and Neuroscience", section 2.10: the equations that hold,
// and those that do not.
//
// x is the state with the prior B, o the outcome with the table A; ln A is its row at the outcome.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"state"> state;
  axis<"seen"> seen;
  auto x = one_of<"x">(state);
  auto o = one_of<"o">(seen);
  auto A = parameter<"A">(seen, state);
  auto B = input<"B">(state);
  auto p = model<"perception">(x <<= categorical(B), o <<= categorical(A(x)));
  auto q = family(categorical(x));
  auto F = free_energy(p, q);

  auto ln_A = o * log_probability(A);
  auto ln_B = log_probability(B);
  reference(F, printed("Millidge 2021", "2.41")) = sum(xlogx(x), state) - dot(x, ln_A) - dot(x, ln_B);
  reference(gradient(F, x), printed("Millidge 2021", "2.42, second line")) =
      log_probability(x) + 1 - ln_A - ln_B;
  refuted(kernel<"perceive">, x,
          printed("Millidge 2021", "2.42, third line", "the signs of both logarithms")) =
      softmax(-ln_A - ln_B, state);

  // The future, with beliefs s: outcomes A s, desired with probabilities `wanted`.
  auto s = one_of<"s">(state);
  auto w = one_of<"w">(seen);
  auto wanted = input<"wanted">(seen);
  auto desired = input<"desired">(state);
  auto future = model<"future">(s <<= categorical(B), w <<= categorical(A(s)));
  auto r = family(exact(s));
  auto G = expected_free_energy(future, r, preference(w, wanted));
  auto ahead = A * s;
  auto expected_entropy = -dot(sum(xlogx(A), seen), s);
  auto information_gain = -sum(xlogx(ahead), seen) - expected_entropy;
  refuted(G, printed("Millidge 2021", "2.43, second decomposition", "the extrinsic value has a minus")) =
      dot(ahead, log_probability(wanted)) - information_gain;
  // With states desired: p~(o, x) = p(o | x) p~(x).
  auto states_desired = sum(xlogx(s), state) + expected_entropy - dot(s, log_probability(desired));
  refuted(states_desired,
          printed("Millidge 2021", "2.43, first decomposition", "the ambiguity has a minus")) =
      -expected_entropy + sum(xlogx(s), state) - dot(s, log_probability(desired));

  return program{kernel<"perceive">(solve(F, q, x)), kernel<"expect">(evaluate<"G">(G))};
}
