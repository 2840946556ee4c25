#include "cli/installation.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

fs::path description() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path beside = here / "freefall.json",
                 installed = here.parent_path() / "share/freefall/freefall.json";
  for (const fs::path& candidate : {beside, installed}) {
    if (fs::exists(candidate)) return candidate;
  }
  throw std::runtime_error(
      fmt::format("neither {} nor {} exists; install freefall again", beside.string(), installed.string()));
}

}  // namespace

Installation find_installation() {
  const fs::path file = description();
  const auto absolute = [&](const std::string& path) {
    return path.empty() ? fs::path() : (file.parent_path() / path).lexically_normal();
  };
  try {
    std::ifstream in(file);
    const nlohmann::json json = nlohmann::json::parse(in);
    Installation out;
    out.compiler = json.at("compiler");
    out.flags = json.at("flags").get<std::vector<std::string>>();
    for (const std::string& l : json.at("libraries").get<std::vector<std::string>>())
      out.libraries.push_back(l.starts_with("-") ? l : absolute(l).string());
    for (const std::string& i : json.at("includes").get<std::vector<std::string>>())
      out.includes.push_back(absolute(i));
    out.package = absolute(json.at("package"));
    out.project = absolute(json.at("project"));
    out.bench = absolute(json.at("bench"));
    for (const auto& [name, m] : json.at("models").items()) {
      ShippedModel& model = out.models[name];
      model.source = absolute(m.at("source"));
      for (const std::string& s : m.at("specifications").get<std::vector<std::string>>())
        model.specifications.push_back(absolute(s));
      model.axes = m.at("axes").get<std::vector<std::string>>();
      model.scalar = m.at("scalar");
      model.experiment = absolute(m.at("experiment"));
      for (const std::string& a : m.at("arguments").get<std::vector<std::string>>())
        model.arguments.push_back(a.starts_with("@") ? absolute(a.substr(1)).string() : a);
    }
    return out;
  } catch (const nlohmann::json::exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", file.string(), e.what()));
  }
}

}  // namespace freefall::cli
