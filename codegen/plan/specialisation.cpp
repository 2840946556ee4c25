#include "codegen/plan/specialisation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace freefall::plan {

Specialisation with_branches(const ir::Program& program, Specialisation s) {
  for (const ir::Axis& axis : program.context->axes()) {
    if (axis.values_of == nullptr) continue;
    const auto of = s.extents.find(axis.values_of->name);
    if (of == s.extents.end()) continue;  // reported as missing itself
    const auto [at, added] = s.extents.emplace(axis.name, of->second);
    if (at->second != of->second)
      throw ir::ModelError(
          fmt::format("AXES: '{0}' has one copy for each value of '{1}', so its size is {2}, not {3}; "
                      "leave {0}={3} out",
                      axis.name, axis.values_of->name, of->second, at->second));
  }
  return s;
}

void check_specialisation(const ir::Program& program, const Specialisation& s) {
  std::vector<std::string> known, missing, unknown;
  for (const ir::Axis& axis : program.context->axes()) {
    known.push_back(axis.name);
    if (axis.values_of == nullptr && !s.extents.contains(axis.name)) missing.push_back(axis.name);
  }
  for (const auto& [name, extent] : s.extents) {
    if (std::find(known.begin(), known.end(), name) == known.end()) unknown.push_back(name);
    if (extent == 0)
      throw ir::ModelError(fmt::format(
          "AXES: '{0}' has size 0, expected at least 1; give {0}=<size>, or take the axis out of the model",
          name));
  }
  if (!unknown.empty()) {
    throw ir::ModelError(fmt::format("AXES: the model '{}' has no axis {}; leave it out, its axes are: {}",
                                     program.name(), fmt::join(unknown, ", "), fmt::join(known, ", ")));
  }
  if (!missing.empty()) {
    throw ir::ModelError(fmt::format(
        "AXES: no size given for {0}; add {1}=<size> behind --axes, in CMake behind AXES (the axes of the "
        "model '{2}' are: {3})",
        fmt::join(missing, ", "), fmt::join(missing, "=<size> "), program.name(), fmt::join(known, ", ")));
  }
}

}  // namespace freefall::plan
