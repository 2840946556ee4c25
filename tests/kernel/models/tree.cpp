#include "tests/kernel/models/tree.hpp"

freefall::program define() { return freefall::test::tree(); }
