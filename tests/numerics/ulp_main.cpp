// Writes the table of measured errors of the runtime's functions: docs/numerics.md.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gnu/libc-version.h>

#include <CLI/CLI.hpp>
#include <cmath>
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

// The processor and the compiler, for the reader of times.
std::string machine() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2) + ", g++ " + __VERSION__;
  }
  return std::string("g++ ") + __VERSION__;
}

constexpr const char* kVectors = R"(## Vectors

Both types take the same route: polynomials of the runtime as straight-line code without calls, which the compiler makes
vector code of in the loops of kernels. For AVX2 and AVX-512 g++ 12 does so for every function in double too, except `pow`
and `log_gamma`, which call the C library, and `polygamma`, whose order is an argument; for x86-64 alone the loops in
double are scalar, but those of `sin`, `cos` and `tan`. Nanoseconds an element of a loop over 1024 numbers in the first
cache, the best of 200 rounds ({}; `-march=x86-64`, `-v3`, `-v4`):

{}
)";

std::string times(const std::vector<measurement>& all) {
  const auto sets = instruction_sets();
  const auto rows = nanoseconds(sets);
  std::string out = "| double |", dashes = "|---|";
  for (const instruction_set& s : sets) {
    out += fmt::format(" {} |", s.name);
    dashes += "---|";
  }
  out += "\n" + dashes + "\n";
  for (std::size_t r = 0; r + 2 < rows.size(); ++r) {  // without the loops over rows, softmax and log_sum_exp
    out += fmt::format("| {} |", all[r].name);
    for (const double ns : rows[r]) out += fmt::format(" {:.2f} |", ns);
    out += "\n";
  }
  return out;
}

constexpr const char* kPeers = R"(## Beside Highway and libmvec

The same in double with the vector functions of Highway (`hwy/contrib/math`, {}) and of libmvec (glibc {}), each called on
whole vectors: largest error in ulp and nanoseconds an element. The arguments are normal numbers up to 700 with normal
results, which all three are made for; beyond, Highway has no infinities, NaN and denormal numbers.

{}
Slower than the faster of the two by more than a tenth: {}. What has no vector code here takes the function of the C
library for one number after the other, and has its errors.

)";

std::string beside_peers(const sampling& how) {
  const auto sets = peers();
  if (sets.empty())
    return "## Beside Highway and libmvec\n\nNot measured: `apt-get install libhwy-dev`, on x86-64 with "
           "glibc 2.35.\n\n";
  sampling moderate = how;
  moderate.moderate = true;
  const auto errors = measure<double>(moderate, sets);
  const auto times = nanoseconds(sets);
  std::string rows = "| double |", dashes = "|---|", slower;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    rows += s % 3 == 0 ? fmt::format(" freefall, {} |", sets[s].name) : fmt::format(" {} |", sets[s].name);
    dashes += "---|";
  }
  rows += "\n" + dashes + "\n";
  for (std::size_t r = 0; r < errors.size(); ++r) {
    if (std::isnan(times[r][1]) && std::isnan(times[r][2])) continue;
    rows += fmt::format("| {} |", errors[r].name);
    for (std::size_t s = 0; s < sets.size(); ++s) {
      rows += std::isnan(times[r][s])
                  ? " |"
                  : fmt::format(" {:.2f} ulp, {:.2f} ns |", errors[r].by_set[s].ulp, times[r][s]);
    }
    rows += "\n";
    for (std::size_t s = 0; s < sets.size(); s += 3) {
      const double best = std::fmin(times[r][s + 1], times[r][s + 2]);
      if (times[r][s] > 1.1 * best) {
        slower += fmt::format("{}`{}` for {} ({:.1f} times)", slower.empty() ? "" : ", ", errors[r].name,
                              sets[s].name, times[r][s] / best);
      }
    }
  }
  return fmt::format(kPeers, FREEFALL_HIGHWAY_VERSION, gnu_get_libc_version(), rows,
                     slower.empty() ? "none" : slower);
}

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

  const auto of_double = measure<double>(how);
  const std::string vectors = fmt::format(kVectors, machine(), times(of_double)) + beside_peers(how);
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
      "pattern; `sin`, `cos` and `tan` of numbers below 2^48, for from there on a number stands for a whole "
      "turn: sine 0,\n"
      "cosine 1 (`runtime/trigonometric_reduction.hpp`).\n\n{}",
      vectors, how.stride, how.samples, table(measure<float>(how)), how.samples, table(of_double));
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
