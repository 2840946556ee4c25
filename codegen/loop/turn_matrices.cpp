#include "codegen/loop/turn_matrices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/loop/product_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

class Turner {
 public:
  Turner(Context& context, const plan::Specialisation& sizes) : context_(context), sizes_(sizes) {}

  Operations run(const Operations& operations) {
    Operations out;
    std::map<const Tensor*, const Tensor*> turned;  // as they are now; looked up only
    for (Operation o : operations) {
      const std::vector<const Tensor*> written = touched(o).written;
      std::vector<const Tensor*> wanted;
      if (!is_conditional(o)) collect(o, wanted);
      std::erase_if(wanted, [&](const Tensor* t) { return contains(written, t); });
      for (const Tensor* t : wanted) {
        if (!turned.contains(t)) out.push_back(transposition(t, turned[t]));
      }
      replace(o, wanted, turned);
      if (Operations* body = body_of(o)) *body = run(*body);
      for (const Tensor* t : written) turned.erase(t);
      out.push_back(std::move(o));
    }
    return out;
  }

 private:
  static bool is_conditional(const Operation& o) {
    const auto* repeat = std::get_if<Repeat>(&o.action);
    return repeat != nullptr && repeat->while_positive != nullptr;
  }

  void collect(const Operation& o, std::vector<const Tensor*>& into) const {
    if (const auto* gemm = std::get_if<Gemm>(&o.action)) {
      if (is_turned_for(*gemm, sizes_) && !contains(into, gemm->b->tensor)) into.push_back(gemm->b->tensor);
    } else if (const Operations* body = body_of(o)) {
      for (const Operation& inside : *body) {
        if (!is_conditional(inside)) collect(inside, into);
      }
    }
  }

  void replace(Operation& o, const std::vector<const Tensor*>& wanted,
               const std::map<const Tensor*, const Tensor*>& turned) {
    if (auto* gemm = std::get_if<Gemm>(&o.action)) {
      if (is_turned_for(*gemm, sizes_) && contains(wanted, gemm->b->tensor))
        gemm->b = make_access(context_, turned.at(gemm->b->tensor), {*gemm->k, *gemm->n});
    } else if (Operations* body = body_of(o)) {
      for (Operation& inside : *body) {
        if (!is_conditional(inside)) replace(inside, wanted, turned);
      }
    }
  }

  Operation transposition(const Tensor* t, const Tensor*& made) {
    made = context_.temporary(t->name + "_by_columns", {t->axes[1], t->axes[0]});
    const auto own = canonical_indices(made);
    return {Nest{own,
                 {{made,
                   {own[0], own[1]},
                   Store::Mode::set,
                   make_access(context_, t, {own[1], own[0]}),
                   fmt::format("{}: {} by columns", made->name, t->name)}}}};
  }

  Context& context_;
  const plan::Specialisation& sizes_;
};

}  // namespace

Operations turn_matrices(const Operations& operations, ir::Context& context,
                         const plan::Specialisation& sizes) {
  return Turner(context, sizes).run(operations);
}

bool is_turned_for(const Gemm& g, const plan::Specialisation& sizes) {
  if (!g.m || !g.n || !g.k || product_form(g, sizes) != ProductForm::blocked) return false;
  const Tensor* t = g.b->tensor;
  if (g.b->subscripts != std::vector<Subscript>{*g.n, *g.k} || t->axes[0] != g.n->axis ||
      t->axes[1] != g.k->axis)
    return false;
  const double copies = static_cast<double>(sizes.extent(g.m->axis));
  return has_counted_rows(g, sizes) && copies >= sizes.machine.turned;
}

bool is_transposition(const Nest& nest) {
  if (nest.loops.size() != 2 || nest.stores.size() != 1) return false;
  const Store& s = nest.stores[0];
  const std::vector<Subscript> own{nest.loops[0], nest.loops[1]}, other{nest.loops[1], nest.loops[0]};
  const auto is_whole = [](const Tensor* t, const std::vector<Subscript>& at) {
    return t->axes.size() == 2 && !t->padded && t->axes[0] == at[0].plain().axis &&
           t->axes[1] == at[1].plain().axis && !plan::is_counted(t->axes[0]) && !plan::is_counted(t->axes[1]);
  };
  return s.mode == Store::Mode::set && s.subscripts == own && s.value->op == Op::Access &&
         s.value->subscripts == other && s.value->tensor != s.target && is_whole(s.target, own) &&
         is_whole(s.value->tensor, other);
}

}  // namespace freefall::loop
