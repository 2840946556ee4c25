#include "codegen/loop/loop.hpp"

#include <algorithm>
#include <utility>

#include "codegen/plan/generic_form.hpp"

namespace freefall::loop {
namespace {

using ir::Tensor;

void add(std::vector<const Tensor*>& into, const Tensor* t) {
  if (t != nullptr && std::find(into.begin(), into.end(), t) == into.end()) into.push_back(t);
}
void add_reads(Touched& out, ir::Expr e) {
  for (const Tensor* t : ir::tensors_of(e)) add(out.read, t);
}

struct Collect {
  Touched& out;
  void operator()(const Nest& nest) const {
    for (const Store& s : nest.stores) {
      add_reads(out, s.value);
      if (s.mode != Store::Mode::set) add(out.read, s.target);
      add(out.written, s.target);
    }
  }
  void operator()(const Gemm& gemm) const {
    add_reads(out, gemm.a);
    add_reads(out, gemm.b);
    if (gemm.accumulate) add(out.read, gemm.c->tensor);
    if (gemm.stores_c) add(out.written, gemm.c->tensor);
    Touched after;
    Collect{after}(Nest{{}, gemm.epilogue});
    for (const Tensor* t : after.read) {
      if (t != gemm.c->tensor) add(out.read, t);
    }
    for (const Tensor* t : after.written) add(out.written, t);
  }
  void operator()(const MatrixFunction& f) const {
    add_reads(out, f.matrix);
    add(out.written, f.result);
  }
  void operator()(const Draws& d) const { add(out.written, d.result); }
  void operator()(const Sweep& sweep) const {
    add(out.read, sweep.elements);
    for (const Operation& o : sweep.body) std::visit(*this, o.action);
  }
  void operator()(const Repeat& repeat) const {
    add(out.read, repeat.while_positive);
    for (const Operation& o : repeat.body) std::visit(*this, o.action);
    add(out.read, repeat.moved);
  }
  void operator()(const Slices& slices) const {
    for (const Operation& o : slices.body) std::visit(*this, o.action);
  }
  void operator()(const Transfer& t) const {
    const bool in = t.direction == Transfer::Direction::to_lanes;
    add(out.read, in ? t.whole : t.lanes);
    add(out.written, in ? t.lanes : t.whole);
  }
};

struct CollectTicks {
  std::vector<ir::Index>& out;

  void add(const std::vector<ir::Subscript>& subscripts) const {
    for (const auto& s : subscripts) {
      for (const auto& term : s.terms) {
        if (calculus::is_tick(term.index) && std::find(out.begin(), out.end(), term.index) == out.end())
          out.push_back(term.index);
      }
    }
  }
  void add(ir::Expr e) const {
    for (const ir::Expr n : ir::topological({e})) add(n->subscripts);
  }
  void operator()(const Nest& nest) const {
    for (const Store& s : nest.stores) {
      add(s.subscripts);
      add(s.value);
    }
  }
  void operator()(const Gemm& gemm) const {
    add(gemm.a);
    add(gemm.b);
    add(gemm.c);
    (*this)(Nest{{}, gemm.epilogue});
  }
  void operator()(const Draws&) const {}
  void operator()(const MatrixFunction& f) const {
    add(f.matrix);
    add(f.result_access);
  }
  void operator()(const Repeat&) const {}
  void operator()(const Sweep&) const {}
  void operator()(const Slices&) const {}
  void operator()(const Transfer&) const {}
};

}  // namespace

std::vector<ir::Index> element_indices(const Gemm& gemm) {
  std::vector<ir::Index> out;
  for (const auto& i : {gemm.m, gemm.n}) {
    if (i) out.push_back(*i);
  }
  return out;
}

std::vector<ir::Index> all_indices(const Gemm& gemm) {
  std::vector<ir::Index> out = gemm.outer;
  for (const ir::Index& i : element_indices(gemm)) out.push_back(i);
  return out;
}

Nest element_stores(const Gemm& gemm) {
  Nest out{element_indices(gemm), {}};
  if (gemm.stores_c)
    out.stores.push_back({gemm.c->tensor, gemm.c->subscripts, Store::Mode::set, gemm.c, gemm.label});
  out.stores.insert(out.stores.end(), gemm.epilogue.begin(), gemm.epilogue.end());
  return out;
}

const Operations* body_of(const Operation& operation) {
  if (const auto* repeat = std::get_if<Repeat>(&operation.action)) return &repeat->body;
  if (const auto* sweep = std::get_if<Sweep>(&operation.action)) return &sweep->body;
  if (const auto* slices = std::get_if<Slices>(&operation.action)) return &slices->body;
  return nullptr;
}
Operations* body_of(Operation& operation) {
  return const_cast<Operations*>(body_of(std::as_const(operation)));
}

std::vector<ir::Index> ticks_of(const Operation& operation) {
  std::vector<ir::Index> out;
  std::visit(CollectTicks{out}, operation.action);
  std::sort(out.begin(), out.end());
  return out;
}

bool has_costly_rest(ir::Expr value, std::size_t passes, const plan::Specialisation& sizes) {
  const std::size_t smallest = 16 / plan::bytes(sizes.scalar);
  return passes > smallest && passes % smallest != 0 && plan::is_expensive(value);
}

bool reads_only_at(ir::Expr value, const Tensor* tensor, const std::vector<ir::Subscript>& subscripts) {
  const auto nodes = ir::topological({value});
  return std::all_of(nodes.begin(), nodes.end(), [&](ir::Expr n) {
    return n->tensor != tensor || (n->op == ir::Op::Access && n->subscripts == subscripts);
  });
}

bool sets_all(const Store& s) {
  if (s.mode != Store::Mode::set) return false;
  for (std::size_t p = 0; p < s.subscripts.size(); ++p) {
    const ir::Subscript& at = s.subscripts[p];
    if (!at.is_plain() || calculus::is_tick(at.plain()) || at.plain().axis != s.target->axes[p] ||
        std::count(s.subscripts.begin(), s.subscripts.end(), at) != 1)
      return false;
  }
  return true;
}

bool adds_to_target(const Store& s) {
  using namespace ir;
  if (s.mode != Store::Mode::set || s.value->op != Op::Sum) return false;
  for (std::size_t k = 0; k < s.value->args.size(); ++k) {
    const Expr e = s.value->args[k];
    if (s.value->weights[k].is_one() && e->op == Op::Access && e->tensor == s.target &&
        e->subscripts == s.subscripts)
      return true;
  }
  return false;
}

Touched touched(const Operation& operation) {
  Touched out;
  std::visit(Collect{out}, operation.action);
  return out;
}

Touched touched(const Operations& operations) {
  Touched out;
  for (const Operation& o : operations) std::visit(Collect{out}, o.action);
  return out;
}

std::size_t steps(const Operations& operations) {
  std::size_t out = 0;
  for (const Operation& o : operations) {
    if (std::holds_alternative<Draws>(o.action)) out = std::max<std::size_t>(out, 1);
    if (const auto* repeat = std::get_if<Repeat>(&o.action))
      out = std::max(out, repeat->count * steps(repeat->body));
    if (const auto* sweep = std::get_if<Sweep>(&o.action)) out = std::max(out, steps(sweep->body));
  }
  return out;
}

std::vector<std::size_t> strides(const Tensor* tensor, const plan::Specialisation& sizes) {
  std::vector<std::size_t> out(tensor->axes.size(), 1);
  for (std::size_t i = out.size(); i-- > 1;) out[i - 1] = out[i] * sizes.length(tensor, i);
  return out;
}

}  // namespace freefall::loop
