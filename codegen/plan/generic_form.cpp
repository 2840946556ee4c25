#include "codegen/plan/generic_form.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/schedule.hpp"

namespace freefall::plan {

using namespace ir;

namespace {

// Larger for binders further out, which have the larger labels; largest for free indices, users' ones in
// order.
int label_of(const Subscript& s) {
  if (!s.is_plain()) return 0;
  const int level = s.plain().level;
  if (level < 0) return -level;
  return level >= kOpenedLevel ? level - kOpenedLevel : kOpenedLevel - level;
}

// The branch whose arrays alone are read at i, an index over what the branch has the values of; or null.
const Axis* branch_read_at(const Index& i, Expr e) {
  const auto& axes = e->context->axes();
  if (std::none_of(axes.begin(), axes.end(), [&](const Axis& a) { return a.values_of == i.axis; }))
    return nullptr;
  const Axis* out = nullptr;
  for (const Expr n : topological({e})) {
    for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
      const auto& terms = n->subscripts[p].terms;
      if (std::none_of(terms.begin(), terms.end(), [&](const auto& t) { return t.index == i; })) continue;
      if (n->op != Op::Access || !n->subscripts[p].is_plain()) return nullptr;
      const Axis* axis = n->tensor->axes[p];
      if (axis->values_of != i.axis || (out != nullptr && out != axis)) return nullptr;
      out = axis;
    }
  }
  return out;
}

}  // namespace

GenericForm generic_form(Expr e) {
  GenericForm out{e, {}};
  Substitution renaming;
  std::vector<std::pair<Index, Index>> names;  // of the key, of e
  std::vector<const Axis*> used;
  for (const Index& i : e->free) {
    if (calculus::is_tick(i)) {
      names.emplace_back(i, i);
      continue;
    }
    const Axis* const branch = branch_read_at(i, e);
    const Axis* const axis = branch != nullptr ? branch : i.axis;
    const auto rank = std::count(used.begin(), used.end(), axis);
    used.push_back(axis);
    names.emplace_back(Index{axis, static_cast<int>(rank)}, i);
    if (!(names.back().first == i)) renaming.emplace_back(i, names.back().first);
  }
  if (!renaming.empty()) out.key = substitute(e, renaming);
  // A tick comes after the indices of the key and may come before those of e.
  std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [of_key, of_e] : names) out.indices.push_back(of_e);
  return out;
}

bool is_expensive_itself(Expr e) {
  switch (e->op) {
    case Op::Contract:
    case Op::Reduce:
    case Op::Inverse:
    case Op::LogDet:
    case Op::Draw: return true;
    case Op::Map: return row(e->function).cost >= kExpensiveMap && !e->free.empty();
    default: return false;
  }
}

bool is_expensive(Expr root) {
  const auto nodes = topological({root});
  return std::any_of(nodes.begin(), nodes.end(), is_expensive_itself);
}

bool needs_indicator(Expr root) {
  std::unordered_map<const Node*, bool> outside;  // reads an element that may lie outside its array
  for (const Expr e : topological({root})) {
    bool& reads = outside[e.get()];
    const auto plain = [](const Subscript& s) { return s.is_plain(); };
    reads = e->op == Op::Gather ||
            (e->op == Op::Access && !std::all_of(e->subscripts.begin(), e->subscripts.end(), plain));
    for (std::size_t i = 0; i < e->args.size(); ++i) {
      if (!outside.at(e->args[i].get())) continue;
      reads = true;
      if (e->op == Op::Map || (e->op == Op::Product && e->weights[i].is_negative())) return true;
    }
  }
  return false;
}

const Tensor* prepared_array(Context& context, std::string_view base, const std::vector<const Axis*>& axes,
                             const std::function<bool(const Tensor*)>& taken) {
  std::string name(base);
  for (int n = 2;; ++n) {
    const Tensor* found = context.find_tensor(name);
    if (found == nullptr) return context.tensor(name, axes, Role::prepared);
    if (found->role == Role::prepared && found->axes == axes && !taken(found)) return found;
    name = fmt::format("{}_{}", base, n);
  }
}

const Tensor* Temporaries::make(const GenericForm& form, const std::vector<const Axis*>& preferred,
                                std::string_view hint) {
  std::vector<Index> order = form.key->free;
  std::erase_if(order, calculus::is_tick);
  const auto rank = [&](const Index& i) {
    const auto at = std::find(preferred.begin(), preferred.end(), i.axis) - preferred.begin();
    return std::pair(!i.axis->plate, at);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Index& a, const Index& b) { return rank(a) < rank(b); });
  return named(form, order, hint);
}

const Tensor* Temporaries::make_in_order(const GenericForm& form, const std::vector<Index>& order,
                                         std::string_view hint) {
  std::vector<Index> of_key;
  for (const Index& i : order) {
    const auto at = std::find(form.indices.begin(), form.indices.end(), i) - form.indices.begin();
    of_key.push_back(form.key->free[static_cast<std::size_t>(at)]);
  }
  return named(form, of_key, hint);
}

const Tensor* Temporaries::named(const GenericForm& form, const std::vector<Index>& order,
                                 std::string_view hint) {
  std::vector<const Axis*> axes;
  for (const Index& i : order) axes.push_back(i.axis);
  const Tensor* tensor = nullptr;
  if (role_ == Role::prepared) {
    tensor = prepared_array(*context_, hint, axes, [&](const Tensor* t) { return order_.contains(t); });
  } else {
    tensor = context_->temporary(std::string(hint), axes);
  }
  record(form, tensor, order);
  return tensor;
}

void Temporaries::hold(const GenericForm& form, const Tensor* tensor) {
  std::vector<Index> order;
  for (const Index& own : canonical_indices(tensor)) {
    const auto position = std::find(form.indices.begin(), form.indices.end(), own) - form.indices.begin();
    order.push_back(form.key->free[static_cast<std::size_t>(position)]);
  }
  record(form, tensor, order);
}

void Temporaries::record(const GenericForm& form, const Tensor* tensor, const std::vector<Index>& order) {
  order_[tensor] = order;
  held_[form.key.get()] = tensor;
  if (form.key->op == Op::Sum && std::find(sums_.begin(), sums_.end(), form.key.get()) == sums_.end())
    sums_.push_back(form.key.get());
  auto& symmetric = symmetric_[tensor];
  symmetric.clear();
  for (std::size_t p = 0; p < order.size(); ++p) {
    for (std::size_t q = p + 1; q < order.size(); ++q) {
      if (order[p].axis != order[q].axis) continue;
      const Expr swapped = substitute(form.key, {{order[p], order[q]}, {order[q], order[p]}});
      if (swapped == form.key) symmetric.emplace_back(p, q);
    }
  }
}

void Temporaries::adopt(const GenericForm& form, const Tensor* temporary, const std::vector<Index>& order) {
  record(form, temporary, std::vector<Index>(order));
}

std::vector<std::pair<Expr, const Tensor*>> Temporaries::sums() const {
  std::vector<std::pair<Expr, const Tensor*>> out;
  for (const Node* sum : sums_) {
    if (const auto at = held_.find(sum); at != held_.end()) out.emplace_back(Expr(sum), at->second);
  }
  return out;
}

const Tensor* Temporaries::find(const GenericForm& form) const {
  const auto at = held_.find(form.key.get());
  return at == held_.end() ? nullptr : at->second;
}

Expr Temporaries::read(const Tensor* tensor, const GenericForm& form) const {
  std::vector<Subscript> subscripts;
  for (const Index& i : order_.at(tensor)) {
    const auto position = std::find(form.key->free.begin(), form.key->free.end(), i) - form.key->free.begin();
    subscripts.emplace_back(form.indices[static_cast<std::size_t>(position)]);
  }
  for (const auto& [p, q] : symmetric_.at(tensor)) {
    if (label_of(subscripts[q]) > label_of(subscripts[p])) std::swap(subscripts[p], subscripts[q]);
  }
  return make_access(*context_, tensor, std::move(subscripts));
}

void Temporaries::copied(const Tensor* copy, const Tensor* original) {
  std::vector<std::pair<Expr, const Tensor*>> of_original;
  for (const auto& [key, held] : held_) {
    const auto reads = tensors_of(Expr(key));
    if (std::find(reads.begin(), reads.end(), original) != reads.end() && held != copy)
      of_original.emplace_back(Expr(key), held);
  }
  // Many of equal value: the one that is found must not depend on the order of a table.
  std::sort(of_original.begin(), of_original.end(), [](const auto& a, const auto& b) {
    return a.second->name != b.second->name ? a.second->name < b.second->name : compare(a.first, b.first) < 0;
  });
  for (const auto& [key, held] : of_original) {
    const Expr renamed = transform(key, [&](Expr e) {
      return e->op == Op::Access && e->tensor == original ? make_access(*context_, copy, e->subscripts) : e;
    });
    if (renamed->op == key->op && renamed->free == key->free) held_.emplace(renamed.get(), held);
  }
}

void Temporaries::invalidate(const Tensor* changed) {
  std::erase_if(held_, [&](const auto& entry) {
    const auto reads = tensors_of(Expr(entry.first));
    return entry.second == changed || std::find(reads.begin(), reads.end(), changed) != reads.end();
  });
}

void Temporaries::drop(const Tensor* temporary) {
  std::erase_if(held_, [&](const auto& entry) { return entry.second == temporary; });
}

}  // namespace freefall::plan
