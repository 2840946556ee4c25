// The network of the demo and of the MNIST experiment: two hidden layers, tanh, biases.
#include "network.hpp"

freefall::program define() {
  return pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); });
}
