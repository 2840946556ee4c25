#include "codegen/ir/label.hpp"

#include <algorithm>

#include "codegen/ir/hash.hpp"

namespace freefall::ir {
namespace {

constexpr std::size_t kMostOrders = 24;  // followed in parallel: all orders of four indices

// Labels for binders over `body`, by position above its highest label. A rewrite may leave the label of a
// binder further out free in the body; where one would be captured, all labels move above it until that
// binder is made again.
std::vector<Index> fresh_labels(const std::vector<Index>& bound, const Expr& body) {
  const auto labels_above = [&](int base) {
    std::vector<Index> labels;
    for (const Index& b : bound) labels.push_back({b.axis, -(base + 1 + static_cast<int>(labels.size()))});
    return labels;
  };
  const std::vector<Index> labels = labels_above(body->binding_height);
  int highest = body->binding_height;
  bool captures = false;
  for (const Index& f : body->free) {
    if (!f.is_bound() || std::find(bound.begin(), bound.end(), f) != bound.end()) continue;
    highest = std::max(highest, -f.level);
    captures |= std::find(labels.begin(), labels.end(), f) != labels.end();
  }
  return captures ? labels_above(highest) : labels;
}

// Frees labels that stand no higher than binders inside the body (those may have made way for them).
void open_low_labels(std::vector<Index>& bound, Expr& body) {
  constexpr int kOpenedLevel = 1 << 28;
  Substitution s;
  for (Index& b : bound) {
    if (!b.is_bound() || -b.level > body->binding_height) continue;
    const Index open{b.axis, kOpenedLevel - b.level};
    s.emplace_back(b, open);
    b = open;
  }
  body = substitute(body, s);
}

using Colours = std::vector<std::pair<Index, std::uint64_t>>;

std::uint64_t signature(const Subscript& s, const Colours& colours) {
  std::uint64_t h = static_cast<std::uint64_t>(s.offset);
  for (const auto& term : s.terms) {
    const auto at =
        std::find_if(colours.begin(), colours.end(), [&](const auto& c) { return c.first == term.index; });
    // A label inside the body may depend on the names of the indices to be bound; its axis does not.
    const std::uint64_t colour = at != colours.end()     ? at->second
                                 : term.index.is_bound() ? 1
                                                         : static_cast<std::uint64_t>(term.index.level) + 2;
    h += mix(mix(hash_text(term.index.axis->name), colour), static_cast<std::uint64_t>(term.factor));
  }
  return mix(h, s.terms.size());
}

// A hash of the body that depends on the coloured indices through their colours only.
std::uint64_t signature(Expr root, const Colours& colours) {
  std::unordered_map<const Node*, std::uint64_t> done;
  std::vector<std::pair<Expr, bool>> stack{{root, false}};
  while (!stack.empty()) {
    const auto [e, ready] = stack.back();
    stack.pop_back();
    if (done.contains(e.get())) continue;
    const bool varies = std::any_of(e->free.begin(), e->free.end(), [&](const Index& i) {
      return i.is_bound() ||
             std::any_of(colours.begin(), colours.end(), [&](const auto& c) { return c.first == i; });
    });
    if (!varies) {
      done[e.get()] = e->hash;
      continue;
    }
    if (!ready) {
      stack.emplace_back(e, true);
      for (const Expr a : e->args) stack.emplace_back(a, false);
      continue;
    }
    std::uint64_t h = mix(static_cast<std::uint64_t>(e->op), static_cast<std::uint64_t>(e->function) * 31 +
                                                                 static_cast<std::uint64_t>(e->reducer));
    if (e->tensor != nullptr) h = mix(h, hash_text(e->tensor->name));
    if (e->axis != nullptr) h = mix(h, hash_text(e->axis->name));
    h = mix(h, hash_text(e->name));
    for (const Index& b : e->bound) h = mix(h, hash_text(b.axis->name));
    // Where the order of parts, or the coefficient a sum gives up, is decided by names, it must not be seen.
    const bool unordered_subscripts = e->op == Op::Delta || e->op == Op::Inverse;
    std::uint64_t total = 0;
    for (std::size_t k = 0; k < e->args.size(); ++k) {
      const std::uint64_t place = e->op == Op::Product ? e->weights[k].hash() : e->op == Op::Sum ? 0 : k;
      const std::uint64_t part = mix(done.at(e->args[k].get()), place);
      total += mix(part, 3);
    }
    for (std::size_t k = 0; k < e->subscripts.size(); ++k) {
      total += mix(mix(signature(e->subscripts[k], colours), unordered_subscripts ? 0 : k), 5);
    }
    done[e.get()] = mix(h, total);
  }
  return done.at(root.get());
}

// Orders of the indices (sorted by axis) worth trying: positions in `bound`, by increasing signatures.
std::vector<std::vector<std::size_t>> candidate_orders(const std::vector<Index>& bound, Expr body) {
  std::vector<std::vector<std::size_t>> orders{{}};
  for (std::size_t position = 0; position < bound.size(); ++position) {
    const Axis* axis = bound[position].axis;
    const auto repeated =
        std::count_if(bound.begin(), bound.end(), [&](const Index& b) { return b.axis == axis; });
    if (repeated == 1) {
      for (auto& order : orders) order.push_back(position);
      continue;
    }
    std::vector<std::pair<std::uint64_t, std::vector<std::size_t>>> extended;
    for (const auto& order : orders) {
      Colours colours;
      for (const Index& b : bound) colours.emplace_back(b, 0xa0);
      for (std::size_t k = 0; k < order.size(); ++k) colours[order[k]].second = 0xb0 + k;
      for (std::size_t next = 0; next < bound.size(); ++next) {
        if (bound[next].axis != axis || std::find(order.begin(), order.end(), next) != order.end()) continue;
        Colours seen = colours;
        seen[next].second = 0xc0;
        extended.emplace_back(signature(body, seen), order);
        extended.back().second.push_back(next);
      }
    }
    const auto smallest =
        std::min_element(extended.begin(), extended.end(), [](const auto& a, const auto& b) {
          return a.first < b.first;
        })->first;
    orders.clear();
    for (auto& [s, order] : extended) {
      if (s == smallest && orders.size() < kMostOrders) orders.push_back(std::move(order));
    }
  }
  return orders;
}

}  // namespace

Labelled label_canonically(std::vector<Index> bound, Expr body) {
  open_low_labels(bound, body);
  std::sort(bound.begin(), bound.end());
  Labelled best;
  best.bound = fresh_labels(bound, body);
  for (const std::vector<std::size_t>& order : candidate_orders(bound, body)) {
    Substitution s;
    for (std::size_t k = 0; k < order.size(); ++k) s.emplace_back(bound[order[k]], best.bound[k]);
    Expr candidate = substitute(body, s);
    Number weight = 1;
    if (candidate->op == Op::Sum && candidate->args.size() == 1 && candidate->value.is_zero()) {
      weight = candidate->weights[0];
      candidate = candidate->args[0];
    }
    best.antisymmetric |= candidate == best.body && weight != best.weight;
    const auto order_of = best.body ? compare(candidate, best.body) : std::strong_ordering::less;
    if (order_of < 0) best.antisymmetric = false;
    if (order_of < 0 || (order_of == 0 && compare(weight, best.weight) < 0)) {
      best.body = candidate;
      best.weight = weight;
    }
  }
  return best;
}

std::vector<Index> label_in_order(std::vector<Index> bound, Expr& body) {
  open_low_labels(bound, body);
  const std::vector<Index> labels = fresh_labels(bound, body);
  Substitution s;
  for (std::size_t k = 0; k < bound.size(); ++k) s.emplace_back(bound[k], labels[k]);
  body = substitute(body, s);
  return labels;
}

}  // namespace freefall::ir
