#include "codegen/driver/generator.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "codegen/driver/write_file.hpp"
#include "codegen/emit/emit_library.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/report/rules_text.hpp"

namespace freefall::driver {
namespace {

struct Options {
  std::string name, out = ".", scalar = "double", dump_after, stop_after;
  std::vector<std::string> axes;
  bool rules = false, list_axes = false, times = false;
};

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
      throw ir::ModelError(fmt::format("AXES: '{}' is given twice", pair.substr(0, equals)));
  }
  return out;
}

void check_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  bool good = !name.empty() && letter(name[0]);
  for (const char c : name) good = good && (letter(c) || (c >= '0' && c <= '9'));
  if (!good)
    throw ir::ModelError(fmt::format("the name '{}' of the kernel library is not a C++ identifier", name));
}

void dump_steps(const calculus::Steps& steps, int indent) {
  for (const auto& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      fmt::print("{:{}}{} times\n", "", indent, loop->count);
      dump_steps(loop->body, indent + 2);
    } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      fmt::print("{:{}}for each {}, {}\n", "", indent, sweep->axis->name, ir::str(sweep->order));
      dump_steps(sweep->body, indent + 2);
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous)
        fmt::print("{:{}}{} := {}\n", "", indent, a.target->name, ir::print(a.value));
    }
  }
}

void dump(const plan::Compilation& c) {
  for (const auto& p : c.planned) {
    fmt::print("kernel {}\n", p.name);
    dump_steps(p.steps, 2);
  }
}

int generate(const Options& o, const std::function<ir::Program()>& define) {
  const ir::Program program = define();
  if (o.list_axes) {
    for (const ir::Axis& a : program.context->axes()) fmt::print("{}{}\n", a.name, a.plate ? " (plate)" : "");
    return 0;
  }
  plan::Specialisation sizes{o.name.empty() ? program.name() : o.name, parse_axes(o.axes),
                             o.scalar == "float" ? plan::Scalar::float32 : plan::Scalar::float64};
  check_name(sizes.name);
  auto last = std::chrono::steady_clock::now();
  bool stopped = false;
  const auto after = [&](const plan::Pass& pass, const plan::Compilation& c) {
    const auto now = std::chrono::steady_clock::now();
    if (o.times)
      fmt::print("{:<20} {:8.1f} ms\n", pass.name,
                 std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
    if (pass.name == o.dump_after) dump(c);
    stopped = stopped || pass.name == o.stop_after;
    return !stopped;
  };
  const plan::Compilation compilation = plan::compile(program, sizes, after);
  if (stopped) return 0;
  if (o.rules) {
    fmt::print("{}", report::rules_text(compilation));
    return 0;
  }
  std::vector<emit::GeneratedFile> files = emit::emit_library(compilation);
  files.push_back({sizes.name + "_rules.txt", report::rules_text(compilation)});
  for (const auto& file : files) write_if_changed(std::filesystem::path(o.out) / file.name, file.text);
  return 0;
}

}  // namespace

int run_generator(int argc, char** argv, const std::function<ir::Program()>& define) {
  Options o;
  std::vector<std::string> names;
  for (const plan::Pass& p : plan::passes()) names.emplace_back(p.name);
  CLI::App app{"Derives the rules of the model compiled into this program and writes its kernels."};
  app.add_option("--name", o.name,
                 "name and namespace of the kernel library (default: the name of the model)");
  app.add_option("--out", o.out, "folder the files go to")->capture_default_str();
  app.add_option("--axes", o.axes, "sizes, as axis=size ...");
  app.add_option("--scalar", o.scalar, "scalar type")
      ->check(CLI::IsMember({"float", "double"}))
      ->capture_default_str();
  app.add_flag("--rules", o.rules, "print the derived rules and write nothing");
  app.add_flag("--list-axes", o.list_axes, "print the axes of the model and write nothing");
  app.add_flag("--times", o.times, "print how long each pass takes");
  app.add_option("--dump-after", o.dump_after, "print the schedules after a pass")
      ->check(CLI::IsMember(names));
  app.add_option("--stop-after", o.stop_after, "stop after a pass, write nothing")
      ->check(CLI::IsMember(names));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    return generate(o, define);
  } catch (const ir::ModelError& e) {
    fmt::print(stderr, "freefall: error: {}\n", e.what());
    return 1;
  } catch (const std::runtime_error& e) {
    fmt::print(stderr, "freefall: error: {}\n", e.what());
    return 3;
  } catch (const std::exception& e) {
    fmt::print(stderr,
               "freefall: internal error: {}\nThis is a bug in freefall, not in your model; please report it "
               "with the model and these sizes.\n",
               e.what());
    return 70;
  }
}

}  // namespace freefall::driver
