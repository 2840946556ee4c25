#include "codegen/loop/one_hot.hpp"

#include <algorithm>

#include "codegen/ir/indicator.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

// A store done where its indicators hold, and the value that the index has there.
struct Opened {
  Expr value, at;
};

// A term with a factor [i = v], without it; the value is null where there is no such factor.
Opened open_term(Expr term, const Index& i) {
  const std::vector<Expr> factors = term->op == Op::Product ? term->args : std::vector<Expr>{term};
  for (std::size_t f = 0; f < factors.size(); ++f) {
    if (term->op == Op::Product && !term->weights[f].is_one()) continue;
    if (const Expr v = chosen_position(factors[f], i))
      return {replace(term, {{factors[f], make_constant(*term->context, 1)}}), v};
  }
  return {};
}

bool is_target(Expr e, const Store& s) {
  return e->op == Op::Access && e->tensor == s.target && e->subscripts == s.subscripts;
}

Opened open(const Store& s, const Index& i) {
  if (s.mode == Store::Mode::maximum) return {};
  const bool set = s.mode == Store::Mode::set;
  if (s.value->op != Op::Sum) return set ? Opened{} : open_term(s.value, i);
  if (!s.value->value.is_zero()) return {};
  bool kept = false;
  Opened out;
  std::vector<Expr> terms = s.value->args;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    if (set && !kept && s.value->weights[k].is_one() && is_target(terms[k], s)) {
      kept = true;
      continue;
    }
    const Opened term = open_term(terms[k], i);
    if (!term.value || (out.at && !(out.at == term.at))) return {};
    terms[k] = term.value;
    out.at = term.at;
  }
  if (!out.at || kept != set) return {};
  out.value = make_sum(*s.value->context, terms, s.value->weights);
  return out;
}

bool changes(const Nest& nest, Expr value) {
  for (const Tensor* t : tensors_of(value)) {
    if (std::any_of(nest.stores.begin(), nest.stores.end(), [&](const Store& s) { return s.target == t; }))
      return true;
  }
  return std::any_of(nest.loops.begin(), nest.loops.end(),
                     [&](const Index& i) { return value->depends_on(i); });
}

}  // namespace

Scatter scatter(const Nest& nest) {
  Scatter out{nest, {}};
  for (const Index& i : nest.loops) {
    Nest opened = out.nest;
    Expr at;
    const bool all = std::all_of(opened.stores.begin(), opened.stores.end(), [&](Store& s) {
      const Opened store = open(s, i);
      if (!store.value || (at && !(at == store.at))) return false;
      at = store.at;
      s.value = store.value;
      return true;
    });
    if (!all || !at || changes(nest, at)) continue;
    std::erase(opened.loops, i);
    out.nest = std::move(opened);
    out.at.emplace_back(i, at);
  }
  return out;
}

}  // namespace freefall::loop
