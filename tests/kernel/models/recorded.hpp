// The units of events.hpp over ticks whose inputs are recorded: the drive of the signal, noise of the
// voltages and what a spike costs.
#pragma once

#include <freefall/dsl.hpp>

namespace freefall::test {

inline program recorded() {
  ticks<"t"> t;
  axis<"signal"> signal;
  axis<"unit"> unit;
  auto u = input<"u">(t, signal);
  auto xi = input<"xi">(t, unit);
  auto cost = input<"cost">(t, unit);
  auto eta = input<"eta">();
  auto x = trace<"x">(signal, decay(0.1), drive(u[t]));
  auto noise = trace<"noise">(unit, decay(0.1), drive(xi[t]));
  auto r = trace<"r">(unit, decay(0.1));
  auto D = parameter<"D">(signal, unit);
  auto W = parameter<"W">(unit.prime(), unit);

  auto E = sum(square(x - D * r), signal) / 2 - dot(noise, r) + dot(cost[t], r);
  auto firing = greedy(E, r);
  auto membrane = voltage<"V">(firing, W);
  auto L = sum(hadamard(prime(spike(firing)), square(membrane.value + W)), unit, unit.prime()) / 2;
  auto learn = on_spike(descend(L, W, rate(eta)));
  return program{
      kernel<"run">(each_tick(t, advance(x, r, membrane), fire(membrane, one_winner, learn))),
      kernel<"watch">(each_tick(t, record<"before">(t, membrane.value), advance(x, noise, r, membrane),
                                fire(membrane, one_winner), record<"raster">(t, spike(firing)),
                                record<"excess">(t, voltage_of(firing) - threshold_of(firing)))),
      kernel<"drained">(each_tick(t, advance(x, noise, r), fire(firing, drain(3)), record<"counts">(t, r)))};
}

}  // namespace freefall::test
