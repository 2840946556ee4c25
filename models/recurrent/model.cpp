#include "network.hpp"

freefall::program define() { return recurrent::network<40>(); }
