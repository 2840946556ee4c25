#include "codegen/loop/fuse_nests.hpp"

#include <algorithm>

#include "codegen/loop/product_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

// True if every access of e to t reads exactly the element stored at `subscripts`.
bool reads_only_at(Expr e, const Tensor* t, const std::vector<Subscript>& subscripts) {
  const auto nodes = topological({e});
  return std::all_of(nodes.begin(), nodes.end(), [&](Expr n) {
    return n->tensor != t || (n->op == Op::Access && n->subscripts == subscripts);
  });
}

// True if several elements of the nest go to one element of the target.
bool sums(const Nest& nest, const Store& s) {
  return std::any_of(nest.loops.begin(), nest.loops.end(), [&](const Index& i) {
    return std::find(s.subscripts.begin(), s.subscripts.end(), Subscript(i)) == s.subscripts.end();
  });
}

bool can_join(const Nest& first, const Nest& second) {
  if (!(first.loops == second.loops)) return false;
  for (const Store& a : first.stores) {
    for (const Store& b : second.stores) {
      if (!reads_only_at(b.value, a.target, a.subscripts) || !reads_only_at(a.value, b.target, b.subscripts))
        return false;
      if (a.target == b.target && !(a.subscripts == b.subscripts)) return false;
      // An accumulation is complete only after its loops; nothing of the same nest may read or reset it.
      const bool partial = sums(first, a);
      if (partial && (a.target == b.target || !reads_only_at(b.value, a.target, {Subscript(-1)})))
        return false;
      if (sums(first, b) && !reads_only_at(a.value, b.target, {Subscript(-1)})) return false;
    }
  }
  return true;
}

// True if the nest runs over the elements of the product and may do so as soon as each sum is complete.
bool can_append(const Gemm& g, const Nest& nest, const plan::Specialisation& sizes) {
  if (product_form(g, sizes) == ProductForm::blocked || !g.outer.empty()) return false;
  const Nest elements{element_indices(g), g.epilogue};
  if (!std::is_permutation(nest.loops.begin(), nest.loops.end(), elements.loops.begin(),
                           elements.loops.end()))
    return false;
  const bool good = std::all_of(nest.stores.begin(), nest.stores.end(), [&](const Store& s) {
    // The sums come in vectors of every size down to one element.
    return !has_costly_rest(s.value, elements.loops.back(), sizes) && !sums(nest, s) &&
           s.target != g.a->tensor && s.target != g.b->tensor && s.target != g.c->tensor &&
           reads_only_at(s.value, g.c->tensor, g.c->subscripts);
  });
  return good && can_join(elements, Nest{elements.loops, nest.stores});
}

bool overlap(const std::vector<const Tensor*>& a, const std::vector<const Tensor*>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const Tensor* t) { return std::find(b.begin(), b.end(), t) != b.end(); });
}

// Appends the nest to an earlier operation that it may join and that nothing in between keeps it from: the
// one furthest back among those that compute something the nest reads, else the last operation.
bool join(Operations& out, const Nest& nest, const plan::Specialisation& sizes) {
  const Touched own = touched(Operation{nest});
  Operation* host = nullptr;
  for (std::size_t i = out.size(); i-- > 0;) {
    const Touched theirs = touched(out[i]);
    const auto* other = std::get_if<Nest>(&out[i].action);
    const auto* gemm = std::get_if<Gemm>(&out[i].action);
    const bool joins =
        (other != nullptr && can_join(*other, nest)) || (gemm != nullptr && can_append(*gemm, nest, sizes));
    const bool related =
        overlap(theirs.written, own.read) || (gemm != nullptr && overlap({gemm->c->tensor}, own.read));
    if (joins && (related || (other != nullptr && i + 1 == out.size()))) host = &out[i];
    if (related || overlap(own.written, theirs.read) || overlap(own.written, theirs.written)) break;
  }
  if (host == nullptr) return false;
  auto* gemm = std::get_if<Gemm>(&host->action);
  auto& stores = gemm != nullptr ? gemm->epilogue : std::get<Nest>(host->action).stores;
  stores.insert(stores.end(), nest.stores.begin(), nest.stores.end());
  return true;
}

std::size_t count(const Operations& operations) {
  std::size_t out = operations.size();
  for (const Operation& o : operations) {
    if (const Operations* body = body_of(o)) out += count(*body);
  }
  return out;
}

Operations fuse_once(const Operations& operations, const plan::Specialisation& sizes) {
  Operations out;
  for (Operation o : operations) {
    if (Operations* body = body_of(o)) *body = fuse_once(*body, sizes);
    const auto* nest = std::get_if<Nest>(&o.action);
    if (nest == nullptr || !join(out, *nest, sizes)) out.push_back(std::move(o));
  }
  return out;
}

}  // namespace

Operations fuse_nests(const Operations& operations, const plan::Specialisation& sizes) {
  Operations out = fuse_once(operations, sizes);
  for (std::size_t before = count(operations); count(out) < before;) {
    before = count(out);
    out = fuse_once(out, sizes);
  }
  return out;
}

}  // namespace freefall::loop
