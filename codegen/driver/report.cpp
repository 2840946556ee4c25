#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/driver/write_file.hpp"
#include "codegen/report/html.hpp"

namespace freefall::driver {

void add_report_options(CLI::App& app, Request& request) {
  app.add_option("--out", request.out, "file of the page (default: <name>.html)");
  app.add_option("--results", request.results, "file (.json) that an experiment wrote with --results");
}

int run_report(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Compilation c = plan::compile(program, specialisation(request, program));
  report::HtmlOptions options;
  if (!request.results.empty()) options.results = report::read_results(request.results);
  const std::string file = request.out.empty() ? c.sizes.name + ".html" : request.out;
  write_if_changed(file, report::html(c, options));
  out += file + "\n";
  return 0;
}

}  // namespace freefall::driver
