#include "codegen/driver/verbs.hpp"
#include "codegen/report/verification.hpp"

namespace freefall::driver {

int run_verify(const Request& request, const ir::Program& program, std::string& out) {
  ir::check_program(program);
  const calculus::Derivation derivation = calculus::derive(program);
  const auto checked = equality::compare_references(program, derivation);
  const auto entries = report::verification_entries(program, derivation, checked);
  out += request.format == "json"       ? report::verification_json(program, entries)
         : request.format == "markdown" ? report::verification_markdown(program, entries)
                                        : report::verification_text(program, entries);
  return report::all_as_declared(entries) ? 0 : 1;
}

}  // namespace freefall::driver
