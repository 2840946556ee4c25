#include "codegen/driver/verbs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace freefall::driver {
namespace {

std::map<std::string, std::size_t> parse_axes(const std::vector<std::string>& pairs) {
  std::map<std::string, std::size_t> out;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    std::size_t used = 0;
    unsigned long long value = 0;
    try {
      if (equals != std::string::npos && equals > 0 && pair[equals + 1] != '-')
        value = std::stoull(pair.substr(equals + 1), &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || equals + 1 + used != pair.size()) {
      throw ir::ModelError(fmt::format(
          "AXES: '{}' is not of the form axis=size, with size a whole number of at least 1", pair));
    }
    if (!out.emplace(pair.substr(0, equals), value).second)
      throw ir::ModelError(
          fmt::format("AXES: '{}' is given twice; give each axis once", pair.substr(0, equals)));
  }
  return out;
}

void check_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  bool good = !name.empty() && letter(name[0]);
  for (const char c : name) good = good && (letter(c) || (c >= '0' && c <= '9'));
  if (!good)
    throw ir::ModelError(
        fmt::format("the name '{}' of the kernel library is also a C++ namespace; use letters, digits "
                    "and '_', no digit first",
                    name));
}

}  // namespace

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> list = {
      {"derive",
       "print the model, its functional, the assumptions and every rule",
       false,
       {"text", "latex", "mathml", "json"},
       nullptr,
       run_derive},
      {"explain",
       "print how a rule came about, step by step",
       false,
       {"text", "latex", "json"},
       add_explain_options,
       run_explain},
      {"graph", "print the factor graph", false, {"dot", "svg", "json"}, nullptr, run_graph},
      {"emit", "write the kernels", true, {}, add_emit_options, run_emit},
      {"cost",
       "print operations, bytes and memory of each kernel, before and after optimisation",
       true,
       {"text", "json"},
       nullptr,
       run_cost},
      {"verify",
       "compare the references of the model with the derived rules; fails unless every verdict is the "
       "declared one",
       false,
       {"text", "json", "markdown"},
       add_verify_options,
       run_verify},
      {"locality",
       "print for each rule which neighbours it reads, and which of its terms are not local",
       false,
       {"text", "json"},
       nullptr,
       run_locality},
      {"report",
       "write one page with everything there is to read about the model and its kernels",
       true,
       {"html"},
       add_report_options,
       run_report},
      {"axes", "print the axes that need a size", false, {"text", "json"}, nullptr, run_axes},
  };
  return list;
}

void add_options(const Verb& verb, CLI::App& app, Request& request) {
  if (verb.sized) {
    app.add_option("--name", request.name,
                   "name and namespace of the kernel library (default: the name of the model)");
    app.add_option("--axes", request.axes, "sizes, as axis=size ...")->delimiter(',');
    app.add_option("--scalar", request.scalar, "scalar type")
        ->check(CLI::IsMember({"float", "double"}))
        ->capture_default_str();
    std::vector<std::string> names;
    for (const plan::Machine& m : plan::machines()) names.push_back(m.name);
    app.add_option("--machine", request.machine, "what slices and tiles are made for")
        ->check(CLI::IsMember(names))
        ->capture_default_str();
    app.add_option("--cache", request.cache_bytes, "bytes of its second cache (default: that of the machine)")
        ->check(CLI::PositiveNumber);
    app.add_option("--omit", request.omitted,
                   "arrays that nobody reads after a call, and no library gives out")
        ->delimiter(',');
  }
  if (!verb.formats.empty()) {
    request.format = verb.formats.front();
    app.add_option("--format", request.format, "how to print it")
        ->check(CLI::IsMember(verb.formats))
        ->capture_default_str();
  }
  if (verb.add_options != nullptr) verb.add_options(app, request);
}

plan::Specialisation specialisation(const Request& request, const ir::Program& program) {
  plan::Specialisation sizes{request.name.empty() ? program.name() : request.name, parse_axes(request.axes),
                             request.scalar == "float" ? plan::Scalar::float32 : plan::Scalar::float64};
  check_name(sizes.name);
  for (const plan::Machine& m : plan::machines()) {
    if (m.name == request.machine) sizes.machine = m;
  }
  if (request.cache_bytes != 0) sizes.machine.cache_bytes = request.cache_bytes;
  sizes.omitted = request.omitted;
  return sizes;
}

}  // namespace freefall::driver
