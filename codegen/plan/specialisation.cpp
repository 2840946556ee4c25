#include "codegen/plan/specialisation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace freefall::plan {

void check_specialisation(const ir::Program& program, const Specialisation& s) {
  std::vector<std::string> known, missing, unknown;
  for (const ir::Axis& axis : program.context->axes()) {
    known.push_back(axis.name);
    if (!s.extents.contains(axis.name)) missing.push_back(axis.name);
  }
  for (const auto& [name, extent] : s.extents) {
    if (std::find(known.begin(), known.end(), name) == known.end()) unknown.push_back(name);
    if (extent == 0)
      throw ir::ModelError(fmt::format("AXES: '{}' has size 0; every axis needs at least one value", name));
  }
  if (!unknown.empty()) {
    throw ir::ModelError(fmt::format("AXES: the model '{}' has no axis {}; its axes are: {}", program.name(),
                                     fmt::join(unknown, ", "), fmt::join(known, ", ")));
  }
  if (!missing.empty()) {
    throw ir::ModelError(fmt::format(
        "AXES: no size given for {0}; add {1}=<size> (the axes of the model '{2}' are: {3})",
        fmt::join(missing, ", "), fmt::join(missing, "=<size> "), program.name(), fmt::join(known, ", ")));
  }
}

}  // namespace freefall::plan
