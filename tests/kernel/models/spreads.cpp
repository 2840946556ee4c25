#include "tests/kernel/models/spreads.hpp"

freefall::program define() { return freefall::test::spreads(); }
