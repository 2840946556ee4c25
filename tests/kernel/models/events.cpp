#include "tests/kernel/models/events.hpp"

freefall::program define() { return freefall::test::events(); }
