// A filter in generalised coordinates with a dynamic prior (Friston et al 2010; Millidge 2021, equations 3.10
// to 3.15): y = tanh(C x) + noise, x' = H x + noise, both noises smooth.
#include "filter.hpp"

freefall::program define() {
  return generalised_filter::dynamic(generalised_filter::observation{
      [](auto C, auto x) { return freefall::tanh(C * x); },
      [](auto C, auto x, auto xi) { return hadamard(xi, slope(freefall::tanh(C * x))) * C; }});
}
