#include "codegen/loop/slice_plates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/whole_plate.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

std::ptrdiff_t axis_position(const Tensor* t, const Axis* axis) {
  const auto at = std::find(t->axes.begin(), t->axes.end(), axis);
  return at == t->axes.end() ? -1 : at - t->axes.begin();
}

// May the copies of a plate be taken apart in these operations?
class Independence {
 public:
  explicit Independence(const Axis* plate) : plate_(plate), copy_{plate, 0} {}

  bool operator()(const Operation& o) const {
    return std::visit([&](const auto& action) { return check(action); }, o.action);
  }

 private:
  bool check(const Nest& nest) const {
    return std::find(nest.loops.begin(), nest.loops.end(), copy_) != nest.loops.end() &&
           std::count_if(nest.loops.begin(), nest.loops.end(),
                         [&](const Index& i) { return i.axis == plate_; }) == 1 &&
           std::all_of(nest.stores.begin(), nest.stores.end(), [&](const Store& s) {
             return own_copy(s.target, s.subscripts) && axis_position(s.target, plate_) >= 0 &&
                    check(s.value);
           });
  }
  bool check(const Gemm& g) const {
    if (g.accumulate || !g.epilogue.empty()) return false;
    const bool by_m = g.m == copy_, by_n = g.n == copy_;
    if (by_m == by_n || !g.k || !(by_m ? g.n : g.m)) return false;
    const Expr weights = by_m ? g.b : g.a;
    return axis_position(weights->tensor, plate_) < 0 && check(g.a) && check(g.b) && check(g.c);
  }
  bool check(const Repeat& r) const { return !r.tolerance && r.while_positive == nullptr && all(r.body); }
  bool check(const Sweep& s) const { return s.tick.axis != plate_ && s.elements == nullptr && all(s.body); }
  bool check(const MatrixFunction&) const { return false; }
  bool check(const Draws&) const { return false; }
  bool check(const Slices&) const { return false; }
  bool check(const Transfer&) const { return false; }

  bool all(const Operations& operations) const {
    return !operations.empty() && std::all_of(operations.begin(), operations.end(), *this);
  }

  bool check(Expr root) const {
    for (const Expr e : topological({root})) {
      if (e->op == Op::Access ? !own_copy(e->tensor, e->subscripts) : mentions_copy(e->subscripts))
        return false;
      if (e->op == Op::Gather && axis_position(e->tensor, plate_) >= 0) return false;
    }
    return true;
  }

  // The plate stands at most once, alone among plates, and there the copy itself; nowhere else is the number
  // of the copy used.
  bool own_copy(const Tensor* t, const std::vector<Subscript>& subscripts) const {
    const auto plates = std::count_if(t->axes.begin(), t->axes.end(), [](const Axis* a) { return a->plate; });
    if (axis_position(t, plate_) >= 0 && plates != 1) return false;
    bool seen = false;
    for (std::size_t p = 0; p < subscripts.size(); ++p) {
      if (t->axes[p] != plate_) {
        if (mentions_copy({subscripts[p]})) return false;
        continue;
      }
      if (seen || !(subscripts[p] == Subscript(copy_))) return false;
      seen = true;
    }
    return true;
  }
  bool mentions_copy(const std::vector<Subscript>& subscripts) const {
    return std::any_of(subscripts.begin(), subscripts.end(), [&](const Subscript& s) {
      return std::any_of(s.terms.begin(), s.terms.end(),
                         [&](const auto& term) { return term.index.axis == plate_; });
    });
  }

  const Axis* plate_;
  Index copy_;
};

bool has_product(const Operations& operations) {
  return std::any_of(operations.begin(), operations.end(), [](const Operation& o) {
    const Operations* body = body_of(o);
    return std::holds_alternative<Gemm>(o.action) || (body != nullptr && has_product(*body));
  });
}

// What a run reads before it has set all of it, and what it writes; arrays over the plate only.
struct Boundary {
  std::vector<const Tensor*> in, out;
};
class BoundaryFinder {
 public:
  explicit BoundaryFinder(const Axis* plate) : plate_(plate) {}

  void visit(const Operations& operations) {
    for (const Operation& o : operations) {
      if (const Operations* body = body_of(o)) {
        visit(*body);
      } else if (const auto* nest = std::get_if<Nest>(&o.action)) {
        for (const Store& s : nest->stores) {
          for (const Tensor* t : tensors_of(s.value)) use(t);
          if (s.mode != Store::Mode::set || !sets_all(s.target, s.subscripts)) use(s.target);
          define(s.target);
        }
      } else {
        const Touched t = touched(o);
        for (const Tensor* r : t.read) use(r);
        const auto& c = std::get<Gemm>(o.action).c;
        if (!sets_all(c->tensor, c->subscripts)) use(c->tensor);
        for (const Tensor* w : t.written) define(w);
      }
    }
  }

  Boundary boundary;

 private:
  static bool sets_all(const Tensor* t, const std::vector<Subscript>& subscripts) {
    for (std::size_t p = 0; p < subscripts.size(); ++p) {
      const Subscript& s = subscripts[p];
      if (!s.is_plain() || calculus::is_tick(s.plain()) || s.plain().axis != t->axes[p] ||
          std::count(subscripts.begin(), subscripts.end(), s) != 1)
        return false;
    }
    return true;
  }
  void use(const Tensor* t) {
    if (axis_position(t, plate_) >= 0 && !contains(boundary.out, t) && !contains(boundary.in, t))
      boundary.in.push_back(t);
  }
  void define(const Tensor* t) {
    if (!contains(boundary.out, t)) boundary.out.push_back(t);
  }

  const Axis* plate_;
};

// Rewrites operations from arrays over the plate to arrays of lanes.
class LaneRewriter {
 public:
  LaneRewriter(Context& context, const Axis* plate, const Axis* lane)
      : context_(context), plate_(plate), lane_{lane, 0} {}

  const Tensor* lanes(const Tensor* whole) {
    if (axis_position(whole, plate_) < 0) return whole;
    auto& made = made_[whole];
    if (made == nullptr) {
      std::vector<const Axis*> axes = whole->axes;
      std::erase(axes, plate_);
      axes.push_back(lane_.axis);
      made = context_.temporary(whole->name + "_lanes", axes);
    }
    return made;
  }

  Operations rewrite(const Operations& operations) {
    Operations out;
    for (const Operation& o : operations) {
      out.push_back(o);
      if (Operations* body = body_of(out.back())) {
        *body = rewrite(*body);
      } else if (auto* nest = std::get_if<Nest>(&out.back().action)) {
        std::erase(nest->loops, Index{plate_, 0});
        nest->loops.push_back(lane_);
        for (Store& s : nest->stores) {
          s.subscripts = subscripts(s.target, s.subscripts);
          s.value = rewrite(s.value);
          s.target = lanes(s.target);
        }
      } else {
        auto& g = std::get<Gemm>(out.back().action);
        if (g.m == Index{plate_, 0}) {
          std::swap(g.m, g.n);
          std::swap(g.a, g.b);
        }
        g.n = lane_;
        g.b = rewrite(g.b);
        g.c = rewrite(g.c);
      }
    }
    return out;
  }

 private:
  Expr rewrite(Expr root) {
    return transform(root, [&](Expr e) {
      if (e->op != Op::Access || axis_position(e->tensor, plate_) < 0) return e;
      return make_access(context_, lanes(e->tensor), subscripts(e->tensor, e->subscripts));
    });
  }
  std::vector<Subscript> subscripts(const Tensor* whole, std::vector<Subscript> all) const {
    const auto position = axis_position(whole, plate_);
    if (position < 0) return all;
    all.erase(all.begin() + position);
    all.emplace_back(lane_);
    return all;
  }

  Context& context_;
  const Axis* plate_;
  Index lane_;
  std::map<const Tensor*, const Tensor*> made_;  // looked up only
};

class Slicer {
 public:
  Slicer(const Operations& operations, Context& context, plan::Specialisation& sizes, const SliceRule& rule)
      : operations_(operations), context_(context), sizes_(sizes), rule_(rule) {}

  Operations run() {
    std::vector<const Axis*> plates;
    for (const Axis& axis : context_.axes()) {
      if (axis.plate) plates.push_back(&axis);
    }
    Operations out = operations_;
    for (const Axis* plate : plates) {
      if (const std::size_t width = width_of(plate); width != 0) out = slice(out, plate, width);
    }
    return out;
  }

 private:
  // Zero for a plate that stays whole.
  std::size_t width_of(const Axis* plate) const {
    const std::size_t copies = sizes_.extent(plate);
    std::size_t best = 0, best_padded = 0;
    for (const std::size_t width : rule_.widths) {
      const std::size_t padded = (copies + width - 1) / width * width;
      if (copies >= rule_.fewest_copies && (best == 0 || padded < best_padded)) {
        best = width;
        best_padded = padded;
      }
    }
    return best;
  }

  Operations slice(const Operations& operations, const Axis* plate, std::size_t width) {
    const Independence independent(plate);
    Operations out;
    for (std::size_t first = 0; first < operations.size();) {
      std::size_t last = first;
      while (last < operations.size() && independent(operations[last])) ++last;
      if (last == first) {
        out.push_back(operations[first++]);
        continue;
      }
      const std::size_t end = last;
      trim(operations, plate, first, last, out);
      const Operations run(operations.begin() + static_cast<std::ptrdiff_t>(first),
                           operations.begin() + static_cast<std::ptrdiff_t>(last));
      const Boundary outside = boundary(operations, plate, first, last);
      if (has_product(run) && is_worth_slices(run, outside, plate, width)) {
        out.push_back({make_slices(run, outside, plate, width)});
      } else {
        out.insert(out.end(), run.begin(), run.end());
      }
      for (first = last; first < end; ++first) out.push_back(operations[first]);
    }
    return out;
  }

  bool is_worth_slices(const Operations& run, const Boundary& outside, const Axis* plate,
                       std::size_t width) const {
    const double own = cost(run, sizes_).operations, elements = volume(outside),
                 turning = rule_.operations_per_element * elements;
    if (own < turning) return false;
    if (!rule_.may_stay_whole) return true;
    const std::size_t copies = sizes_.extent(plate), padded = (copies + width - 1) / width * width;
    const double padding = static_cast<double>(padded) / static_cast<double>(copies);
    const auto whole = cost_of_whole_plate(run, plate, elements, sizes_);
    return !whole || padding * turning + (padding - 1) * own <= *whole;
  }

  // Nests at the ends that would only have more copied stay outside.
  void trim(const Operations& operations, const Axis* plate, std::size_t& first, std::size_t& last,
            Operations& out) const {
    const auto is_nest = [&](std::size_t at) { return std::holds_alternative<Nest>(operations[at].action); };
    const auto elements = [&](std::size_t from, std::size_t to) {
      return volume(boundary(operations, plate, from, to));
    };
    while (first < last && is_nest(first) && elements(first + 1, last) <= elements(first, last))
      out.push_back(operations[first++]);
    while (first < last && is_nest(last - 1) && elements(first, last - 1) < elements(first, last)) --last;
  }

  // Caller-owned arrays always go out; temporaries where anything outside the run reads them.
  Boundary boundary(const Operations& operations, const Axis* plate, std::size_t first,
                    std::size_t last) const {
    BoundaryFinder finder(plate);
    Operations run, rest;
    for (std::size_t i = 0; i < operations.size(); ++i)
      (i >= first && i < last ? run : rest).push_back(operations[i]);
    finder.visit(run);
    const Touched outside = touched(rest);
    std::erase_if(finder.boundary.out,
                  [&](const Tensor* t) { return t->role == Role::temporary && !contains(outside.read, t); });
    return finder.boundary;
  }

  double volume(const Boundary& b) const {
    double out = 0;
    for (const auto* list : {&b.in, &b.out}) {
      for (const Tensor* t : *list) out += static_cast<double>(sizes_.size(t));
    }
    return out;
  }

  Slices make_slices(const Operations& run, const Boundary& boundary, const Axis* plate, std::size_t width) {
    const Axis* lane = context_.lane_axis(plate);
    sizes_.lanes[lane->name] = width;
    LaneRewriter rewriter(context_, plate, lane);
    Slices out{plate, lane, {}};
    for (const Tensor* t : boundary.in)
      out.body.push_back({Transfer{Transfer::Direction::to_lanes, plate, t, rewriter.lanes(t)}});
    for (Operation& o : rewriter.rewrite(run)) out.body.push_back(std::move(o));
    for (const Tensor* t : boundary.out)
      out.body.push_back({Transfer{Transfer::Direction::from_lanes, plate, t, rewriter.lanes(t)}});
    return out;
  }

  const Operations& operations_;
  Context& context_;
  plan::Specialisation& sizes_;
  const SliceRule& rule_;
};

}  // namespace

SliceRule slice_rule(const plan::Specialisation& sizes) {
  const std::size_t vector = sizes.machine.vector_bytes / plan::bytes(sizes.scalar);
  return {{2 * vector, vector}, vector, sizes.machine.turned};
}

Operations slice_plates(const Operations& operations, Context& context, plan::Specialisation& sizes,
                        const SliceRule& rule) {
  // What is worth a slice depends on what is outside, slices among it: they are made once.
  const bool is_sliced = std::any_of(operations.begin(), operations.end(), [](const Operation& o) {
    return std::holds_alternative<Slices>(o.action);
  });
  return is_sliced ? operations : Slicer(operations, context, sizes, rule).run();
}

}  // namespace freefall::loop
