#include "codegen/loop/pad_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/loop/live_in.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/whole_vectors.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

using Copies = std::map<const Tensor*, const Tensor*>;  // looked up only

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

class Padder {
 public:
  Padder(Context& context, const plan::Specialisation& sizes) : context_(context), sizes_(sizes) {}

  Operations run(const Operations& operations) {
    Operations out;
    for (const Operation& o : operations) {
      const auto* repeat = std::get_if<Repeat>(&o.action);
      const bool many = repeat != nullptr && repeat->count >= sizes_.machine.copied_passes;
      // What a loop sets that may make no pass is not known behind it.
      if (many && repeat->while_positive == nullptr && pad(o, out)) continue;
      out.push_back(o);
      if (Operations* body = body_of(out.back())) *body = run(*body);
    }
    return out;
  }

 private:
  // The loop between copies there and back, if that lets a product go on.
  bool pad(const Operation& loop, Operations& out) {
    const Operations& body = *body_of(loop);
    const std::vector<const Tensor*> from_before = live_in({loop}), wanted = candidates(loop, from_before);
    if (!std::any_of(body.begin(), body.end(), [&](const Operation& o) { return multiplies(o, wanted); }))
      return false;
    Copies copies;
    for (const Tensor* t : wanted) copies[t] = context_.padded_temporary(t->name + "_padded", t);
    for (const Tensor* t : wanted) {
      if (contains(from_before, t)) out.push_back(copy(t, copies.at(t), "with room behind its rows"));
    }
    Operation padded = loop;
    for (Operation& o : *body_of(padded)) replace(o, copies);
    out.push_back(std::move(padded));
    const Touched all = touched(loop);
    for (const Tensor* t : wanted) {
      if (contains(all.written, t)) out.push_back(copy(copies.at(t), t, "after the passes"));
    }
    return true;
  }

  // Arrays that the loop uses as may_go_on() and products can, all of which stay at hand. Each has its values
  // from before, or all of them from every pass.
  std::vector<const Tensor*> candidates(const Operation& loop,
                                        const std::vector<const Tensor*>& from_before) const {
    const Operations& body = *body_of(loop);
    const Touched all = touched(loop);
    std::vector<const Tensor*> out = from_before;
    for (const Tensor* t : all.written) {
      if (!contains(out, t) &&
          std::any_of(body.begin(), body.end(), [&](const Operation& o) { return sets_all_of(o, t); }))
        out.push_back(t);
    }
    std::size_t bytes = 0;
    std::erase_if(out, [&](const Tensor* t) {
      const bool fits = ends_within_a_vector(t) &&
                        std::all_of(body.begin(), body.end(), [&](const Operation& o) { return uses(o, t); });
      if (fits) bytes += sizes_.size(t) * plan::bytes(sizes_.scalar);
      return !fits;
    });
    if (bytes > sizes_.machine.first_cache_bytes) out.clear();
    return out;
  }

  static bool sets_all_of(const Operation& o, const Tensor* t) {
    const auto sets = [&](const Store& s) { return s.target == t && sets_all(s); };
    if (const auto* nest = std::get_if<Nest>(&o.action))
      return std::any_of(nest->stores.begin(), nest->stores.end(), sets);
    const auto* g = std::get_if<Gemm>(&o.action);
    return g != nullptr && (std::any_of(g->epilogue.begin(), g->epilogue.end(), sets) ||
                            (g->stores_c && !g->accumulate &&
                             sets({g->c->tensor, g->c->subscripts, Store::Mode::set, g->c, {}})));
  }

  bool ends_within_a_vector(const Tensor* t) const {
    if (t->role == Role::temporary || t->axes.empty() || t->axes.size() > 2 ||
        std::any_of(t->axes.begin(), t->axes.end(), [](const Axis* a) { return plan::is_counted(a); }))
      return false;
    // Rows that are half padding, and those of more vectors, gain less than the copies take: of 16 passes
    // with AVX-512 (EPYC 9005), 9, 12 and 25 floats take 11, 7 and 11 % less, 50 and 100 take 9 and 1 % more.
    constexpr std::size_t kMostVectors = 2;
    const std::size_t n = sizes_.extent(t->axes.back()), whole = extended(n, sizes_);
    return n != whole && whole <= kMostVectors * sizes_.whole_vectors(1);
  }

  // True if the operation does not touch t, or reads and writes it element by element.
  bool uses(const Operation& o, const Tensor* t) const {
    const Touched all = touched(o);
    if (!contains(all.read, t) && !contains(all.written, t)) return true;
    std::vector<Expr> values;
    if (const auto* nest = std::get_if<Nest>(&o.action)) {
      for (const Store& s : nest->stores) values.push_back(s.value);
    } else if (const auto* g = std::get_if<Gemm>(&o.action)) {
      if (product_form(*g, sizes_) != ProductForm::matrix_vector) return false;
      for (const Store& s : g->epilogue) values.push_back(s.value);
    } else {
      return false;
    }
    const auto nodes = topological(values);
    return std::all_of(nodes.begin(), nodes.end(),
                       [&](Expr e) { return e->tensor != t || e->op == Op::Access; });
  }

  // True if it is a product by one of the matrices, along whose rows its sums stand.
  bool multiplies(const Operation& o, const std::vector<const Tensor*>& matrices) const {
    const auto* g = std::get_if<Gemm>(&o.action);
    if (g == nullptr || product_form(*g, sizes_) != ProductForm::matrix_vector || !g->outer.empty())
      return false;
    const Expr matrix = g->m ? g->a : g->b;
    return contains(matrices, matrix->tensor) && matrix->tensor->axes.size() == 2 &&
           stride(matrix, g->m ? g->m : g->n, sizes_) == 1;
  }

  Operation copy(const Tensor* from, const Tensor* to, const char* why) {
    const auto own = canonical_indices(to);
    const std::vector<Subscript> at(own.begin(), own.end());
    return {Nest{
        own,
        {{to, at, Store::Mode::set, make_access(context_, from, at), fmt::format("{}: {}", to->name, why)}}}};
  }

  Expr replace(Expr value, const Copies& copies) {
    return transform(value, [&](Expr e) {
      const auto found = e->op == Op::Access ? copies.find(e->tensor) : copies.end();
      return found == copies.end() ? e : make_access(context_, found->second, e->subscripts);
    });
  }
  void replace(std::vector<Store>& stores, const Copies& copies) {
    for (Store& s : stores) {
      if (const auto found = copies.find(s.target); found != copies.end()) s.target = found->second;
      s.value = replace(s.value, copies);
    }
  }
  void replace(Operation& o, const Copies& copies) {
    if (auto* nest = std::get_if<Nest>(&o.action)) {
      replace(nest->stores, copies);
    } else if (auto* g = std::get_if<Gemm>(&o.action)) {
      for (Expr* e : {&g->a, &g->b, &g->c}) *e = replace(*e, copies);
      replace(g->epilogue, copies);
    }
  }

  Context& context_;
  const plan::Specialisation& sizes_;
};

}  // namespace

Operations pad_rows(const Operations& operations, ir::Context& context, const plan::Specialisation& sizes) {
  return Padder(context, sizes).run(operations);
}

}  // namespace freefall::loop
