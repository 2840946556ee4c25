#include "bench/spiking_model.hpp"

freefall::program define() { return freefall::bench::spiking::network(); }
