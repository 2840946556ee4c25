#include "tests/kernel/models/online.hpp"

freefall::program define() { return freefall::test::online(freefall::test::by_rows{}); }
