#include "codegen/report/locality.hpp"

#include "codegen/driver/verbs.hpp"

namespace freefall::driver {

int run_locality(const Request& request, const ir::Program& program, std::string& out) {
  const auto localities = report::localities(plan::derive(program));
  out += request.format == "json" ? report::locality_json(localities) : report::locality_text(localities);
  return 0;
}

}  // namespace freefall::driver
