#include "tests/kernel/models/methods.hpp"

freefall::program define() {
  return freefall::test::learn_by([](auto rate) { return freefall::momentum(rate, 0.9); });
}
