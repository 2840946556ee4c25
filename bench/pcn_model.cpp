#include "bench/tanh_network.hpp"

freefall::program define() { return tanh_network<2, 20>(plain_descent); }
