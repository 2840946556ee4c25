// Identity of nodes: structural hash, structural order, hash-consing.

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "codegen/ir/expr.hpp"
#include "codegen/ir/hash.hpp"

namespace freefall::ir {
namespace {

std::uint64_t hash_index(const Index& i) {
  return mix(hash_text(i.axis->name), static_cast<std::uint64_t>(i.level) + 77);
}

std::uint64_t hash_node(const Node& n) {
  std::uint64_t h = mix(static_cast<std::uint64_t>(n.op),
                        static_cast<std::uint64_t>(n.function) * 31 + static_cast<std::uint64_t>(n.reducer));
  h = mix(h, n.value.hash());
  if (n.tensor != nullptr) h = mix(h, hash_text(n.tensor->name));
  if (n.axis != nullptr) h = mix(h, hash_text(n.axis->name));
  h = mix(h, hash_text(n.name));
  for (const Subscript& s : n.subscripts) {
    h = mix(h, static_cast<std::uint64_t>(s.offset) + 5);
    for (const auto& t : s.terms) h = mix(mix(h, hash_index(t.index)), static_cast<std::uint64_t>(t.factor));
  }
  for (const Index& i : n.bound) h = mix(h, hash_index(i));
  for (const Expr a : n.args) h = mix(h, a->hash);
  for (const Number& w : n.weights) h = mix(h, w.hash());
  return h;
}

// Everything but the arguments.
std::strong_ordering compare_shallow(const Node& a, const Node& b) {
  const auto differ = [](std::strong_ordering c) { return c != 0; };
  if (const auto c = a.op <=> b.op; differ(c)) return c;
  if (const auto c = a.function <=> b.function; differ(c)) return c;
  if (const auto c = a.reducer <=> b.reducer; differ(c)) return c;
  if (a.tensor != b.tensor) {
    if (const auto c = a.tensor->name <=> b.tensor->name; differ(c)) return c;
  }
  if (a.axis != b.axis) {
    if (const auto c = a.axis->name <=> b.axis->name; differ(c)) return c;
  }
  if (const auto c = a.name <=> b.name; differ(c)) return c;
  if (const auto c = a.args.size() <=> b.args.size(); differ(c)) return c;
  if (const auto c = a.subscripts.size() <=> b.subscripts.size(); differ(c)) return c;
  for (std::size_t i = 0; i < a.subscripts.size(); ++i) {
    if (const auto c = compare(a.subscripts[i], b.subscripts[i]); differ(c)) return c;
  }
  if (const auto c = a.bound.size() <=> b.bound.size(); differ(c)) return c;
  for (std::size_t i = 0; i < a.bound.size(); ++i) {
    if (const auto c = compare(a.bound[i], b.bound[i]); differ(c)) return c;
  }
  if (const auto c = compare(a.value, b.value); differ(c)) return c;
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    if (const auto c = compare(a.weights[i], b.weights[i]); differ(c)) return c;
  }
  return std::strong_ordering::equal;
}

bool same(const Node& a, const Node& b) {
  return a.op == b.op && a.function == b.function && a.reducer == b.reducer && a.tensor == b.tensor &&
         a.axis == b.axis && a.name == b.name && a.value == b.value && a.args == b.args &&
         a.weights == b.weights && a.bound == b.bound && a.subscripts == b.subscripts;
}

void collect(std::vector<Index>& into, const Subscript& s) {
  for (const auto& t : s.terms) into.push_back(t.index);
}

void derive_fields(Node& n) {
  n.free.clear();
  n.binding_height = 0;
  for (const Expr a : n.args) {
    n.free.insert(n.free.end(), a->free.begin(), a->free.end());
    n.binding_height = std::max(n.binding_height, a->binding_height);
  }
  std::sort(n.free.begin(), n.free.end());
  for (const Index& i : n.bound) {
    std::erase(n.free, i);
    n.binding_height = std::max(n.binding_height, -i.level);
  }
  for (const Subscript& s : n.subscripts) collect(n.free, s);
  std::sort(n.free.begin(), n.free.end());
  n.free.erase(std::unique(n.free.begin(), n.free.end()), n.free.end());
  n.hash = hash_node(n);
}

}  // namespace

const char* name(Op op) {
  static constexpr const char* kNames[] = {"Constant", "Extent",  "Access",   "Delta",   "Range", "Position",
                                           "Sum",      "Product", "Contract", "Reduce",  "Map",   "Select",
                                           "Gather",   "Freeze",  "Draw",     "Inverse", "LogDet"};
  return kNames[static_cast<std::size_t>(op)];
}
const char* name(Reducer reducer) {
  static constexpr const char* kNames[] = {"max", "log_sum_exp", "softmax"};
  return kNames[static_cast<std::size_t>(reducer)];
}

bool Node::depends_on(const Index& index) const {
  return std::binary_search(free.begin(), free.end(), index);
}

// Lexicographic over the tree, with an explicit stack; equal sub-expressions are one node and cost nothing.
std::strong_ordering compare(Expr a, Expr b) {
  std::vector<std::pair<Expr, Expr>> stack{{a, b}};
  while (!stack.empty()) {
    const auto [x, y] = stack.back();
    stack.pop_back();
    if (x == y) continue;
    if (const auto c = compare_shallow(*x, *y); c != 0) return c;
    for (std::size_t i = x->args.size(); i-- > 0;) stack.emplace_back(x->args[i], y->args[i]);
  }
  return std::strong_ordering::equal;
}

bool Context::Equal::operator()(const Node* a, const Node* b) const {
  return a->hash == b->hash && same(*a, *b);
}

const Axis* Context::find_axis(std::string_view name) const {
  for (const auto* list : {&axes_, &lane_axes_}) {
    const auto at = std::find_if(list->begin(), list->end(), [&](const Axis& a) { return a.name == name; });
    if (at != list->end()) return &*at;
  }
  return nullptr;
}

const Axis* Context::axis(std::string_view name, bool plate, const Axis* values_of) {
  if (const Axis* known = find_axis(name)) {
    if (known->values_of != values_of) {
      throw std::invalid_argument(fmt::format(
          "axis '{}' is declared twice, with the values of different axes; give one of them another name",
          name));
    }
    if (known->plate != plate) {
      throw std::invalid_argument(fmt::format(
          "axis '{}' is declared both as an axis and as a plate; give one of them another name", name));
    }
    return known;
  }
  axes_.push_back({std::string(name), plate, values_of});
  return &axes_.back();
}

const Axis* Context::lane_axis(const Axis* plate) {
  const Axis*& lane = lanes_[plate];
  if (lane == nullptr) {
    std::string name = plate->name + "_lane";
    for (int n = 2; find_axis(name) != nullptr; ++n) name = fmt::format("{}_lane_{}", plate->name, n);
    lane = &lane_axes_.emplace_back(Axis{name});
  }
  return lane;
}

const Tensor* Context::find_tensor(std::string_view name) const {
  const auto at =
      std::find_if(tensors_.begin(), tensors_.end(), [&](const Tensor& t) { return t.name == name; });
  return at == tensors_.end() ? nullptr : &*at;
}

const Tensor* Context::temporary(const std::string& name, std::vector<const Axis*> axes) {
  return tensor(unused_name(name), std::move(axes), Role::temporary);
}

const Tensor* Context::padded_temporary(const std::string& name, const Tensor* of) {
  tensors_.push_back(
      {unused_name(name), of->axes, Role::temporary, of->zero_diagonal, of->one_of, of->index_of, true});
  return &tensors_.back();
}

std::string Context::unused_name(const std::string& name) const {
  std::string unused = name;
  for (int n = 2; find_tensor(unused) != nullptr; ++n) unused = name + "_" + std::to_string(n);
  return unused;
}

const Tensor* Context::tensor(std::string_view name, std::vector<const Axis*> axes, Role role,
                              bool zero_diagonal, bool one_of, const Axis* index_of) {
  if (const Tensor* known = find_tensor(name)) {
    if (known->axes != axes || known->role != role || known->index_of != index_of) {
      throw std::invalid_argument(fmt::format(
          "'{}' is declared twice, with other axes or another role; give one of them another name", name));
    }
    return known;
  }
  tensors_.push_back({std::string(name), std::move(axes), role, zero_diagonal, one_of, index_of});
  return &tensors_.back();
}

Expr Context::intern(Node&& node) {
  node.context = this;
  derive_fields(node);
  if (const auto at = unique_.find(&node); at != unique_.end()) return Expr(*at);
  node.origin = origin;
  nodes_.push_back(std::move(node));
  unique_.insert(&nodes_.back());
  return Expr(&nodes_.back());
}

}  // namespace freefall::ir
