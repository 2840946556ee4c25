// By columns: in the caches a unit is a lane of a vector, and no sum is taken across lanes.
#include "bench/attractor_model.hpp"

freefall::program define() {
  using namespace freefall;
  return bench::attractor::network([](auto unit) { return parameter<"J">(unit.prime(), unit, no_diagonal); });
}
