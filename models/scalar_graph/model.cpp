#include "graph.hpp"

freefall::program define() { return scalar_graph::graph<100>(); }
