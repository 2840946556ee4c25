// Writes the table of measured errors of the runtime's functions: docs/numerics.md.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tests/numerics/measure.hpp"

namespace {

using namespace freefall::numerics;

std::string number(double x) { return fmt::format("{:.2f}", x); }

std::string argument(const largest_error& worst, bool two) {
  return two ? fmt::format("({:.5g}, {:.5g})", worst.x, worst.y) : fmt::format("{:.5g}", worst.x);
}

std::string table(const std::vector<measurement>& all) {
  const auto sets = instruction_sets();
  std::vector<std::string> names;
  for (const instruction_set& s : sets) names.emplace_back(s.name);
  std::string out = fmt::format("| function | ulp of | {} | bound | largest at |\n|---|---|{}---|---|\n",
                                fmt::join(names, " | "), [&] {
                                  std::string dashes;
                                  for (std::size_t i = 0; i < sets.size(); ++i) dashes += "---|";
                                  return dashes;
                                }());
  for (const measurement& m : all) {
    std::vector<std::string> errors;
    const largest_error* worst = &m.by_set[0];
    for (const largest_error& e : m.by_set) {
      errors.push_back(number(e.ulp));
      if (e.ulp > worst->ulp) worst = &e;
    }
    out +=
        fmt::format("| {} | {} | {} | {} | {} |\n", m.name,
                    m.floor == 0 ? "the value" : fmt::format("at least {:g}", m.floor),
                    fmt::join(errors, " | "), fmt::format("{:g}", m.bound), argument(*worst, worst->y != 0));
  }
  return out;
}

// Measured by hand: a loop of each set over an array in the first cache, the best of 40 rounds.
constexpr const char* kVectors = R"(## Vectors

Both types take the same route: polynomials of the runtime as straight-line code without calls, which the compiler makes
vector code of in the loops of kernels. For AVX2 and AVX-512 g++ 12 does so for every function in double too, except `sin`,
`cos`, `tan`, `pow` and `log_gamma`, which call the C library, and `polygamma`, whose order is an argument; for x86-64
alone the loops in double are scalar. Nanoseconds an element of a loop over 2048 numbers (EPYC 9004, g++ 12.2,
`-march=x86-64`, `-v3`, `-v4`; the C library takes 5.5 for an exponential and 10.2 for a hyperbolic tangent):

| double | baseline | AVX2 | AVX-512 |
|---|---|---|---|
| exp | 10.4 | 1.7 | 1.4 |
| log | 7.9 | 1.8 | 1.4 |
| tanh | 9.7 | 1.8 | 1.3 |
| sigmoid | 12.3 | 2.1 | 1.4 |
| softplus | 29.0 | 3.8 | 2.5 |
| erf | 35.6 | 4.8 | 3.2 |
| digamma | 16.3 | 3.2 | 2.5 |
| langevin | 20.2 | 3.3 | 2.3 |
| sin | 8.9 | 11.1 | 11.0 |
| pow | 10.1 | 10.1 | 10.1 |

)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures the largest errors of the runtime's functions, in units in the last place.");
  std::string file;
  sampling how{101, 100'000};
  app.add_option("--out", file, "the file to write; standard output without it");
  app.add_option("--stride", how.stride, "float: every which bit pattern (1: all, hours)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--samples", how.samples, "double: a quarter of the number of arguments")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::string text = fmt::format(
      "# Accuracy of the functions kernels call\n\n"
      "Written by `scripts/ulp`; the bounds stand in `tests/numerics/numerics.def` and are checked by "
      "`numerics_test`.\n\n"
      "Largest errors in units in the last place (ulp) over the whole domain: infinities, NaN and denormal "
      "numbers\n"
      "included. A correctly rounded function has 0.5. The code is the vectorised loop that kernels contain, "
      "built with\n"
      "their flags for each instruction set. `ulp of` says what the unit belongs to: the value, or the "
      "larger of the value\n"
      "and a floor where the function has a zero that no argument meets. softmax and log_sum_exp are over "
      "rows of 16.\n\n"
      "{}## float\n\n"
      "Against long double; every bit pattern number {} k, k = 0, 1, ...; functions of two arguments: {} "
      "pairs of each of\n"
      "four kinds.\n\n{}\n"
      "## double\n\n"
      "Against 113 bits (libquadmath); {} arguments of each of four kinds: within 40, within 760, towards "
      "zero, any bit\n"
      "pattern.\n\n{}",
      kVectors, how.stride, how.samples, table(measure<float>(how)), how.samples,
      table(measure<double>(how)));
  if (file.empty()) {
    std::cout << text;
    return 0;
  }
  std::ofstream to(file);
  to << text;
  to.close();
  if (!to) {
    std::cerr << "ulp: cannot write '" << file << "'\n";
    return 1;
  }
  return 0;
}
