#include "codegen/driver/verbs.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

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

// What is wrong with a number of bytes; empty: nothing.
std::string number_of_bytes(const std::string& text) {
  std::size_t bytes = 0;
  const auto [last, fault] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (fault == std::errc{} && last == text.data() + text.size() && bytes > 0) return "";
  return fmt::format("found '{}', expected a number of bytes, a whole number of at least 1", text);
}

// "8x3": rows and vectors of a tile.
void set_tile(const Request& request, plan::Machine& machine) {
  if (request.tile.empty()) return;
  if (request.isa == "portable") {
    throw ir::ModelError(
        fmt::format("TILE: '{}' is for one instruction set; with ISA portable each set has its own, leave "
                    "one of them out",
                    request.tile));
  }
  const char* const end = request.tile.data() + request.tile.size();
  const auto [x, rows_fault] = std::from_chars(request.tile.data(), end, machine.tile_rows);
  std::from_chars_result last{x, rows_fault};
  if (rows_fault == std::errc{} && x != end && *x == 'x')
    last = std::from_chars(x + 1, end, machine.tile_vectors);
  if (last.ec != std::errc{} || last.ptr != end || machine.tile_rows == 0 || machine.tile_vectors == 0) {
    throw ir::ModelError(fmt::format(
        "TILE: '{}' is not of the form rows x vectors, as in 8x3, with whole numbers of at least 1",
        request.tile));
  }
  constexpr std::size_t most = 32;  // registers of the sets that have most
  if (machine.tile_rows > most || machine.tile_vectors > most / machine.tile_rows) {
    throw ir::ModelError(
        fmt::format("TILE: '{}' takes more than the {} vector registers that there are at most; give "
                    "fewer rows or vectors",
                    request.tile, most));
  }
}

void check_caches(const plan::Machine& machine) {
  constexpr std::size_t least = 1024;
  if (machine.first_cache_bytes < least) {
    throw ir::ModelError(
        fmt::format("FIRST_CACHE: found {} bytes; expected at least {}, what parts of sums are made of",
                    machine.first_cache_bytes, least));
  }
  if (machine.first_cache_bytes > machine.cache_bytes) {
    throw ir::ModelError(
        fmt::format("FIRST_CACHE: the first cache has {} bytes and the second, CACHE, {}; expected no more "
                    "than that, give both",
                    machine.first_cache_bytes, machine.cache_bytes));
  }
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
    app.add_option("--first-cache", request.first_cache_bytes,
                   "bytes of its first data cache (default: that of the machine)")
        ->check(number_of_bytes);
    app.add_option("--cache", request.cache_bytes, "bytes of its second cache (default: that of the machine)")
        ->check(number_of_bytes);
    app.add_option(
        "--tile", request.tile,
        "rows and vectors of a tile in registers, as in 8x3 (default: those of the instruction set)");
    app.add_option("--omit", request.omitted,
                   "arrays that nobody reads after a call, and no library gives out")
        ->delimiter(',');
    app.add_option("--trust", request.trusted,
                   "arrays whose values you vouch for: kernels do not read them to check them")
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
  if (request.first_cache_bytes != 0) sizes.machine.first_cache_bytes = request.first_cache_bytes;
  if (request.cache_bytes != 0) sizes.machine.cache_bytes = request.cache_bytes;
  check_caches(sizes.machine);
  set_tile(request, sizes.machine);
  sizes.omitted = request.omitted;
  sizes.trusted = request.trusted;
  return sizes;
}

}  // namespace freefall::driver
