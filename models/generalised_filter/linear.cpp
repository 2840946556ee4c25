// The same with a linear observation, y = C x + noise.
#include "filter.hpp"

freefall::program define() {
  return generalised_filter::dynamic([](auto C, auto x) { return C * x; });
}
