#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/report/verification.hpp"

namespace freefall::driver {

void add_verify_options(CLI::App& app, Request& request) {
  app.add_flag("--quiet", request.quiet, "print only what has not the declared verdict");
  app.footer(
      "A reference is declared to hold, `reference(...) = e`, or known to be wrong, `refuted(...) = e`. "
      "Verdicts:\n"
      "  proven    both sides have the same normal form\n"
      "  proven up to probability\n"
      "            they are equal at random points of a finite field; the chance of a mistake is printed\n"
      "  tested    with functions that have no such proof: equal at random points in extended precision\n"
      "  refuted   they differ; the sizes, the element and both values are printed\n"
      "Every single mistake in a reference that holds must be refuted too; one that passes is a failure.\n"
      "The exit code is 0 when every verdict is the declared one, else 1.");
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
