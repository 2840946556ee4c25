#include "codegen/loop/loop.hpp"

#include <algorithm>

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
    add(out.written, gemm.c->tensor);
  }
  void operator()(const MatrixFunction& f) const {
    add_reads(out, f.matrix);
    add(out.written, f.result);
  }
  void operator()(const Repeat& repeat) const {
    add(out.read, repeat.while_positive);
    for (const Operation& o : repeat.body) std::visit(*this, o.action);
    add(out.read, repeat.moved);
  }
};

}  // namespace

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

std::vector<std::size_t> strides(const Tensor* tensor, const plan::Specialisation& sizes) {
  std::vector<std::size_t> out(tensor->axes.size(), 1);
  for (std::size_t i = out.size(); i-- > 1;) out[i - 1] = out[i] * sizes.extent(tensor->axes[i]);
  return out;
}

}  // namespace freefall::loop
