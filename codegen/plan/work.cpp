#include "codegen/plan/work.hpp"

namespace freefall::plan {

double work(const calculus::Assignment& a, const Specialisation& sizes) {
  double elements = 1, each = 1;
  for (const ir::Index& i : target_indices(a)) {
    if (!calculus::is_tick(i)) elements *= static_cast<double>(sizes.extent(i.axis));
  }
  for (const ir::Expr e : ir::topological({a.value})) {
    if (e->op == ir::Op::Map) each += ir::row(e->function).cost;
    for (const ir::Index& i : e->bound) elements *= static_cast<double>(sizes.extent(i.axis));
    each += static_cast<double>(e->args.size());
  }
  return elements * each;
}

double work(const calculus::Steps& steps, const Specialisation& sizes) {
  double out = 0;
  for (const calculus::Step& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      out += static_cast<double>(loop->count) * work(loop->body, sizes);
    } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      out += static_cast<double>(sizes.extent(sweep->axis)) * work(sweep->body, sizes);
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous) out += work(a, sizes);
    }
  }
  return out;
}

}  // namespace freefall::plan
