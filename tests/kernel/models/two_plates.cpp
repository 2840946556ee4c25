// Copies of copies: trials in each session; and an array whose plates come last.
#include <freefall/dsl.hpp>

using namespace freefall;

program define() {
  plate<"session"> session;
  plate<"trial"> trial;
  axis<"cause"> cause;
  axis<"reading"> reading;
  auto x = variable<"x">(session, trial, cause);
  auto y = variable<"y">(session, trial, reading);
  auto W = parameter<"W">(reading, cause);
  auto z = variable<"z">(reading, trial, session);
  auto p = model<"two_plates">(x <<= normal(0), y <<= normal(W * x), z <<= normal(0));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"infer">(forward(p), repeat(3, descend(F, x, rate(0.1)))), kernel<"energy">(F)};
}
