#include "codegen/loop/hoist_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/ir/indicator.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/plan/generic_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

class Rows {
 public:
  Rows(const Nest& nest, Context& context, const plan::Specialisation& sizes)
      : nest_(nest), context_(context), sizes_(sizes) {}

  // Appends the rows and the nest that reads them.
  void append_to(Operations& out) {
    constexpr std::size_t kFewest = 4;  // rows that are worth an array
    if (nest_.loops.size() < 2 || sizes_.extent(nest_.loops.front().axis) < kFewest) {
      out.push_back({nest_});
      return;
    }
    Nest reading = nest_;
    for (Store& s : reading.stores) s.value = replace(rewritten(s.value), made_);
    for (const Nest& row : rows_) Rows(row, context_, sizes_).append_to(out);  // of several loops, rows again
    out.push_back({std::move(reading)});
  }

 private:
  bool is_of_row(Expr e) const {
    return e->depends_on(nest_.loops.back()) && !e->depends_on(nest_.loops.front());
  }

  bool is_written(const Tensor* t) const {
    return std::any_of(nest_.stores.begin(), nest_.stores.end(),
                       [&](const Store& s) { return s.target == t; });
  }

  // More than one load, of arrays that the nest leaves alone.
  bool is_worth_an_array(Expr e) const {
    int loads = 0;
    for (const Expr n : topological({e})) {
      if (n->op == Op::Access && is_written(n->tensor)) return false;
      if (n->op == Op::Gather || is_indicator(n)) return false;
      if (n->op == Op::Access && n->depends_on(nest_.loops.back())) ++loads;
    }
    return loads >= 2 && !plan::needs_indicator(e);
  }

  Expr rewritten(Expr root) {
    return transform(root, [&](Expr e) {
      if (e->op != Op::Sum && e->op != Op::Product) return e;
      if (std::any_of(e->args.begin(), e->args.end(), [](Expr a) { return is_indicator(a); })) return e;
      if (is_of_row(e)) return e;  // as part of what is around it, or there is no more to it
      // The members that belong to a row stand together.
      std::vector<Expr> own, others;
      std::vector<Number> own_weights, other_weights;
      for (std::size_t i = 0; i < e->args.size(); ++i) {
        const bool of_row = !e->args[i]->depends_on(nest_.loops.front());
        (of_row ? own : others).push_back(e->args[i]);
        (of_row ? own_weights : other_weights).push_back(e->weights[i]);
      }
      if (own.empty()) return e;
      const bool is_sum = e->op == Op::Sum;
      const Expr part =
          is_sum ? make_sum(context_, own, own_weights) : make_product(context_, own, own_weights);
      if (!part->depends_on(nest_.loops.back()) || !is_worth_an_array(part)) return e;
      const Expr row = array_of(part);
      if (is_sum) {
        others.push_back(row);
        other_weights.emplace_back(1);
        return make_sum(context_, others, other_weights) + make_constant(context_, e->value);
      }
      others.push_back(row);
      other_weights.emplace_back(1);
      return make_product(context_, others, other_weights);
    });
  }

  Expr array_of(Expr e) {
    for (const auto& [part, read] : made_) {
      if (part == e) return read;
    }
    std::vector<Index> loops;
    std::vector<const Axis*> axes;
    for (const Index& i : nest_.loops) {
      if (!e->depends_on(i)) continue;
      loops.push_back(i);
      axes.push_back(i.axis);
    }
    const Tensor* t = context_.temporary("hoisted", axes);
    const std::vector<Subscript> at(loops.begin(), loops.end());
    const Expr read = make_access(context_, t, at);
    made_.emplace_back(e, read);
    rows_.push_back({loops, {{t, at, Store::Mode::set, e, fmt::format("{} = {}", print(read), print(e))}}});
    return read;
  }

  const Nest& nest_;
  Context& context_;
  const plan::Specialisation& sizes_;
  std::vector<Nest> rows_;
  std::vector<std::pair<Expr, Expr>> made_;  // what a row holds, wherever it stands, and its element
};

}  // namespace

Operations hoist_rows(const Operations& operations, Context& context, const plan::Specialisation& sizes) {
  Operations out;
  for (Operation o : operations) {
    if (Operations* body = body_of(o)) *body = hoist_rows(*body, context, sizes);
    if (const auto* nest = std::get_if<Nest>(&o.action)) {
      Rows(*nest, context, sizes).append_to(out);
    } else {
      out.push_back(std::move(o));
    }
  }
  return out;
}

}  // namespace freefall::loop
