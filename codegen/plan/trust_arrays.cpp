#include "codegen/plan/trust_arrays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/loop/hidden_nan.hpp"
#include "codegen/loop/live_in.hpp"

namespace freefall::plan {
namespace {

using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

// Constants were checked when they were prepared.
bool is_given(const Tensor* t) {
  return t->role != ir::Role::temporary && t->role != ir::Role::prepared && t->role != ir::Role::constant;
}

// What is wrong with naming it, for a person.
std::string why_not(const Tensor* t, const std::string& name) {
  if (t == nullptr || t->role == ir::Role::temporary || t->role == ir::Role::prepared)
    return fmt::format("there is no array '{}'", name);
  if (t->role == ir::Role::constant)
    return fmt::format("'{}' is a constant, which 'prepare' checks once and no other kernel again", name);
  if (t->index_of != nullptr)
    return fmt::format("'{}' holds indices, and one that is none would read outside an array", name);
  return fmt::format("no kernel reads '{}' before it has set it, so none checks it before it begins", name);
}

}  // namespace

std::map<std::string, std::vector<const Tensor*>> trust_arrays(const ir::Program& program,
                                                               const std::vector<loop::Kernel>& kernels,
                                                               const std::vector<std::string>& names) {
  std::map<std::string, std::vector<const Tensor*>> out;
  if (names.empty()) return out;
  std::vector<std::string> known;
  const auto readers = [&](const Tensor* t) {
    std::vector<const loop::Kernel*> found;
    for (const loop::Kernel& k : kernels) {
      if (contains(loop::live_in(k.operations), t)) found.push_back(&k);
    }
    return found;
  };
  for (const Tensor& t : program.context->tensors()) {
    if (is_given(&t) && t.index_of == nullptr && !readers(&t).empty()) known.push_back(t.name);
  }
  for (const std::string& name : names) {
    const Tensor* t = program.context->find_tensor(name);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw ir::ModelError(
          fmt::format("TRUST: {}; take it out of the list. What kernels of '{}' read and check: {}",
                      why_not(t, name), program.name(), fmt::join(known, ", ")));
    }
    const auto read_by = readers(t);
    bool anywhere = false;
    for (const loop::Kernel* k : read_by) {
      if (loop::hides_nan(k->operations, t)) continue;
      anywhere = true;
      if (!contains(out[k->name], t)) out[k->name].push_back(t);
    }
    if (!anywhere) {
      throw ir::ModelError(fmt::format(
          "TRUST: kernel '{0}' compares numbers that it makes of '{1}', or chooses by them, and none of its "
          "results would show that one is NaN, so '{1}' stays checked; take it out of the list, or have the "
          "kernel give out what it compares",
          read_by.front()->name, name));
    }
  }
  return out;
}

}  // namespace freefall::plan
