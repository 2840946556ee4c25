#include "cli/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/process.hpp"
#include "codegen/ir/hash.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string hash(const std::string& text) { return fmt::format("{:016x}", ir::hash_text(text)); }

fs::path cache_folder() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && *xdg != 0) return fs::path(xdg) / "freefall";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != 0) return fs::path(home) / ".cache/freefall";
  return fs::temp_directory_path() / fmt::format("freefall-{}", getuid());
}

std::vector<std::string> compile_command(const Installation& in, const fs::path& source) {
  const char* chosen = std::getenv("CXX");
  std::vector<std::string> out{chosen != nullptr && *chosen != 0 ? chosen : in.compiler};
  out.insert(out.end(), in.flags.begin(), in.flags.end());
  for (const fs::path& include : in.includes) out.push_back("-I" + include.string());
  out.push_back(source.string());
  out.insert(out.end(), in.libraries.begin(), in.libraries.end());
  return out;
}

// Text, place and command, and the libraries by size and time of change.
std::string identity(const Installation& in, const fs::path& source) {
  std::string out = fmt::format("{}\n{}\n", fmt::join(compile_command(in, source), "\n"), content(source));
  for (const std::string& l : in.libraries) {
    if (fs::exists(l))
      out += fmt::format("{} {}\n", fs::file_size(l), fs::last_write_time(l).time_since_epoch().count());
  }
  return out;
}

// The files a rule of make depends on, `target: a b \ c`.
std::vector<std::string> dependencies(const fs::path& rule) {
  std::string text = content(rule), word;
  std::vector<std::string> out;
  const std::size_t colon = text.find(": ");
  for (std::size_t k = colon == std::string::npos ? text.size() : colon + 1; k <= text.size(); ++k) {
    const char c = k < text.size() ? text[k] : '\n';
    if (c == '\\' && k + 1 < text.size() && text[k + 1] != '\n') {
      word += text[++k];
    } else if (c == ' ' || c == '\n' || c == '\\') {
      if (!word.empty()) out.push_back(word);
      word.clear();
    } else {
      word += c;
    }
  }
  return out;
}

bool is_current(const fs::path& folder) {
  const nlohmann::json kept = nlohmann::json::parse(content(folder / "headers.json"), nullptr, false);
  if (kept.is_discarded() || !fs::exists(folder / "generator")) return false;
  for (const auto& [file, known] : kept.items()) {
    if (hash(content(file)) != known) return false;
  }
  return true;
}

}  // namespace

Model find_model(const Installation& installation, const std::string& word) {
  if (const auto found = installation.models.find(word); found != installation.models.end())
    return {found->second.source, &found->second};
  if (fs::is_regular_file(word)) return {fs::canonical(word), nullptr};
  if (fs::is_regular_file(fs::path(word) / "model.cpp"))
    return {fs::canonical(fs::path(word) / "model.cpp"), nullptr};
  std::vector<std::string> known;
  for (const auto& [name, model] : installation.models) known.push_back(name);
  throw ir::ModelError(
      fmt::format("'{}' is neither a file that defines freefall::program define() nor a shipped model; "
                  "shipped are: {}",
                  word, fmt::join(known, ", ")));
}

fs::path generator_of(const Installation& installation, const Model& model) {
  const fs::path folder = cache_folder() / hash(identity(installation, model.source));
  const fs::path generator = folder / "generator";
  if (is_current(folder)) return generator;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw std::runtime_error(fmt::format("{}: cannot make the folder: {}", folder.string(), error.message()));
  fmt::print(stderr, "freefall: compiling {}\n", model.source.string());
  const std::string own = fmt::format("{}", getpid());  // two at a time do not meet
  const fs::path fresh = folder / ("generator." + own), rule = folder / ("headers." + own);
  std::vector<std::string> command = compile_command(installation, model.source);
  command.insert(command.end(), {"-o", fresh.string(), "-MMD", "-MF", rule.string()});
  const int code = run(command);
  if (code == 0) {
    nlohmann::json headers = nlohmann::json::object();
    for (const std::string& file : dependencies(rule)) headers[file] = hash(content(file));
    std::ofstream(folder / ("json." + own)) << headers.dump();
    fs::rename(folder / ("json." + own), folder / "headers.json", error);
    if (!error) fs::rename(fresh, generator, error);
  }
  std::error_code ignored;
  fs::remove(rule, ignored);
  fs::remove(fresh, ignored);
  if (code != 0) {
    throw ir::ModelError(
        fmt::format("{} does not compile to a generator: the messages above are those of {}. The file "
                    "includes <freefall/dsl.hpp> and defines `freefall::program define()`",
                    model.source.string(), command[0]));
  }
  if (error)
    throw std::runtime_error(
        fmt::format("{}: cannot keep the generator: {}", folder.string(), error.message()));
  return generator;
}

}  // namespace freefall::cli
