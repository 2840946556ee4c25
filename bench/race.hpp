#pragma once
// Candidates that compute the same, timed in turn in one run: on a machine that is shared with others their
// ratios mean something, the times alone little.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace freefall::bench {

enum class kind { generated, hand, peer };

struct candidate {
  std::string variant;
  kind what = kind::peer;
  /// Makes this many calls and returns how long they took, in nanoseconds.
  std::function<double(long calls)> run;
  int threads = 1;
};

/// A candidate in this program, timed by the processor time of the thread.
candidate in_process(std::string variant, kind what, std::function<void()> call);

/// One that works on several threads, timed by the clock.
candidate on_threads(std::string variant, kind what, int threads, std::function<void()> call);

/// A peer in Python: `python3 FILE ARGUMENT...` prints "ready", with a remark perhaps, then answers each line
/// with a number of calls by the nanoseconds they took. Not there where Python or a module it needs is not
/// installed; says so. A peer that finds it computes something else prints "wrong: ..." instead, which is
/// thrown as std::runtime_error.
std::vector<candidate> in_python(const std::string& variant, const std::vector<std::string>& command);

/// Numbers for a peer in Python to start from and to compare with: double after double in a file that is
/// there as long as this is.
class numbers_file {
 public:
  numbers_file();
  ~numbers_file();
  numbers_file(const numbers_file&) = delete;
  numbers_file& operator=(const numbers_file&) = delete;
  template <class Range>
  numbers_file& add(const Range& range) {
    for (const auto x : range) append(static_cast<double>(x));
    return *this;
  }
  /// Writes what was added.
  const std::string& path();

 private:
  void append(double x) { numbers_.push_back(x); }
  std::string path_;
  std::vector<double> numbers_;
};

struct workload {
  std::string name;
  double operations = 0;          ///< floating-point, of one call of the best version
  bool double_precision = false;  ///< of the FMA loop that gives the limit
  int units = 0;                  ///< where there are any, the time for one of them is printed too
  double calls = 1;               ///< that make up what is reported
};

/// Options of every program:
///   --json FILE    also appends an object a line: workload, variant, threads, median_ns, ratio_to_best_hand,
///                  share_of_limit (null where it has no meaning)
///   --rounds N     default 31
struct options {
  std::string json;
  int rounds = 31;
};
/// Ends the program where they are wrong, or help is wanted.
options read_options(const std::string& name, int argc, char** argv);

struct result {
  std::string variant;
  int threads = 1;
  double median_ns = 0;
  std::optional<double> ratio_to_best_hand, share_of_limit;
};

/// The last of the results of measure().
inline constexpr const char* fma_limit = "FMA limit";

/// Times the candidates and an FMA loop over registers, which is the limit of the machine, in random order,
/// round after round: the median of each, its ratio to the best hand-written one and its share of the limit.
/// Denormals are zero meanwhile, as within kernels; a peer in another process has a mode of its own.
std::vector<result> measure(const workload& work, const std::vector<candidate>& candidates, int rounds);

/// Appends the results to the file of --json, if there is one. Throws std::runtime_error.
void append_json(const options& given, const std::string& workload, const std::vector<result>& results);

/// Measures and prints a table. Returns the exit code.
int race(const workload& work, const std::vector<candidate>& candidates, int argc, char** argv);

}  // namespace freefall::bench
