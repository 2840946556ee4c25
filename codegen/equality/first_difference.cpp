#include "codegen/equality/first_difference.hpp"

#include <algorithm>
#include <set>

namespace freefall::equality {
namespace {

using namespace ir;

struct Part {
  Expr e;
  Number weight;
  friend bool operator==(const Part&, const Part&) = default;
};

std::vector<Part> parts_of(Expr e, Op op) {
  if (e->op != op) return {{e, 1}};
  std::vector<Part> out;
  for (std::size_t k = 0; k < e->args.size(); ++k) out.push_back({e->args[k], e->weights[k]});
  if (op == Op::Sum && !e->value.is_zero()) out.push_back({make_constant(*e->context, 1), e->value});
  return out;
}

void drop_common(std::vector<Part>& a, std::vector<Part>& b) {
  std::erase_if(a, [&](const Part& p) {
    const auto at = std::find(b.begin(), b.end(), p);
    if (at == b.end()) return false;
    b.erase(at);
    return true;
  });
}

Expr joined(Context& context, const std::vector<Part>& parts, Op op) {
  if (parts.empty()) return {};
  std::vector<Expr> args;
  std::vector<Number> weights;
  for (const Part& p : parts) {
    args.push_back(p.e);
    weights.push_back(p.weight);
  }
  return op == Op::Sum ? make_sum(context, args, weights) : make_product(context, args, weights);
}

std::set<const Tensor*> reads(Expr e) {
  const auto all = tensors_of(e);
  return {all.begin(), all.end()};
}

// The two that share most arrays in proportion: the term that was meant.
std::pair<std::size_t, std::size_t> most_alike(const std::vector<Part>& a, const std::vector<Part>& b) {
  std::pair<std::size_t, std::size_t> best{0, 0};
  double most = -1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto x = reads(a[i].e), y = reads(b[j].e);
      const auto common = std::count_if(x.begin(), x.end(), [&](const Tensor* t) { return y.contains(t); });
      const double alike =
          static_cast<double>(common) / static_cast<double>(std::max<std::size_t>({1, x.size(), y.size()}));
      if (alike > most) {
        most = alike;
        best = {i, j};
      }
    }
  }
  return best;
}

}  // namespace

Difference first_difference(Expr derived, Expr reference) {
  Context& context = *derived->context;
  Difference out{derived, reference, derived, reference};
  bool outermost = true;
  for (;;) {
    Expr& x = out.derived;
    Expr& y = out.reference;
    const Op op = x->op == Op::Sum || y->op == Op::Sum           ? Op::Sum
                  : x->op == Op::Product || y->op == Op::Product ? Op::Product
                                                                 : x->op;
    if (op == Op::Sum || op == Op::Product) {
      auto a = parts_of(x, op), b = parts_of(y, op);
      drop_common(a, b);
      if (outermost && op == Op::Sum && !a.empty() && !b.empty()) {
        const auto [i, j] = most_alike(a, b);
        a = {a[i]};
        b = {b[j]};
      }
      const bool one = a.size() == 1 && b.size() == 1;
      const bool entered = one && a[0].weight == b[0].weight && !(a[0].e == b[0].e);
      x = entered ? a[0].e : joined(context, a, op);
      y = entered ? b[0].e : joined(context, b, op);
      if (outermost && op == Op::Sum) {
        out.derived_term = joined(context, a, op);
        out.reference_term = joined(context, b, op);
        outermost = false;
      }
      if (!entered) return out;
      continue;
    }
    const bool same = x->op == y->op && x->args.size() == y->args.size() && x->bound == y->bound &&
                      x->subscripts == y->subscripts && x->function == y->function &&
                      x->reducer == y->reducer && x->tensor == y->tensor;
    std::size_t differing = 0, at = 0;
    for (std::size_t k = 0; same && k < x->args.size(); ++k) {
      if (x->args[k] == y->args[k]) continue;
      ++differing;
      at = k;
    }
    if (differing != 1) return out;
    const Expr next_x = x->args[at], next_y = y->args[at];
    x = next_x;
    y = next_y;
  }
}

}  // namespace freefall::equality
