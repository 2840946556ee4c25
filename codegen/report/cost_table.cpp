#include "codegen/report/cost_table.hpp"

#include <fmt/format.h>

#include "codegen/loop/memory_plan.hpp"

namespace freefall::report {

std::vector<KernelCost> kernel_costs(const ir::Program& program, const plan::Specialisation& sizes) {
  const plan::Compilation before = plan::compile(program, sizes, {}, plan::optional_passes());
  const plan::Compilation after = plan::compile(program, sizes);
  std::vector<KernelCost> out;
  for (std::size_t k = 0; k < after.kernels.size(); ++k) {
    const loop::Kernel &first = before.kernels[k], &last = after.kernels[k];
    KernelCost row{last.name,
                   loop::cost(first.operations, before.sizes),
                   loop::cost(last.operations, after.sizes),
                   loop::plan_memory(first, before.sizes).workspace_bytes,
                   loop::plan_memory(last, after.sizes).workspace_bytes,
                   0};
    const loop::Touched touched = loop::touched(last.operations);
    for (const ir::Tensor& t : program.context->tensors()) {
      const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), &t) != list.end(); };
      if (t.role != ir::Role::temporary && (in(touched.read) || in(touched.written)))
        row.arrays += after.sizes.size(&t) * plan::bytes(sizes.scalar);
    }
    out.push_back(row);
  }
  return out;
}

std::string with_prefix(double value, const char* unit) {
  static constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t p = 0;
  for (; value >= 999.5 && p + 1 < std::size(kPrefixes); ++p) value /= 1000;
  const std::string name = kPrefixes[p] + std::string(unit);
  return fmt::format("{:.3g}{}{}", value, name.empty() ? "" : " ", name);
}

}  // namespace freefall::report
