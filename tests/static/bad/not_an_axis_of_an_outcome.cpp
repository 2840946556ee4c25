#include <freefall/dsl.hpp>
using namespace freefall;

program define() {
  axis<"weather"> weather;
  auto chances = input<"chances">(weather);
  auto tomorrow = one_of<"tomorrow">(chances);
  auto p = model<"forecast">(tomorrow <<= categorical(chances));
  auto F = free_energy(p, family(categorical(tomorrow)));
  return program{kernel<"energy">(F)};
}
