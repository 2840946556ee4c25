#pragma once
// What a generator can do: one row a verb, one file a verb.
//
// The generator of a model runs them as `generator VERB options`, the program `freefall` as `freefall VERB
// MODEL options`; both make their command lines from this table. To add one, write `driver/<verb>.cpp` with a
// `run_<verb>` (and an `add_<verb>_options` where the verb has options of its own) and add its row in
// verbs.cpp.

#include <string>
#include <vector>

#include "codegen/ir/program.hpp"
#include "codegen/plan/specialisation.hpp"

namespace CLI {
class App;
}

namespace freefall::driver {

/// What the command line said.
struct Request {
  std::string format;                 ///< one of the verb's formats
  std::string name;                   ///< of the kernel library; empty: that of the model
  std::vector<std::string> axes;      ///< "axis=size"
  std::string scalar = "double";      ///< float or double
  std::string machine = "any";        ///< of plan::machines()
  std::size_t first_cache_bytes = 0;  ///< of its first cache; 0: that of the machine
  std::size_t cache_bytes = 0;        ///< of its second cache; 0: that of the machine
  std::string tile;                   ///< "<rows>x<vectors>" in registers; empty: that of the instruction set
  std::vector<std::string> omitted;   ///< arrays that the library does not give out
  std::vector<std::string> trusted;   ///< arrays that kernels do not check before they begin
  std::string out;                    ///< file or folder the verb writes to; empty: see the verb
  std::string rule;                   ///< explain: what is to be explained
  std::string results;                ///< report: a file an experiment has written
  std::string isa = "native";         ///< emit: native or portable
  bool freestanding = false;          ///< emit: a call of the C library is an error
  std::string report;                 ///< emit: a page to write beside the kernels
  std::string dump_after, stop_after;  ///< emit: passes
  std::vector<std::string> without;    ///< emit: optional passes that are left out
  bool times = false;                  ///< emit
  bool quiet = false;                  ///< verify: nothing is printed of what is as declared
};

struct Verb {
  const char* name;
  const char* help;  ///< one line
  bool sized;        ///< takes --name, --axes, --scalar, --machine with caches and tile, --omit, --trust
  std::vector<std::string> formats;  ///< of --format, the first is the default; empty: no such option
  void (*add_options)(CLI::App& app, Request& request);  ///< its own, or null
  /// Appends what is to be printed; returns the exit code. Throws ir::ModelError for a wrong model or
  /// request, std::runtime_error for a file.
  int (*run)(const Request& request, const ir::Program& program, std::string& out);
};

/// In the order of --help.
const std::vector<Verb>& verbs();

/// Adds to `app` what the verb understands.
void add_options(const Verb& verb, CLI::App& app, Request& request);

/// Name, sizes, scalar type, machine, omitted and trusted arrays as asked for. Throws ir::ModelError naming
/// what is wrong.
plan::Specialisation specialisation(const Request& request, const ir::Program& program);

}  // namespace freefall::driver
