#include "cli/new_project.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "codegen/driver/write_file.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

// The name of the example in its files.
constexpr std::string_view kExample = "sensor";

std::string renamed(const fs::path& file, const std::string& name) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("{}: cannot open; install freefall again", file.string()));
  std::ostringstream text;
  text << in.rdbuf();
  std::string out = text.str();
  for (std::size_t at = out.find(kExample); at != std::string::npos;
       at = out.find(kExample, at + name.size()))
    out.replace(at, kExample.size(), name);
  return out;
}

bool is_identifier(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  bool good = !name.empty() && letter(name[0]);
  for (const char c : name) good = good && (letter(c) || (c >= '0' && c <= '9'));
  return good;
}

}  // namespace

void new_project(const Installation& installation, const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!is_identifier(name))
    throw ir::ModelError(fmt::format(
        "the name '{}' is also a C++ namespace; use letters, digits and '_', no digit first", name));
  if (fs::exists(folder))
    throw std::runtime_error(
        fmt::format("{} exists already; give another name, or remove it", folder.string()));
  for (const char* file : {"CMakeLists.txt", "model.cpp", "main.cpp"})
    driver::write_if_changed(folder / file, renamed(installation.project / file, name));
  const nlohmann::ordered_json preset{
      {"name", "default"},
      {"binaryDir", "${sourceDir}/build"},
      {"cacheVariables", {{"CMAKE_BUILD_TYPE", "Release"}, {"freefall_DIR", installation.package.string()}}}};
  driver::write_if_changed(
      folder / "CMakePresets.json",
      nlohmann::ordered_json{{"version", 3}, {"configurePresets", {preset}}}.dump(2) + "\n");
  fmt::print(
      "{0}/model.cpp        the model; edit it\n"
      "{0}/main.cpp         a program that calls its kernels\n"
      "{0}/CMakeLists.txt   sizes of the axes, and the build\n"
      "{0}/CMakePresets.json   where freefall is\n\n"
      "cd {0}\ncmake --preset default\ncmake --build build\nbuild/{1}\n"
      "freefall derive model.cpp   the rules; `freefall --help` lists what else there is\n",
      folder.string(), name);
}

}  // namespace freefall::cli
