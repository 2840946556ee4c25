#pragma once
// Candidates that compute the same, timed in turn in one run: the ratios mean something on a machine that is
// shared with others, the absolute times little.

#include <functional>
#include <string>
#include <vector>

namespace freefall::bench {

enum class kind { generated, hand, peer };

struct candidate {
  std::string variant;
  kind what = kind::peer;
  std::function<void()> call;
  double operations =
      0;  ///< floating-point, of one call as the best version counts them; 0 where that says nothing
};

/// One workload: every candidate in turn, for `rounds` rounds, each timed by the processor time of this
/// thread; then an FMA loop over registers in the scalar of the workload, the limit of the machine in the
/// same rounds. Prints a line for each: median time of a call, its ratio to the best hand-written one, and
/// the share of the limit. With `--json FILE` appends an object for each, on a line of its own:
///   workload, variant, threads, median_ns, ratio_to_best_hand, share_of_limit (null where there is none)
/// Options: --json FILE, --rounds N (default 31). Returns the exit code of the program.
int race(int argc, char** argv, const std::string& workload, std::vector<candidate> candidates,
         bool double_precision = false);

/// A worker in Python: `python3 <file> <arguments>` prints "ready" (or why it is absent, and ends); then, for
/// each line with a number of calls, the processor time they took in nanoseconds. The candidates it serves
/// are timed by it. Empty, with a word on the terminal, where Python or a module it needs is not installed.
std::vector<candidate> python_peer(const std::string& variant, const std::string& file,
                                   const std::string& arguments);

}  // namespace freefall::bench
