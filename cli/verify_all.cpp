#include "cli/verify_all.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/model.hpp"
#include "cli/process.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

struct Verified {
  std::string name;  ///< folder and file: pcn/model
  bool good = false;
  std::string printed;
};

// A file that is gone when its owner is.
class Capture {
 public:
  Capture() : path_(fs::temp_directory_path() / fmt::format("freefall-verify-{}", getpid())) {}
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::string text() const {
    std::ifstream in(path_, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

 private:
  fs::path path_;
};

Verified verify(const Installation& installation, const fs::path& source, const std::string& format,
                bool quiet) {
  Verified out{source.parent_path().filename() / source.stem(), false, {}};
  try {
    const Capture capture;
    std::vector<std::string> command{generator_of(installation, {source, nullptr}).string(), "verify",
                                     "--format", format};
    if (quiet) command.emplace_back("--quiet");
    out.good = run(command, capture.path()) == 0;
    out.printed = capture.text();
  } catch (const ir::ModelError& error) {
    fmt::print(stderr, "freefall: error: {}: {}\n", out.name, error.what());
  }
  return out;
}

}  // namespace

int verify_all(const Installation& installation, const std::string& format, bool quiet) {
  nlohmann::ordered_json specifications = nlohmann::ordered_json::array();
  std::vector<std::string> failing;
  std::size_t count = 0;
  for (const auto& [name, model] : installation.models) {
    for (const fs::path& source : model.specifications) {
      const Verified v = verify(installation, source, format, quiet);
      ++count;
      if (!v.good) failing.push_back(v.name);
      if (format == "json") {
        nlohmann::ordered_json said = nlohmann::ordered_json::parse(v.printed, nullptr, false);
        if (said.is_discarded()) said = {{"as_declared", v.good}};
        nlohmann::ordered_json entry{{"specification", v.name}};
        entry.update(said);
        if (!quiet || !v.good) specifications.push_back(std::move(entry));
      } else if (!v.printed.empty()) {
        fmt::print("{}{}\n{}\n", format == "markdown" ? "# " : "", v.name, v.printed);
        std::fflush(stdout);
      }
    }
  }
  if (format == "json") {
    const nlohmann::ordered_json out{{"as_declared", failing.empty()},
                                     {"specifications", std::move(specifications)}};
    fmt::print("{}\n", out.dump(2));
  } else if (!failing.empty()) {
    fmt::print("specifications: {}; not as declared: {}\n", count, fmt::join(failing, ", "));
  } else if (!quiet) {
    fmt::print("specifications: {}; every verdict is the declared one\n", count);
  }
  return failing.empty() ? 0 : 1;
}

}  // namespace freefall::cli
