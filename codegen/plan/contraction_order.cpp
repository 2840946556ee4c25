#include "codegen/plan/contraction_order.hpp"

#include <algorithm>
#include <limits>

namespace freefall::plan {
namespace {

using ir::Index;
using Indices = std::vector<Index>;

constexpr std::size_t kMostExact = 8;

Indices united(const Indices& a, const Indices& b) {
  Indices out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

bool contains(const Indices& set, const Index& i) {
  return std::find(set.begin(), set.end(), i) != set.end();
}

double volume(const Indices& indices, const Specialisation& sizes) {
  double out = 1;
  for (const Index& i : indices) out *= static_cast<double>(sizes.extent(i.axis));
  return out;
}

class Search {
 public:
  Search(const std::vector<Indices>& operands, const Indices& bound, const Specialisation& sizes)
      : operands_(operands), bound_(bound), sizes_(sizes) {}

  // Indices that the contraction of a subset still carries: those free in the result or needed by the others.
  Indices kept(std::size_t subset) const {
    Indices inside, out;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      if (subset >> i & 1) inside = united(inside, operands_[i]);
    }
    for (const Index& index : inside) {
      bool needed = !contains(bound_, index);
      for (std::size_t i = 0; i < operands_.size(); ++i)
        needed |= !(subset >> i & 1) && contains(operands_[i], index);
      if (needed) out.push_back(index);
    }
    return out;
  }

  double pair_cost(std::size_t a, std::size_t b) const {
    return volume(united(kept_of(a), kept_of(b)), sizes_);
  }

  std::vector<Pairing> exact() {
    const std::size_t all = (std::size_t{1} << operands_.size()) - 1;
    best_.assign(all + 1, std::numeric_limits<double>::infinity());
    split_.assign(all + 1, 0);
    for (std::size_t i = 0; i < operands_.size(); ++i) best_[std::size_t{1} << i] = 0;
    for (std::size_t subset = 1; subset <= all; ++subset) {
      for (std::size_t part = (subset - 1) & subset; part > subset - part; part = (part - 1) & subset) {
        const double cost = best_[part] + best_[subset - part] + pair_cost(part, subset - part);
        if (cost < best_[subset]) {
          best_[subset] = cost;
          split_[subset] = part;
        }
      }
    }
    emit(all);
    return out_;
  }

  std::vector<Pairing> greedy() {
    return joined([&](const std::vector<Live>& live) {
      std::pair<std::size_t, std::size_t> out{0, 1};
      double best = std::numeric_limits<double>::infinity();
      for (std::size_t a = 0; a < live.size(); ++a) {
        for (std::size_t b = a + 1; b < live.size(); ++b) {
          if (const double cost = pair_cost(live[a].subset, live[b].subset); cost < best) {
            best = cost;
            out = {a, b};
          }
        }
      }
      return out;
    });
  }

  std::vector<Pairing> left_to_right() {
    return joined([&](const std::vector<Live>& live) {
      const bool begins = live.size() == operands_.size();  // then the last is what has been joined
      return std::pair<std::size_t, std::size_t>{0, begins ? 1 : live.size() - 1};
    });
  }

 private:
  struct Live {
    std::size_t subset, position;
  };

  // Joins the two that `choose` names, the first before the second, until one is left.
  template <class Choose>
  std::vector<Pairing> joined(const Choose& choose) {
    out_.clear();
    std::vector<Live> live;
    for (std::size_t i = 0; i < operands_.size(); ++i) live.push_back({std::size_t{1} << i, i});
    for (std::size_t next = operands_.size(); live.size() > 1; ++next) {
      const auto [a, b] = choose(live);
      record(live[a].subset, live[a].position, live[b].subset, live[b].position);
      const std::size_t subset = live[a].subset | live[b].subset;
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(b));
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(a));
      live.push_back({subset, next});
    }
    return out_;
  }

  Indices kept_of(std::size_t subset) const {
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      if (subset == std::size_t{1} << i) return operands_[i];
    }
    return kept(subset);
  }

  void record(std::size_t a, std::size_t a_position, std::size_t b, std::size_t b_position) {
    const Indices before = united(kept_of(a), kept_of(b)), after = kept(a | b);
    Pairing pairing{a_position, b_position, {}};
    for (const Index& i : before) {
      if (!contains(after, i)) pairing.bound.push_back(i);
    }
    out_.push_back(pairing);
  }

  // Post-order over the split tree; its depth is at most 8.
  std::size_t emit(std::size_t subset) {
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      if (subset == std::size_t{1} << i) return i;
    }
    const std::size_t a = split_[subset], b = subset - a;
    const std::size_t a_position = emit(a), b_position = emit(b);
    record(a, a_position, b, b_position);
    return operands_.size() + out_.size() - 1;
  }

  const std::vector<Indices>& operands_;
  const Indices& bound_;
  const Specialisation& sizes_;
  std::vector<double> best_;
  std::vector<std::size_t> split_;
  std::vector<Pairing> out_;
};

}  // namespace

double multiplications(const std::vector<Indices>& operands, const std::vector<Pairing>& order,
                       const Specialisation& sizes) {
  std::vector<Indices> known = operands;
  double out = 0;
  for (const Pairing& p : order) {
    Indices both = united(known[p.left], known[p.right]);
    out += volume(both, sizes);
    std::erase_if(both, [&](const Index& i) { return contains(p.bound, i); });
    known.push_back(std::move(both));
  }
  return out;
}

std::vector<Pairing> contraction_order(const std::vector<Indices>& operands, const Indices& bound,
                                       const Specialisation& sizes) {
  if (operands.size() < 2) return {};
  Search search(operands, bound, sizes);
  if (operands.size() <= kMostExact) return search.exact();
  const std::vector<Pairing> greedy = search.greedy(), in_order = search.left_to_right();
  return multiplications(operands, greedy, sizes) <= multiplications(operands, in_order, sizes) ? greedy
                                                                                                : in_order;
}

}  // namespace freefall::plan
