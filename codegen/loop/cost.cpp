#include "codegen/loop/cost.hpp"

#include <algorithm>

#include "codegen/loop/one_hot.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

double pointwise_operations(Expr root) {
  double out = 0;
  for (const Expr e : topological({root})) {
    switch (e->op) {
      case Op::Sum:
        out += static_cast<double>(e->args.size()) - (e->value.is_zero() ? 1 : 0);
        for (const Number& w : e->weights) out += w == Number(1) || w == Number(-1) ? 0 : 1;
        break;
      case Op::Product:
        for (const Number& w : e->weights) out += static_cast<double>(std::abs(w.numerator()));
        out -= 1;
        break;
      case Op::Map: out += row(e->function).cost; break;
      case Op::Select: out += 1; break;
      default: break;
    }
  }
  return out;
}

struct Count {
  const plan::Specialisation& sizes;

  double volume(const std::vector<Index>& loops) const {
    double out = 1;
    for (const Index& i : loops) out *= static_cast<double>(sizes.extent(i.axis));
    return out;
  }
  double extent(const std::optional<Index>& i) const {
    return i ? static_cast<double>(sizes.extent(i->axis)) : 1;
  }
  double size(const std::vector<const Tensor*>& tensors) const {
    double out = 0;
    for (const Tensor* t : tensors) out += static_cast<double>(sizes.size(t) * plan::bytes(sizes.scalar));
    return out;
  }

  Cost operator()(const Nest& given) const {
    Cost out;
    const auto [nest, at] = scatter(given);
    for (const Store& s : nest.stores)
      out.operations +=
          volume(nest.loops) * (pointwise_operations(s.value) + (s.mode == Store::Mode::set ? 0 : 1));
    const Touched t = touched(Operation{nest});
    out.bytes = size(t.read) + size(t.written);
    // Of an array that is changed for one value of an index, the elements there.
    for (const auto& [index, value] : at) {
      for (const Store& s : nest.stores) {
        const bool along = std::any_of(s.subscripts.begin(), s.subscripts.end(),
                                       [&](const Subscript& x) { return x == Subscript(index); });
        const double all = 2 * size({s.target});
        if (along) out.bytes -= all - all / static_cast<double>(sizes.extent(index.axis));
      }
    }
    return out;
  }
  Cost operator()(const Gemm& g) const {
    const Touched t = touched(Operation{g});
    const Nest after{all_indices(g), g.epilogue};
    return {2 * volume(g.outer) * extent(g.m) * extent(g.n) * extent(g.k) + (*this)(after).operations,
            size(t.read) + size(t.written)};
  }
  Cost operator()(const MatrixFunction& f) const {
    const double n = static_cast<double>(sizes.extent(f.row.axis));
    return {volume(f.outer) * n * n * n * (f.kind == MatrixFunction::Kind::inverse ? 1 : 1.0 / 3),
            volume(f.outer) * 2 * n * n * static_cast<double>(plan::bytes(sizes.scalar))};
  }
  // Ten rounds of two multiplications and four other operations for each pair of numbers (Philox4x32-10).
  Cost operator()(const Draws& d) const {
    const double n = static_cast<double>(sizes.size(d.result));
    return {30 * n, size({d.result})};
  }
  Cost operator()(const Sweep& sweep) const {
    const Cost body = cost(sweep.body, sizes);
    const double ticks = static_cast<double>(sizes.extent(sweep.tick.axis));
    return {body.operations * ticks, body.bytes * ticks};
  }
  Cost operator()(const Slices& slices) const {
    const Cost body = cost(slices.body, sizes);
    const std::size_t width = sizes.extent(slices.lane), copies = sizes.extent(slices.plate);
    const double count = static_cast<double>((copies + width - 1) / width);
    return {body.operations * count, body.bytes * count};
  }
  Cost operator()(const Transfer& t) const { return {0, 2 * size({t.lanes})}; }
  Cost operator()(const Repeat& repeat) const {
    const Cost body = cost(repeat.body, sizes);
    return {body.operations * static_cast<double>(repeat.count),
            body.bytes * static_cast<double>(repeat.count)};
  }
};

}  // namespace

Cost cost(const Operations& operations, const plan::Specialisation& sizes) {
  Cost out;
  for (const Operation& o : operations) {
    const Cost c = std::visit(Count{sizes}, o.action);
    out.operations += c.operations;
    out.bytes += c.bytes;
  }
  return out;
}

}  // namespace freefall::loop
