#include "tests/kernel/models/filter.hpp"

freefall::program define() { return freefall::test::filter(); }
