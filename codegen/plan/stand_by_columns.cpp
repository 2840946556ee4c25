#include "codegen/plan/stand_by_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {
namespace {

using namespace ir;

constexpr std::size_t kLargestCopy = 256 * 1024;  // bytes

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
    if (e->bound.size() != 1 || e->bound[0].axis->plate || body->op != Op::Product) return e;
    const auto matrix = std::find_if(body->args.begin(), body->args.end(),
                                     [&](Expr f) { return is_by_rows(f, e->bound[0]); });
    if (matrix == body->args.end()) return e;
    const bool one_vector = std::all_of(body->args.begin(), body->args.end(), [&](Expr f) {
      return f == *matrix || std::all_of(f->free.begin(), f->free.end(), [&](const Index& i) {
               return i == e->bound[0] || calculus::is_tick(i);
             });
    });
    if (!one_vector) return e;
    const Subscript &row = (*matrix)->subscripts[0], &column = (*matrix)->subscripts[1];
    const Expr read = make_access(context_, transposed((*matrix)->tensor), {column, row});
    std::vector<Expr> args = body->args;
    args[static_cast<std::size_t>(matrix - body->args.begin())] = read;
    return rebuild(e, {make_product(context_, args, body->weights)});
  }

  // M[i, k] of constants, summed over k.
  bool is_by_rows(Expr f, const Index& summed) const {
    if (f->op != Op::Access || f->subscripts.size() != 2) return false;
    const Tensor* t = f->tensor;
    const Subscript &row = f->subscripts[0], &column = f->subscripts[1];
    return (t->role == Role::constant || t->role == Role::prepared) && column == Subscript(summed) &&
           row.is_plain() && !(row == column) && !calculus::is_tick(row.plain()) &&
           row.plain().axis == t->axes[0] && !t->axes[0]->plate &&
           sizes_.size(t) * bytes(sizes_.scalar) <= kLargestCopy;
  }

  const Tensor* transposed(const Tensor* t) {
    const Tensor*& made = made_[t];
    if (made != nullptr) return made;
    const std::string_view prefix = t->role == Role::prepared ? "" : "prepared_";
    made = prepared_array(context_, fmt::format("{}{}_by_columns", prefix, t->name), {t->axes[1], t->axes[0]},
                          [](const Tensor*) { return false; });
    const auto own = canonical_indices(made);
    const Expr value = make_access(context_, t, {Subscript(own[1]), Subscript(own[0])});
    prepare_.push_back(
        {calculus::Assign{{{made, value, fmt::format("{}: {} by columns", made->name, t->name)}}}});
    return made;
  }

  Context& context_;
  const Specialisation& sizes_;
  calculus::Steps& prepare_;
  std::map<const Tensor*, const Tensor*> made_;  // looked up only
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
