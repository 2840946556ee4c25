// Food lies behind one of two doors, a shock behind the other. One may open a door, or ask.
#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"door"> door;      // left, right: where the food is
  axis<"move"> move;      // ask, open left, open right
  axis<"reward"> reward;  // nothing, food, shock
  axis<"answer"> answer;  // left, right
  auto gamma = input<"gamma">();
  auto wanted = input<"wanted">(reward);  // desired probabilities
  auto R = parameter<"R">(reward, move, door);
  auto K = parameter<"K">(answer, move, door);
  auto S = parameter<"S">(door, door.prime());  // the food stays where it is

  auto a = one_of<"a">(move);
  auto c = one_of<"c">(door);
  auto r = index_of<"r">(reward);
  auto k = index_of<"k">(answer);
  auto now =
      model<"now">(c <<= categorical(S(previous(c))), r <<= categorical(R(a, c)), k <<= categorical(K(a, c)));
  auto q = family(exact(c));
  auto F = free_energy(now, q);

  // What each move would lead to.
  auto next = branch<"next">(move);
  auto c1 = one_of<"c1">(next, door);
  auto r1 = one_of<"r1">(next, reward);
  auto k1 = one_of<"k1">(next, answer);
  auto ahead = model<"ahead">(c1 <<= categorical(S(c)), r1 <<= categorical(R(next, c1)),
                              k1 <<= categorical(K(next, c1)));
  auto q1 = family(exact(c1));
  auto G = expected_free_energy(ahead, q1, preference(r1, wanted), preference(k1, 1 / count(answer)));
  auto posterior = softmax(-gamma * G);

  return program{kernel<"plan">(forward(ahead, q1), evaluate<"G">(G), choose(a, marginal(posterior, next))),
                 kernel<"perceive">(advance(c), solve(F, q, c)), kernel<"surprise">(F)};
}
