#include "codegen/plan/stand_by_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {
namespace {

using namespace ir;

class Columns {
 public:
  Columns(Context& context, const Specialisation& sizes, calculus::Steps& prepare)
      : context_(context), sizes_(sizes), prepare_(prepare) {}

  calculus::Steps run(const calculus::Steps& steps) {
    calculus::Steps out = steps;
    for (calculus::Step& step : out) {
      if (calculus::Steps* body = calculus::body_of(step)) {
        *body = run(*body);
        continue;
      }
      for (auto& a : std::get<calculus::Assign>(step.action).simultaneous)
        a.value = transform(a.value, [&](Expr e) { return e->op == Op::Contract ? product(e) : e; });
    }
    return out;
  }

 private:
  Expr product(Expr e) {
    const Expr body = e->args[0];
    if (body->op != Op::Product ||
        std::any_of(e->bound.begin(), e->bound.end(), [](const Index& i) { return i.axis->plate; }))
      return e;
    std::vector<Expr> args = body->args;
    for (Expr& f : args) {
      if (is_matrix(f)) f = in_order(f, e->bound, body->args);
    }
    return args == body->args ? e : rebuild(e, {make_product(context_, args, body->weights)});
  }

  // An array of constants at different indices, none of them over copies that a call may not use.
  bool is_matrix(Expr f) const {
    if (f->op != Op::Access || f->subscripts.size() < 2 || f->free.size() != f->subscripts.size())
      return false;
    const Tensor* t = f->tensor;
    for (std::size_t p = 0; p < t->axes.size(); ++p) {
      const Subscript& s = f->subscripts[p];
      const bool own_axis =
          s.is_plain() && (s.plain().axis == t->axes[p] || s.plain().axis->values_of == t->axes[p]);
      if (!own_axis || calculus::is_tick(s.plain()) || is_counted(t->axes[p])) return false;
    }
    return (t->role == Role::constant || t->role == Role::prepared) &&
           sizes_.size(t) * bytes(sizes_.scalar) <= sizes_.machine.cache_bytes / 4;
  }

  // The access with the indices that products are made for one after the other first: those of copies, those
  // it shares with other factors, and its own but the largest. Then those summed over, then the largest of
  // its own.
  Expr in_order(Expr f, const std::vector<Index>& summed, const std::vector<Expr>& factors) {
    std::vector<std::size_t> ranks(f->subscripts.size());
    std::optional<std::size_t> largest;
    for (std::size_t p = 0; p < ranks.size(); ++p) {
      const Index& i = f->subscripts[p].plain();
      const bool is_summed = std::find(summed.begin(), summed.end(), i) != summed.end();
      const bool shared =
          std::any_of(factors.begin(), factors.end(), [&](Expr o) { return !(o == f) && o->depends_on(i); });
      ranks[p] = is_summed ? 1 : 0;
      if (is_summed || shared || i.axis->plate) continue;
      const auto extent = [&](std::size_t q) { return sizes_.extent(f->subscripts[q].plain().axis); };
      if (!largest || extent(p) >= extent(*largest)) largest = p;
    }
    if (largest) ranks[*largest] = 2;
    const auto rank = [&](std::size_t p) { return ranks[p]; };
    std::vector<std::size_t> order(f->subscripts.size());
    for (std::size_t p = 0; p < order.size(); ++p) order[p] = p;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    const bool is_sum_of_own =
        rank(order.back()) != 2;  // a product whose result has none of its indices last
    if (is_sum_of_own || std::is_sorted(order.begin(), order.end())) return f;
    std::vector<Subscript> subscripts;
    for (const std::size_t p : order) subscripts.push_back(f->subscripts[p]);
    return make_access(context_, copy(f->tensor, order), subscripts);
  }

  const Tensor* copy(const Tensor* t, const std::vector<std::size_t>& order) {
    const Tensor*& made = made_[{t, order}];
    if (made != nullptr) return made;
    const std::string_view prefix = t->role == Role::prepared ? "" : "prepared_";
    std::vector<const Axis*> axes;
    for (const std::size_t p : order) axes.push_back(t->axes[p]);
    const auto taken = [&](const Tensor* other) {
      return std::any_of(made_.begin(), made_.end(), [&](const auto& m) { return m.second == other; });
    };
    const Tensor* out =
        prepared_array(context_, fmt::format("{}{}_by_columns", prefix, t->name), axes, taken);
    const auto own = canonical_indices(out);
    std::vector<Subscript> at(order.size());
    for (std::size_t p = 0; p < order.size(); ++p) at[order[p]] = Subscript(own[p]);
    prepare_.push_back({calculus::Assign{
        {{out, make_access(context_, t, at), fmt::format("{}: {} by columns", out->name, t->name)}}}});
    return made_[{t, order}] = out;
  }

  Context& context_;
  const Specialisation& sizes_;
  calculus::Steps& prepare_;
  std::map<std::pair<const Tensor*, std::vector<std::size_t>>, const Tensor*> made_;  // looked up only
};

}  // namespace

calculus::Steps stand_by_columns(std::vector<calculus::Procedure>& procedures, Context& context,
                                 const Specialisation& sizes) {
  calculus::Steps prepare;
  Columns columns(context, sizes, prepare);
  for (calculus::Procedure& p : procedures) p.steps = columns.run(p.steps);
  return prepare;
}

}  // namespace freefall::plan
