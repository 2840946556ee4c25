// By rows: beyond the second cache a row goes through the vectors from its first element to the last.
#include "bench/attractor_model.hpp"

freefall::program define() {
  using namespace freefall;
  return bench::attractor::network([](auto unit) { return parameter<"J">(unit, unit.prime(), no_diagonal); });
}
