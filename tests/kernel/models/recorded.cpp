#include "tests/kernel/models/recorded.hpp"

freefall::program define() { return freefall::test::recorded(); }
