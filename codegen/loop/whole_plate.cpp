#include "codegen/loop/whole_plate.hpp"

#include <algorithm>
#include <cmath>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/turn_matrices.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

class WholePlate {
 public:
  WholePlate(const Axis* plate, const plan::Specialisation& sizes) : plate_(plate), sizes_(sizes) {}

  // Of the operations, each `times` times.
  void visit(const Operations& operations, double times) {
    for (std::size_t n = 0; n < operations.size(); ++n) {
      const Operation& o = operations[n];
      if (const Operations* body = body_of(o)) {
        // The cost of loops is that of their passes.
        const double inside = cost(*body, sizes_).operations, all = cost({o}, sizes_).operations;
        visit(*body, inside > 0 ? times * all / inside : times);
        continue;
      }
      // From one operation to the next values go in registers, or in the first cache.
      const Touched t = touched(o);
      const auto before = n > 0 ? touched(operations[n - 1]).written : std::vector<const Tensor*>{};
      const auto after =
          n + 1 < operations.size() ? touched(operations[n + 1]).read : std::vector<const Tensor*>{};
      for (const Tensor* x : t.read) {
        if (!contains(before, x)) move(x, times);
      }
      for (const Tensor* x : t.written) {
        if (x->role != Role::temporary || !contains(after, x)) move(x, times);
      }
      if (const auto* gemm = std::get_if<Gemm>(&o.action)) {
        product(*gemm, times);
      } else if (const auto* nest = std::get_if<Nest>(&o.action)) {
        const Axis* innermost = nest->loops.back().axis;
        if (innermost != plate_) own_ += times * cost({o}, sizes_).operations * (padding(innermost) - 1);
      }
    }
  }

  [[nodiscard]] std::optional<double> total(double boundary) const {
    if (!has_form_) return std::nullopt;
    double bytes = 0;
    for (const Tensor* x : arrays_) bytes += static_cast<double>(sizes_.size(x) * plan::bytes(sizes_.scalar));
    const bool stays = bytes <= static_cast<double>(sizes_.machine.first_cache_bytes);
    return own_ + (stays ? 0 : sizes_.machine.moved * std::fmax(0, moved_ - boundary));
  }

 private:
  void move(const Tensor* x, double times) {
    if (std::find(x->axes.begin(), x->axes.end(), plate_) == x->axes.end()) return;
    moved_ += times * static_cast<double>(sizes_.size(x));
    if (!contains(arrays_, x)) arrays_.push_back(x);
  }

  void product(const Gemm& g, double times) {
    const bool turned = is_turned_for(g, sizes_);
    const ProductForm form = product_form(g, sizes_);
    if (!g.m || g.m->axis != plate_ ||
        (!turned && form != ProductForm::counted && form != ProductForm::small)) {
      has_form_ = false;
      return;
    }
    own_ += times * cost({{g}}, sizes_).operations * (padding(g.n->axis) - 1);
    // A small one is brought into vectors each time, and stays small.
    const bool brought = form == ProductForm::small;
    if ((turned && !contains(turned_, g.b->tensor)) || brought)
      own_ += (brought ? times : 1) * sizes_.machine.turned * static_cast<double>(sizes_.size(g.b->tensor));
    if (turned) turned_.push_back(g.b->tensor);
  }

  // Elements of whole vectors for each one along the axis.
  double padding(const Axis* axis) const {
    const std::size_t lanes = sizes_.machine.vector_bytes / plan::bytes(sizes_.scalar),
                      elements = sizes_.extent(axis);
    return static_cast<double>((elements + lanes - 1) / lanes * lanes) / static_cast<double>(elements);
  }

  const Axis* plate_;
  const plan::Specialisation& sizes_;
  double own_ = 0, moved_ = 0;
  bool has_form_ = true;
  std::vector<const Tensor*> arrays_, turned_;
};

}  // namespace

std::optional<double> cost_of_whole_plate(const Operations& run, const ir::Axis* plate, double boundary,
                                          const plan::Specialisation& sizes) {
  WholePlate whole(plate, sizes);
  whole.visit(run, 1);
  return whole.total(boundary);
}

}  // namespace freefall::loop
