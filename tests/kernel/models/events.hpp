// Units that fire one at a time; the couplings of the one that fires are learned.
#pragma once

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program events() {
  axis<"signal"> signal;
  axis<"unit"> unit;
  auto u = input<"u">(signal);
  auto eta = input<"eta">();
  auto x = trace<"x">(signal, decay(0.1), drive(u));
  auto r = trace<"r">(unit, decay(0.1));
  auto D = parameter<"D">(signal, unit);
  auto W = parameter<"W">(unit, unit.prime());

  auto E = sum(square(x - D * r), signal) / 2;
  auto firing = greedy(E, r);
  auto membrane = voltage<"V">(firing, W);
  auto L = sum(hadamard(prime(spike(firing)), square(membrane.value + W)), unit, unit.prime()) / 2;
  auto pull = sum(square(W), unit, unit.prime()) / 2;
  return program{
      kernel<"step">(advance(x, r, membrane), fire(membrane, one_winner, on_spike(descend(L, W, rate(eta))))),
      kernel<"settle">(descend(pull, W, rate(eta)))};
}

}  // namespace freefall::test
