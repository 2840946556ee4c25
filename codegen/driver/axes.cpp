#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "codegen/driver/verbs.hpp"

namespace freefall::driver {

int run_axes(const Request& request, const ir::Program& program, std::string& out) {
  if (request.format == "json") {
    nlohmann::ordered_json axes = nlohmann::ordered_json::array();
    for (const ir::Axis& a : program.context->axes()) axes.push_back({{"name", a.name}, {"plate", a.plate}});
    out += axes.dump(2) + "\n";
    return 0;
  }
  for (const ir::Axis& a : program.context->axes())
    out += fmt::format("{}{}\n", a.name, a.plate ? " (plate)" : "");
  return 0;
}

}  // namespace freefall::driver
