#include "models/pcn_generative/network.hpp"

freefall::program define() { return pcn_generative::network<20>(); }
