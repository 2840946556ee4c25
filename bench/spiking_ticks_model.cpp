#include "bench/spiking_model.hpp"

freefall::program define() {
  const freefall::ticks<"t"> t;
  return freefall::bench::spiking::network(t);
}
