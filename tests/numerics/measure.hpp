#pragma once
// Largest errors of the runtime's functions, in units in the last place, for each instruction set of this
// machine.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/numerics/measured.hpp"

namespace freefall::numerics {

struct instruction_set {
  const char* name;
  const implementation* functions;
};
/// Those that this machine runs and this program was built for, narrowest first.
std::vector<instruction_set> instruction_sets();
/// For each set of vectors of them the functions of the runtime, of Highway and of libmvec, in this order;
/// empty where they are not there.
std::vector<instruction_set> peers();

struct largest_error {
  double ulp = 0;       ///< NaN: the set has no such function
  double x = 0, y = 0;  ///< where
};
struct measurement {
  std::string_view name;
  double floor = 0;                   ///< the error counts in ulp of the larger of the exact value and this
  double bound = 0;                   ///< allowed by numerics.def
  std::vector<largest_error> by_set;  ///< as `sets`
};

struct sampling {
  std::uint64_t stride = 1;  ///< float functions of one argument: every stride-th of the 2^32 bit patterns
  std::size_t samples = 100'000;  ///< of each of four distributions, for double and for two arguments
  bool moderate = false;          ///< only normal arguments up to 700 whose exact value is a normal number
};

/// One for each row of numerics.def, then softmax and log_sum_exp over rows of 16. T: float or double.
template <class T>
std::vector<measurement> measure(const sampling& how,
                                 const std::vector<instruction_set>& sets = instruction_sets());

/// Nanoseconds for each element of an array in the first cache, the best of 200 rounds: a row for each of
/// measure(), a column for each set; NaN where it has no such function.
std::vector<std::vector<double>> nanoseconds(const std::vector<instruction_set>& sets);

}  // namespace freefall::numerics
