#include "tests/kernel/models/scans.hpp"

freefall::program define() { return freefall::test::scans(); }
