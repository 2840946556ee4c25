#include "codegen/driver/verbs.hpp"
#include "codegen/report/rules_json.hpp"
#include "codegen/report/rules_text.hpp"

namespace freefall::driver {

int run_derive(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Compilation c = plan::derive(program);
  out += request.format == "json" ? report::rules_json(c) : report::rules_text(c);
  return 0;
}

}  // namespace freefall::driver
