// The same with a linear observation, y = C x + noise.
#include "filter.hpp"

freefall::program define() {
  return generalised_filter::dynamic(generalised_filter::observation{
      [](auto C, auto x) { return C * x; }, [](auto C, auto, auto xi) { return xi * C; }});
}
