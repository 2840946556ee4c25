#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/report/cost_table.hpp"

namespace freefall::driver {

int run_cost(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Specialisation sizes = specialisation(request, program);
  const auto rows = report::kernel_costs(program, sizes);
  if (request.format == "json") {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const auto& r : rows) {
      const auto side = [](const loop::Cost& c, std::size_t memory) {
        return nlohmann::ordered_json{
            {"operations", c.operations}, {"bytes_moved", c.bytes}, {"workspace_bytes", memory}};
      };
      json.push_back({{"kernel", r.kernel},
                      {"array_bytes", r.arrays},
                      {"before", side(r.before, r.memory_before)},
                      {"after", side(r.after, r.memory_after)}});
    }
    out += json.dump(2) + "\n";
    return 0;
  }
  std::vector<std::string> axes;
  for (const auto& [name, size] : sizes.extents) axes.push_back(fmt::format("{}={}", name, size));
  out += fmt::format("{} at {}, {}; one call at full capacity, before -> after optimisation\n\n",
                     program.name(), fmt::join(axes, " "), plan::cpp_name(sizes.scalar));
  out += fmt::format("{:<16}{:>20}{:>22}{:>22}{:>10}\n", "kernel", "operations", "bytes moved",
                     "workspace bytes", "arrays");
  using report::with_prefix;
  const auto change = [](double before, double after) {
    return with_prefix(before) + " -> " + with_prefix(after);
  };
  for (const auto& r : rows) {
    out += fmt::format("{:<16}{:>20}{:>22}{:>22}{:>10}\n", r.kernel,
                       change(r.before.operations, r.after.operations), change(r.before.bytes, r.after.bytes),
                       change(static_cast<double>(r.memory_before), static_cast<double>(r.memory_after)),
                       with_prefix(static_cast<double>(r.arrays)));
  }
  return 0;
}

}  // namespace freefall::driver
