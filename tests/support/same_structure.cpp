#include "tests/support/same_structure.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freefall::test {
namespace {

// What an action is besides its body, its stores and its assignments, to be compared field by field.
auto head(const calculus::Loop& l) { return std::tie(l.count, l.tolerance, l.watched, l.while_positive); }
auto head(const calculus::Sweep& s) { return std::tie(s.axis, s.order, s.stream); }
auto head(const loop::Nest& n) { return std::tie(n.loops); }
auto head(const loop::Gemm& g) {
  return std::tie(g.outer, g.m, g.n, g.k, g.a, g.b, g.c, g.accumulate, g.stores_c);
}
auto head(const loop::MatrixFunction& f) {
  return std::tie(f.kind, f.outer, f.matrix, f.source, f.row, f.column, f.result, f.result_access);
}
auto head(const loop::Draws& d) { return std::tie(d.result, d.stream, d.kind); }
auto head(const loop::Repeat& r) { return std::tie(r.count, r.tolerance, r.moved, r.while_positive); }
auto head(const loop::Sweep& s) { return std::tie(s.tick, s.visit, s.order, s.elements); }
auto head(const loop::Slices& s) { return std::tie(s.plate, s.lane); }
auto head(const loop::Transfer& t) { return std::tie(t.direction, t.plate, t.whole, t.lanes); }

template <class List, class Compare>
std::string first_of(const List& a, const List& b, const Compare& compare) {
  for (std::size_t n = 0; n < std::min(a.size(), b.size()); ++n) {
    if (const std::string found = compare(a[n], b[n]); !found.empty())
      return fmt::format("{} / {}", n, found);
  }
  return a.size() == b.size()
             ? ""
             : fmt::format("{}: {} in place of {}", std::min(a.size(), b.size()), b.size(), a.size());
}

std::string difference(const std::vector<loop::Store>& a, const std::vector<loop::Store>& b) {
  return first_of(a, b, [](const loop::Store& x, const loop::Store& y) -> std::string {
    const bool same =
        x.target == y.target && x.subscripts == y.subscripts && x.mode == y.mode && x.value == y.value;
    return same ? "" : fmt::format("store to '{}'", x.target->name);
  });
}
const std::vector<loop::Store>& stores_of(const loop::Nest& n) { return n.stores; }
const std::vector<loop::Store>& stores_of(const loop::Gemm& g) { return g.epilogue; }

struct SameAction {
  template <class A>
  std::string operator()(const A& a, const A& b) const {
    if constexpr (std::is_same_v<A, calculus::Assign>) {
      return first_of(a.simultaneous, b.simultaneous, [](const auto& x, const auto& y) -> std::string {
        return x.target == y.target && x.value == y.value && x.tick == y.tick
                   ? ""
                   : fmt::format("'{}'", x.target->name);
      });
    } else {
      if (head(a) != head(b)) return "of another kind";
      if constexpr (requires { a.body; })
        return test::difference(a.body, b.body);
      else if constexpr (requires { stores_of(a); })
        return difference(stores_of(a), stores_of(b));
      else
        return "";
    }
  }
  template <class A, class B>
  std::string operator()(const A&, const B&) const {
    return "of another kind";
  }
};

template <class List>
std::string of_actions(const List& a, const List& b) {
  return first_of(a, b,
                  [](const auto& x, const auto& y) { return std::visit(SameAction{}, x.action, y.action); });
}

}  // namespace

std::string difference(const calculus::Steps& a, const calculus::Steps& b) { return of_actions(a, b); }
std::string difference(const loop::Operations& a, const loop::Operations& b) { return of_actions(a, b); }

std::string difference(const plan::Compilation& a, const plan::Compilation& b) {
  const auto named = [](const auto& of) {
    return [of](const auto& x, const auto& y) -> std::string {
      if (x.name != y.name) return x.name + " in place of " + y.name;
      const std::string found = difference(x.*of, y.*of);
      return found.empty() ? "" : x.name + ": " + found;
    };
  };
  const std::string planned = first_of(a.planned, b.planned, named(&calculus::Procedure::steps));
  return planned.empty() ? first_of(a.kernels, b.kernels, named(&loop::Kernel::operations)) : planned;
}

}  // namespace freefall::test
