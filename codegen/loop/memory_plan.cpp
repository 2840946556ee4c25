#include "codegen/loop/memory_plan.hpp"

#include <algorithm>
#include <freefall/runtime/gemm.hpp>
#include <stdexcept>

#include "codegen/loop/draws_ahead.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/updated_product.hpp"

namespace freefall::loop {
namespace {

using ir::Role;
using ir::Tensor;

constexpr std::size_t kAlignment = 64;
std::size_t rounded(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct Range {
  const Tensor* tensor;
  std::size_t first, last;
  bool by_ticks =
      false;  // set one tick of a sweep after the other, so that a pass needs what others have set
};
struct Span {
  std::size_t begin, end;
  bool is_sweep;
};

// What the operation sets at the tick of a sweep alone.
std::vector<const Tensor*> set_at_a_tick(const Operation& o) {
  std::vector<const Tensor*> out;
  const auto add = [&](const Tensor* t, const std::vector<ir::Subscript>& at) {
    const bool ticks = std::any_of(at.begin(), at.end(), [](const ir::Subscript& s) {
      return s.is_plain() && calculus::is_tick(s.plain());
    });
    if (ticks) out.push_back(t);
  };
  const auto add_stores = [&](const std::vector<Store>& stores) {
    for (const Store& s : stores) add(s.target, s.subscripts);
  };
  if (const auto* nest = std::get_if<Nest>(&o.action)) add_stores(nest->stores);
  if (const auto* f = std::get_if<MatrixFunction>(&o.action)) add(f->result, f->result_access->subscripts);
  if (const auto* gemm = std::get_if<Gemm>(&o.action)) {
    add(gemm->c->tensor, gemm->c->subscripts);
    add_stores(gemm->epilogue);
  }
  return out;
}

// Numbers the operations in order of text and notes where each temporary is touched.
class Liveness {
 public:
  explicit Liveness(const plan::Specialisation& sizes) : sizes_(sizes) {}

  void visit(const Operations& operations) {
    for (std::size_t n = 0; n < operations.size(); ++n) {
      const Operation& o = operations[n];
      if (const Operations* body = body_of(o)) {
        const auto* repeat = std::get_if<Repeat>(&o.action);
        // Made before the loop, and in each pass for the next.
        const auto ahead = repeat != nullptr ? draws_ahead(*repeat, sizes_) : std::nullopt;
        if (ahead) touch_all((*body)[ahead->draws], position_++);
        const std::size_t begin = position_++;
        if (repeat != nullptr) touch(repeat->while_positive, position_);
        visit(*body);
        if (repeat != nullptr) {
          touch(repeat->moved, position_);
          touch(repeat->while_positive, position_);
        }
        if (ahead) touch_all((*body)[ahead->draws], position_);
        if (const auto* sweep = std::get_if<Sweep>(&o.action)) touch(sweep->elements, position_);
        loops_.push_back({begin, position_++, std::holds_alternative<Sweep>(o.action)});
        // A change that waits for the next pass, or for the end of the loop.
        if (repeat != nullptr && delays_update(*repeat, sizes_)) touch_all(body->back(), position_++);
      } else {
        touch_all(o, position_);
        // While the matrix changes the product is taken.
        if (n + 1 < operations.size() && are_updated_product(o, operations[n + 1], sizes_))
          touch_all(o, position_ + 1);
        for (const Tensor* x : set_at_a_tick(o)) {
          for (Range& r : ranges_) r.by_ticks = r.by_ticks || r.tensor == x;
        }
        ++position_;
      }
    }
  }

  std::vector<Range> ranges() const {
    std::vector<Range> out = ranges_;
    for (bool grown = true; grown;) {
      grown = false;
      for (Range& r : out) {
        for (const Span& l : loops_) {
          const bool starts_inside =
              r.first > l.begin && r.first<l.end, ends_inside = r.last> l.begin && r.last < l.end;
          if (ends_inside && r.first < l.begin) {
            r.last = l.end;
            grown = true;
          }
          if (starts_inside && (r.last > l.end || (l.is_sweep && r.by_ticks))) {
            r.first = l.begin;
            r.last = std::max(r.last, l.end);
            grown = true;
          }
        }
      }
    }
    return out;
  }

 private:
  void touch_all(const Operation& o, std::size_t at) {
    const Touched t = touched(o);
    for (const Tensor* x : t.read) touch(x, at);
    for (const Tensor* x : t.written) touch(x, at);
  }

  void touch(const Tensor* t, std::size_t at) {
    if (t == nullptr || t->role != Role::temporary) return;
    const auto known =
        std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.tensor == t; });
    if (known == ranges_.end()) {
      ranges_.push_back({t, at, at, false});
    } else {
      known->last = std::max(known->last, at);
    }
  }

  const plan::Specialisation& sizes_;
  std::vector<Range> ranges_;
  std::vector<Span> loops_;
  std::size_t position_ = 0;
};

std::size_t scratch_elements(const Operations& operations, const plan::Specialisation& sizes) {
  const auto extent = [&](const std::optional<ir::Index>& i) {
    return i ? sizes.extent(i->axis) : std::size_t{1};
  };
  std::size_t out = 0;
  for (const Operation& o : operations) {
    if (const auto* gemm = std::get_if<Gemm>(&o.action)) {
      if (product_form(*gemm, sizes) != ProductForm::blocked) continue;
      out = std::max(out, runtime::gemm_scratch_elements(extent(gemm->m), extent(gemm->n), extent(gemm->k),
                                                         sizes.machine.first_cache_bytes));
    } else if (const auto* f = std::get_if<MatrixFunction>(&o.action)) {
      const std::size_t n = sizes.extent(f->row.axis);
      out = std::max(out, 2 * n * n);
    } else if (const Operations* body = body_of(o)) {
      out = std::max(out, scratch_elements(*body, sizes));
    }
  }
  return out;
}

}  // namespace

const MemoryPlan::Slot& MemoryPlan::slot(const Tensor* tensor) const {
  const auto at = std::find_if(slots.begin(), slots.end(), [&](const Slot& s) { return s.tensor == tensor; });
  if (at == slots.end()) throw std::logic_error("memory plan: no slot for " + tensor->name);
  return *at;
}

bool is_of_lanes(const Tensor* tensor, const plan::Specialisation& sizes) {
  return !tensor->axes.empty() && sizes.lanes.contains(tensor->axes.back()->name);
}

MemoryPlan plan_memory(const Kernel& kernel, const plan::Specialisation& sizes) {
  Liveness liveness(sizes);
  liveness.visit(kernel.operations);
  MemoryPlan out;
  std::vector<std::pair<Range, MemoryPlan::Slot>> placed;
  for (const Range& r : liveness.ranges()) {
    const std::size_t bytes = rounded(sizes.size(r.tensor) * plan::bytes(sizes.scalar));
    std::vector<MemoryPlan::Slot> busy;
    for (const auto& [other, slot] : placed) {
      if (other.first <= r.last && r.first <= other.last) busy.push_back(slot);
    }
    std::sort(busy.begin(), busy.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
    std::size_t offset = 0;
    for (const auto& slot : busy) {
      if (offset + bytes <= slot.offset) break;
      offset = std::max(offset, slot.offset + slot.bytes);
    }
    placed.push_back({r, {r.tensor, offset, bytes}});
    out.slots.push_back(placed.back().second);
    out.scratch_offset = std::max(out.scratch_offset, offset + bytes);
  }
  std::size_t lanes_end = 0;
  out.lanes_offset = out.scratch_offset;
  for (const MemoryPlan::Slot& s : out.slots) {
    if (!is_of_lanes(s.tensor, sizes)) continue;
    out.lanes_offset = std::min(out.lanes_offset, s.offset);
    lanes_end = std::max(lanes_end, s.offset + s.bytes);
  }
  out.lanes_bytes = lanes_end == 0 ? 0 : lanes_end - out.lanes_offset;
  out.scratch_bytes = rounded(scratch_elements(kernel.operations, sizes) * plan::bytes(sizes.scalar));
  out.workspace_bytes = out.scratch_offset + out.scratch_bytes;
  return out;
}

}  // namespace freefall::loop
