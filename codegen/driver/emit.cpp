#include "codegen/emit/emit_library.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "codegen/driver/verbs.hpp"
#include "codegen/driver/write_file.hpp"
#include "codegen/emit/library_calls.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/report/html.hpp"
#include "codegen/report/rules_text.hpp"

namespace freefall::driver {
namespace {

void dump_steps(const calculus::Steps& steps, std::string& out, int indent) {
  for (const auto& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      out += fmt::format("{:{}}{} times\n", "", indent, loop->count);
      dump_steps(loop->body, out, indent + 2);
    } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      out += fmt::format("{:{}}for each {}, {}\n", "", indent, sweep->axis->name, ir::str(sweep->order));
      dump_steps(sweep->body, out, indent + 2);
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous)
        out += fmt::format("{:{}}{} := {}\n", "", indent, a.target->name, ir::print(a.value));
    }
  }
}

}  // namespace

void add_emit_options(CLI::App& app, Request& request) {
  std::vector<std::string> names;
  for (const plan::Pass& p : plan::passes()) names.emplace_back(p.name);
  app.add_option("--out", request.out, "folder the files go to (default: the current one)");
  app.add_option(
         "--isa", request.isa,
         "portable: kernels that are compiled for several instruction sets, and the choice among them")
      ->check(CLI::IsMember({"native", "portable"}))
      ->capture_default_str();
  app.add_flag("--freestanding", request.freestanding,
               "for a device without a C library: kernels that would call one are refused");
  app.add_option("--report", request.report, "also write the report to this file, a page of HTML");
  app.add_flag("--times", request.times, "print how long each pass takes");
  app.add_option("--dump-after", request.dump_after, "print the schedules after a pass")
      ->check(CLI::IsMember(names));
  app.add_option("--without", request.without, "leave out optional passes, to see what they are worth")
      ->delimiter(',')
      ->check(CLI::IsMember(plan::optional_passes()));
  app.add_option("--stop-after", request.stop_after, "stop after a pass, write nothing")
      ->check(CLI::IsMember(names));
}

int run_emit(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Specialisation sizes = specialisation(request, program);
  auto last = std::chrono::steady_clock::now();
  bool stopped = false;
  const auto after = [&](const plan::Pass& pass, const plan::Compilation& c) {
    const auto now = std::chrono::steady_clock::now();
    if (request.times)
      out += fmt::format("{:<20} {:8.1f} ms\n", pass.name,
                         std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
    if (pass.name == request.dump_after) {
      for (const auto& p : c.planned) {
        out += fmt::format("kernel {}\n", p.name);
        dump_steps(p.steps, out, 2);
      }
    }
    stopped = stopped || pass.name == request.stop_after;
    return !stopped;
  };
  const plan::Compilation compilation = plan::compile(program, sizes, after, request.without);
  if (stopped) return 0;
  if (request.freestanding) emit::check_freestanding(compilation);
  std::vector<emit::GeneratedFile> files =
      emit::emit_library(compilation, request.isa == "portable" ? emit::Isa::portable : emit::Isa::native);
  files.push_back({sizes.name + "_rules.txt", report::rules_text(compilation)});
  const std::filesystem::path folder = request.out.empty() ? "." : request.out;
  for (const auto& file : files) write_if_changed(folder / file.name, file.text);
  if (!request.report.empty()) write_if_changed(request.report, report::html(compilation));
  return 0;
}

}  // namespace freefall::driver
