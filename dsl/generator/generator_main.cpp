// The main function of every generator. A specification defines `freefall::program define()`.

#include <freefall/dsl.hpp>

#include "codegen/driver/generator.hpp"

freefall::program define();

int main(int argc, char** argv) {
  return freefall::driver::run_generator(argc, argv, [] { return define().ir(); });
}
