#include "codegen/driver/verify.hpp"

#include <fmt/format.h>

#include "codegen/report/verification.hpp"

namespace freefall::driver {

int verify(const ir::Program& program, const VerifyOptions& options) {
  ir::check_program(program);
  const calculus::Derivation derivation = calculus::derive(program);
  const auto checked = equality::compare_references(program, derivation);
  const auto entries = report::verification_entries(program, derivation, checked);
  fmt::print("{}", options.format == "json"       ? report::verification_json(program, entries)
                   : options.format == "markdown" ? report::verification_markdown(program, entries)
                                                  : report::verification_text(program, entries));
  return report::all_as_declared(entries) ? 0 : 1;
}

}  // namespace freefall::driver
