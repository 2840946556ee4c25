#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/report/verification.hpp"

namespace freefall::driver {

void add_verify_options(CLI::App& app, Request& request) {
  app.add_flag("--quiet", request.quiet, "print only what has not the declared verdict");
}

int run_verify(const Request& request, const ir::Program& program, std::string& out) {
  ir::check_program(program);
  if (program.references.empty()) {
    throw ir::ModelError(fmt::format(
        "the model '{}' states no rule, so there is nothing to verify: write reference(kernel<\"name\">, "
        "x) = expression beside it",
        program.name()));
  }
  const calculus::Derivation derivation = calculus::derive(program);
  const auto checked = equality::compare_references(program, derivation);
  auto entries = report::verification_entries(program, derivation, checked);
  const bool good = report::all_as_declared(entries);
  if (request.quiet) {
    if (good) return 0;
    std::erase_if(entries, [](const auto& e) { return report::is_as_declared(e); });
  }
  out += request.format == "json"       ? report::verification_json(program, entries)
         : request.format == "markdown" ? report::verification_markdown(program, entries)
                                        : report::verification_text(program, entries);
  return good ? 0 : 1;
}

}  // namespace freefall::driver
