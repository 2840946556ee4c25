// The same network with rectified units and without biases.
#include "network.hpp"

freefall::program define() {
  return pcn::network<3, 20, pcn::biases::no>([](auto a) { return freefall::relu(a); });
}
