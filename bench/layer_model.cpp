// By rows, as the equation reads.
#include "bench/layer_model.hpp"

freefall::program define() {
  using namespace freefall;
  return bench::layer::network([](auto in, auto out) { return parameter<"W">(out, in); });
}
