#include "maze.hpp"

freefall::program define() { return freefall::models::tmaze::maze<false>(); }
