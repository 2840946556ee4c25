#include "codegen/loop/compared_maximum.hpp"

#include <algorithm>

namespace freefall::loop {
namespace {

using namespace ir;

// The only store of a nest, or null.
const Store* only_store(const Operation& o) {
  const auto* nest = std::get_if<Nest>(&o.action);
  return nest != nullptr && nest->stores.size() == 1 ? &nest->stores[0] : nullptr;
}

// The array of which a nest takes the maximum, over all its elements, or null.
const Tensor* all_of(const Operation& o) {
  const Store* s = only_store(o);
  if (s == nullptr || s->mode != Store::Mode::maximum || s->value->op != Op::Access) return nullptr;
  std::vector<Index> loops = std::get<Nest>(o.action).loops, own;
  for (const Subscript& at : s->value->subscripts) {
    if (!at.is_plain()) return nullptr;
    own.push_back(at.plain());
  }
  std::sort(loops.begin(), loops.end());
  std::sort(own.begin(), own.end());
  return loops == own ? s->value->tensor : nullptr;
}

bool is_a_number_below(const Store& s) {
  return s.mode == Store::Mode::set && s.value->op == Op::Constant && s.value->value.to_double() <= 0;
}

}  // namespace

const Tensor* maximum_of(const Operations& operations, const Tensor* scalar) {
  const Tensor *array = nullptr, *from = scalar;
  std::vector<const Tensor*> changed;  // by the operations seen so far, the last first
  for (std::size_t i = operations.size(); i-- > 0;) {
    const auto written = touched(operations[i]).written;
    if (std::find(written.begin(), written.end(), from) == written.end()) {
      changed.insert(changed.end(), written.begin(), written.end());
      continue;
    }
    const Store* s = only_store(operations[i]);
    if (s == nullptr) return nullptr;
    if (array != nullptr) return is_a_number_below(*s) ? array : nullptr;
    if (const Tensor* all = all_of(operations[i])) {
      if (std::find(changed.begin(), changed.end(), all) != changed.end()) return nullptr;
      array = all;
    } else if (s->mode == Store::Mode::set && s->value->op == Op::Access && s->value->subscripts.empty()) {
      from = s->value->tensor;
    } else {
      return nullptr;
    }
  }
  return nullptr;
}

}  // namespace freefall::loop
