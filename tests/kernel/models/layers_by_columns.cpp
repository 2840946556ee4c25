#include "tests/kernel/models/layers.hpp"

freefall::program define() { return freefall::test::layers(freefall::test::weights_by_columns{}); }
