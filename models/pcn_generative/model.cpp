#include "network.hpp"

freefall::program define() { return pcn_generative::network<100>(); }
