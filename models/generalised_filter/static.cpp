// A filter in generalised coordinates with a static prior: y = tanh(C x) + noise, x = G c + noise, c a given
// cause.
#include "filter.hpp"

freefall::program define() {
  return generalised_filter::fixed(generalised_filter::observation{
      [](auto C, auto x) { return freefall::tanh(C * x); },
      [](auto C, auto x, auto xi) { return hadamard(xi, slope(freefall::tanh(C * x))) * C; }});
}
