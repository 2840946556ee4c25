#include "codegen/loop/whole_vectors.hpp"

#include <algorithm>

#include "codegen/loop/product_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool contains(const Subscript& s, const Index& i) {
  return std::any_of(s.terms.begin(), s.terms.end(), [&](const auto& term) { return term.index == i; });
}

// The element is one of a row along the index. The memory of a temporary is a whole number of vectors, that
// of a padded one is so row by row.
bool has_room(const Tensor* t, const std::vector<Subscript>& at, const Index& inner) {
  return t->role == Role::temporary && !at.empty() && (at.size() == 1 || t->padded) &&
         at.back() == Subscript(inner) && t->axes.back() == inner.axis &&
         std::none_of(at.begin(), at.end() - 1, [&](const Subscript& s) { return contains(s, inner); });
}

}  // namespace

bool may_go_on(const std::vector<Store>& stores, const Index& inner, const Tensor* sums) {
  return !plan::is_counted(inner.axis) && std::all_of(stores.begin(), stores.end(), [&](const Store& s) {
    if (s.mode != Store::Mode::set || !has_room(s.target, s.subscripts, inner)) return false;
    const auto nodes = topological({s.value});
    return std::all_of(nodes.begin(), nodes.end(), [&](Expr e) {
      if (!e->depends_on(inner)) return true;
      switch (e->op) {
        case Op::Access: return e->tensor == sums || has_room(e->tensor, e->subscripts, inner);
        // A number beyond its range must not become an index.
        case Op::Gather:
        case Op::Position:
        case Op::Range: return false;
        default: return true;
      }
    });
  });
}

std::size_t extended(std::size_t elements, const plan::Specialisation& sizes) {
  const std::size_t whole = sizes.whole_vectors(elements);
  return 2 * elements > whole ? whole : elements;
}

bool rows_may_go_on(const Gemm& g, const plan::Specialisation& sizes) {
  if (product_form(g, sizes) != ProductForm::matrix_vector || !g.outer.empty()) return false;
  const Index row = g.m ? *g.m : *g.n;
  const Expr matrix = g.m ? g.a : g.b;
  std::vector<Store> stores = g.epilogue;
  if (g.stores_c) stores.push_back({g.c->tensor, g.c->subscripts, Store::Mode::set, g.c, {}});
  return !g.accumulate && has_room(matrix->tensor, matrix->subscripts, row) &&
         may_go_on(stores, row, g.c->tensor);
}

}  // namespace freefall::loop
