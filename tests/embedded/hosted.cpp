// Prints the trajectory where there is an operating system, one number a line.
#include <cinttypes>
#include <cstdio>

#include "trajectory.hpp"

int main() {
  static embedded::trajectory out;
  if (!embedded::run(out)) return 1;
  for (const auto& tick : out.words)
    for (const std::uint64_t word : tick) std::printf("%016" PRIx64 "\n", word);
}
