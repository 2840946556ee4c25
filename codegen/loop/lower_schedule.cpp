#include "codegen/loop/lower_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "codegen/plan/generic_form.hpp"
#include "codegen/plan/materialise.hpp"

namespace freefall::loop {
namespace {

using namespace ir;
using calculus::Assignment;

bool contains(const std::vector<Index>& set, const Index& i) {
  return std::find(set.begin(), set.end(), i) != set.end();
}

Index opened(const Index& bound) { return {bound.axis, plan::kOpenedLevel - bound.level}; }

Expr opened_body(Expr e) {
  Substitution s;
  for (const Index& b : e->bound) s.emplace_back(b, opened(b));
  return substitute(e->args[0], s);
}

class Lowering {
 public:
  Lowering(Context& context, const plan::Specialisation& sizes) : context_(context), sizes_(sizes) {}

  Operations run(const calculus::Steps& steps) {
    Operations out;
    for (const calculus::Step& step : steps) {
      if (const auto* l = std::get_if<calculus::Loop>(&step.action)) {
        out.push_back({repeat(*l)});
      } else if (const auto* s = std::get_if<calculus::Sweep>(&step.action)) {
        sweep(*s, out);
      } else {
        assign(std::get<calculus::Assign>(step.action).simultaneous.at(0), out);
      }
    }
    return out;
  }

 private:
  void sweep(const calculus::Sweep& s, Operations& out) {
    Sweep lowered{calculus::tick_of(s.axis), calculus::visit_of(s.axis), s.order, nullptr, {}};
    if (is_drawn(s.order)) {
      lowered.elements = context_.temporary("visited_" + s.axis->name, {s.axis});
      out.push_back({Draws{lowered.elements, s.stream, fmt::format("each {}, {}", s.axis->name, str(s.order)),
                           s.order == Order::random ? Draws::Kind::positions : Draws::Kind::permutation}});
    }
    lowered.body = run(s.body);
    out.push_back({std::move(lowered)});
  }

  // `until` remembers the watched tensors at the start of a pass and measures how far they moved.
  Repeat repeat(const calculus::Loop& l) {
    Repeat out{l.count, l.tolerance, nullptr, {}, l.while_positive};
    Operations body = run(l.body);
    if (!l.tolerance) {
      out.body = std::move(body);
      return out;
    }
    const Tensor* moved = context_.temporary("moved", {});
    out.moved = moved;
    Operations after = {
        nest({}, moved, {}, Store::Mode::set, make_constant(context_, 0), "largest change in this pass")};
    for (const Tensor* t : l.watched) {
      const Tensor* before = context_.temporary("before_" + t->name, t->axes);
      const auto own = canonical_indices(t);
      out.body.push_back(
          nest(own, before, own, Store::Mode::set, element(context_, t), t->name + " before this pass"));
      const Expr change = make_map(Function::abs, {element(context_, t) - element(context_, before)});
      after.push_back(nest(own, moved, {}, Store::Mode::maximum, change, "largest change of " + t->name));
    }
    out.body.insert(out.body.end(), body.begin(), body.end());
    out.body.insert(out.body.end(), after.begin(), after.end());
    return out;
  }

  static Operation nest(std::vector<Index> loops, const Tensor* target, const std::vector<Index>& at,
                        Store::Mode mode, Expr value, std::string label) {
    std::erase_if(loops, calculus::is_tick);
    return {Nest{std::move(loops),
                 {{target, std::vector<Subscript>(at.begin(), at.end()), mode, value, std::move(label)}}}};
  }

  void assign(const Assignment& a, Operations& out) {
    const auto own = target_indices(a);
    const Expr v = a.value;
    if (a.target->role == Role::temporary) values_[a.target] = v;
    if (v->op == Op::Draw) {
      out.push_back({Draws{a.target, v->name, a.label}});
    } else if (plan::is_pointwise(v)) {
      out.push_back(nest(own, a.target, own, Store::Mode::set, v, a.label));
    } else if (v->op == Op::Contract) {
      if (!try_gemm(a, out)) accumulate(a, Store::Mode::add, make_constant(context_, 0), out);
    } else if (v->op == Op::Reduce && v->reducer == Reducer::max) {
      accumulate(a, Store::Mode::maximum,
                 make_constant(context_, Number(-std::numeric_limits<double>::infinity())), out);
    } else if (v->op == Op::Inverse || v->op == Op::LogDet) {
      matrix_function(a, out);
    } else {
      throw std::logic_error(fmt::format("lower_schedule: '{}' is not in sequential form", a.target->name));
    }
  }

  // Starts from the neutral element, then runs over free and bound indices; the innermost loop is the one
  // along which the largest operand is contiguous.
  void accumulate(const Assignment& a, Store::Mode mode, Expr neutral, Operations& out) {
    const auto own = target_indices(a);
    out.push_back(nest(own, a.target, own, Store::Mode::set, neutral, a.label));
    std::vector<Index> loops = own;
    std::erase_if(loops, calculus::is_tick);
    std::vector<Index> summed;
    for (const Index& b : a.value->bound) summed.push_back(opened(b));
    const Expr body = opened_body(a.value);
    loops.insert(loops.end(), summed.begin(), summed.end());
    if (const Index* inner = contiguous_index(body); inner != nullptr && contains(loops, *inner)) {
      const Index last = *inner;
      std::erase(loops, last);
      loops.push_back(last);
    }
    out.push_back(nest(loops, a.target, own, mode, body, a.label));
  }

  const Index* contiguous_index(Expr body) const {
    const Node* best = nullptr;
    for (const Expr e : topological({body})) {
      const bool usable = e->op == Op::Access && !e->subscripts.empty() && e->subscripts.back().is_plain();
      if (usable && (best == nullptr || sizes_.size(e->tensor) > sizes_.size(best->tensor))) best = e.get();
    }
    return best == nullptr ? nullptr : &best->subscripts.back().plain();
  }

  bool try_gemm(const Assignment& assignment, Operations& out) {
    const Expr v = assignment.value;
    const Expr body = opened_body(v);
    if (body->op != Op::Product || body->args.size() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      const Expr f = body->args[i];
      if (f->op != Op::Access || !body->weights[i].is_one()) return false;
      for (const Subscript& s : f->subscripts) {
        if (!s.is_plain()) return false;
      }
      if (f->free.size() != f->subscripts.size()) return false;  // a diagonal is not a matrix
    }
    Expr a = body->args[0], b = body->args[1];
    const auto own = target_indices(assignment);
    std::vector<Index> m, n, k, outer;
    for (const Index& bound : v->bound) {
      const Index i = opened(bound);
      if (!a->depends_on(i) || !b->depends_on(i)) return false;
      k.push_back(i);
    }
    for (const Index& i : own) {
      if (calculus::is_tick(i)) continue;
      const bool in_a = a->depends_on(i), in_b = b->depends_on(i);
      if (!in_a && !in_b) return false;
      (in_a && in_b ? outer : in_a ? m : n).push_back(i);
    }
    // The last axis of the result runs along the columns.
    if (!own.empty() && contains(m, own.back())) {
      std::swap(a, b);
      std::swap(m, n);
    }
    Gemm gemm;
    const auto take = [&](std::vector<Index>& group, std::optional<Index>& into, std::vector<Index>& others) {
      if (group.empty()) return;
      const auto largest = std::max_element(group.begin(), group.end(), [&](const Index& x, const Index& y) {
        return sizes_.extent(x.axis) < sizes_.extent(y.axis);
      });
      into = *largest;
      group.erase(largest);
      others.insert(others.end(), group.begin(), group.end());
    };
    std::vector<Index> outer_sums;
    take(m, gemm.m, outer);
    take(n, gemm.n, outer);
    take(k, gemm.k, outer_sums);
    // Of one copy at most: a matrix times a vector.
    if (gemm.m && gemm.n && gemm.k && plan::is_counted(gemm.m->axis) && sizes_.extent(gemm.m->axis) == 1) {
      outer.push_back(*gemm.m);
      gemm.m.reset();
    }
    gemm.a = a;
    gemm.b = b;
    gemm.c = calculus::target_element(assignment);
    gemm.accumulate = !outer_sums.empty();
    gemm.label = assignment.label;
    gemm.outer = outer;
    gemm.outer.insert(gemm.outer.end(), outer_sums.begin(), outer_sums.end());
    // One matrix b after the other, so that it stays in the first cache for all that multiplies it.
    std::stable_partition(gemm.outer.begin(), gemm.outer.end(),
                          [&](const Index& i) { return gemm.b->depends_on(i); });
    if (gemm.accumulate)
      out.push_back(
          nest(own, assignment.target, own, Store::Mode::set, make_constant(context_, 0), assignment.label));
    out.push_back({gemm});
    return true;
  }

  void matrix_function(const Assignment& a, Operations& out) {
    const Expr v = a.value;
    MatrixFunction f;
    f.kind = v->op == Op::Inverse ? MatrixFunction::Kind::inverse : MatrixFunction::Kind::log_det;
    f.row = opened(v->bound[0]);
    f.column = opened(v->bound[1]);
    f.matrix = opened_body(v);
    f.source = source(f.matrix->tensor);
    f.result = a.target;
    f.result_access = calculus::target_element(a);
    f.label = a.label;
    for (const Index& i : target_indices(a)) {
      const bool of_matrix = f.kind == MatrixFunction::Kind::inverse &&
                             (v->subscripts[0] == Subscript(i) || v->subscripts[1] == Subscript(i));
      if (!of_matrix) f.outer.push_back(i);
    }
    if (f.kind == MatrixFunction::Kind::inverse) {
      f.result_access = substitute(f.result_access,
                                   {{v->subscripts[0].plain(), f.row}, {v->subscripts[1].plain(), f.column}});
    }
    require_matrix(f.matrix, f);
    if (f.kind == MatrixFunction::Kind::inverse) require_matrix(f.result_access, f);
    out.push_back({f});
  }

  // The library reads and writes contiguous rows.
  static void require_matrix(Expr access, const MatrixFunction& f) {
    const auto& s = access->subscripts;
    const auto is = [&](std::size_t from_last, const Index& i) {
      return s[s.size() - from_last] == Subscript(i);
    };
    const bool last_two =
        s.size() >= 2 && ((is(1, f.row) && is(2, f.column)) || (is(1, f.column) && is(2, f.row)));
    if (!last_two)
      throw std::logic_error(
          fmt::format("lower_schedule: the last axes of '{}' are not a matrix", access->tensor->name));
  }

  // The user's tensor a temporary is computed from, where there is one alone; else the temporary.
  const Tensor* source(const Tensor* t) const {
    const auto at = values_.find(t);
    if (at == values_.end()) return t;
    const auto reads = tensors_of(at->second);
    return reads.size() == 1 ? source(reads[0]) : t;
  }

  Context& context_;
  const plan::Specialisation& sizes_;
  std::unordered_map<const Tensor*, Expr> values_;  // of temporaries
};

}  // namespace

Operations lower_schedule(const calculus::Steps& steps, Context& context, const plan::Specialisation& sizes) {
  return Lowering(context, sizes).run(steps);
}

}  // namespace freefall::loop
