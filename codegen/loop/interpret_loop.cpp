#include "codegen/loop/interpret_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "codegen/ir/indicator.hpp"
#include "codegen/loop/one_hot.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

// Values of indices, by position in a list that grows with the nesting of loops.
struct Place {
  std::vector<Index> indices;
  std::vector<std::int64_t> values;

  std::int64_t at(const Index& index) const {
    const auto found = std::find(indices.begin(), indices.end(), index);
    if (found == indices.end()) throw std::logic_error("loop interpreter: no loop over " + str(index));
    return values[static_cast<std::size_t>(found - indices.begin())];
  }
  std::int64_t at(const Subscript& s) const {
    std::int64_t out = s.offset;
    for (const auto& term : s.terms) out += term.factor * at(term.index);
    return out;
  }
};

template <class T>
T integer_power(T base, std::int64_t exponent) {
  T out = 1;
  for (std::int64_t k = 0; k < std::abs(exponent); ++k) out *= base;
  return exponent < 0 ? 1 / out : out;
}

template <class T>
class LoopInterpreter {
 public:
  explicit LoopInterpreter(Memory<T>& memory) : memory_(memory) {}

  void run(const Operations& operations) {
    for (const Operation& o : operations) {
      std::visit([&](const auto& action) { run(action); }, o.action);
    }
  }

 private:
  void run(const Nest& nest) {
    if (nest.stores.empty()) return;
    const Scatter opened = scatter(nest);
    Place chosen;
    for (const auto& [index, value] : opened.at) {
      const T at = pointwise(topological({value}), {});
      if (!(at >= 0 && at < static_cast<T>(memory_.count(index.axis)) && at == std::floor(at))) return;
      chosen.indices.push_back(index);
      chosen.values.push_back(static_cast<std::int64_t>(at));
    }
    const std::vector<Store>& stores = opened.nest.stores;
    std::vector<std::vector<Expr>> orders;
    for (const Store& s : stores) orders.push_back(topological({s.value}));
    over(opened.nest.loops, [&](Place place) {
      place.indices.insert(place.indices.end(), chosen.indices.begin(), chosen.indices.end());
      place.values.insert(place.values.end(), chosen.values.begin(), chosen.values.end());
      for (std::size_t i = 0; i < stores.size(); ++i) store(stores[i], orders[i], place);
    });
  }

  void store(const Store& s, const std::vector<Expr>& order, const Place& place) {
    const T value = pointwise(order, place);
    T* target = element(s.target, s.subscripts, place);
    if (target == nullptr) throw std::logic_error("loop interpreter: stores outside " + s.target->name);
    switch (s.mode) {
      case Store::Mode::set: *target = value; break;
      case Store::Mode::add: *target += value; break;
      case Store::Mode::maximum: *target = value > *target || std::isnan(value) ? value : *target; break;
    }
  }

  void run(const Gemm& g) {
    const std::vector<Index> rows = all_indices(g);
    over(rows, [&](Place place) {
      T sum = 0;
      const std::size_t depth = g.k ? memory_.count(g.k->axis) : 1;
      if (g.k) {
        place.indices.push_back(*g.k);
        place.values.push_back(0);
      }
      for (std::size_t k = 0; k < depth; ++k) {
        if (g.k) place.values.back() = static_cast<std::int64_t>(k);
        sum += *element(g.a->tensor, g.a->subscripts, place) * *element(g.b->tensor, g.b->subscripts, place);
      }
      T* c = element(g.c->tensor, g.c->subscripts, place);
      *c = g.accumulate ? *c + sum : sum;
    });
    run(Nest{rows, g.epilogue});
  }

  void run(const MatrixFunction& f) {
    const std::size_t n = memory_.count(f.row.axis);
    over(f.outer, [&](Place place) {
      place.indices.insert(place.indices.end(), {f.row, f.column});
      place.values.insert(place.values.end(), {0, 0});
      const auto at = [&](Expr e, std::size_t i, std::size_t j) -> T& {
        place.values[place.values.size() - 2] = static_cast<std::int64_t>(i);
        place.values.back() = static_cast<std::int64_t>(j);
        return *element(e->tensor, e->subscripts, place);
      };
      // Like the library, reads the lower triangle.
      std::vector<T> l(n * n, T(0));
      T log_det = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          T s = at(f.matrix, i, j);
          for (std::size_t k = 0; k < j; ++k) s -= l[i * n + k] * l[j * n + k];
          if (i == j && !(s > 0)) {
            throw std::domain_error(fmt::format("'{}' is not positive definite: pivot {} is {}",
                                                f.matrix->tensor->name, i, static_cast<double>(s)));
          }
          l[i * n + j] = i == j ? std::sqrt(s) : s / l[j * n + j];
        }
        log_det += 2 * std::log(l[i * n + i]);
      }
      if (f.kind == MatrixFunction::Kind::log_det) {
        *element(f.result, f.result_access->subscripts, place) = log_det;
        return;
      }
      for (std::size_t c = 0; c < n; ++c) {  // L L' x = unit vector c
        std::vector<T> x(n, T(0));
        for (std::size_t i = 0; i < n; ++i) {
          x[i] = i == c ? T(1) : T(0);
          for (std::size_t k = 0; k < i; ++k) x[i] -= l[i * n + k] * x[k];
          x[i] /= l[i * n + i];
        }
        for (std::size_t i = n; i-- > 0;) {
          for (std::size_t k = i + 1; k < n; ++k) x[i] -= l[k * n + i] * x[k];
          x[i] /= l[i * n + i];
        }
        for (std::size_t i = 0; i < n; ++i) at(f.result_access, i, c) = x[i];
      }
    });
  }

  void run(const Draws& d) {
    std::vector<Index> own = canonical_indices(d.result);
    const std::uint64_t first = (memory_.first_step() + passes_) * memory_.sizes().size(d.result);
    if (d.kind != Draws::Kind::uniform) {
      std::vector<T>& out = memory_[d.result];
      const Order order = d.kind == Draws::Kind::positions ? Order::random : Order::shuffled;
      const auto elements = calculus::visits(
          order, out.size(), [&](std::size_t k) -> long double { return memory_.draw(d.stream, first + k); });
      std::copy(elements.begin(), elements.end(), out.begin());
      return;
    }
    over(own, [&](const Place& place) {
      T* at = element(d.result, std::vector<Subscript>(own.begin(), own.end()), place);
      *at = memory_.draw(d.stream, first + static_cast<std::uint64_t>(at - memory_[d.result].data()));
    });
  }

  void run(const Sweep& sweep) {
    const std::size_t now = ticks_.indices.size(), extent = memory_.count(sweep.tick.axis);
    ticks_.indices.insert(ticks_.indices.end(), {sweep.tick, sweep.visit});
    ticks_.values.resize(now + 2);
    for (std::size_t n = 0; n < extent; ++n) {
      const std::size_t element = sweep.elements != nullptr
                                      ? static_cast<std::size_t>(memory_[sweep.elements][n])
                                  : sweep.order == Order::backwards ? extent - 1 - n
                                                                    : n;
      ticks_.values[now] = static_cast<std::int64_t>(element);
      ticks_.values[now + 1] = static_cast<std::int64_t>(n);
      run(sweep.body);
    }
    ticks_.indices.resize(now);
    ticks_.values.resize(now);
  }

  void run(const Slices& slices) {
    const std::size_t width = memory_.count(slices.lane), copies = memory_.count(slices.plate);
    for (first_copy_ = 0; first_copy_ < copies; first_copy_ += width) run(slices.body);
  }

  void run(const Transfer& t) {
    const std::size_t copies = memory_.count(t.plate);
    const auto own = canonical_indices(t.lanes);
    over(own, [&](const Place& place) {
      const auto lane = static_cast<std::size_t>(place.values[own.size() - 1]);
      std::vector<std::int64_t> at_lanes(place.values.begin(),
                                         place.values.begin() + static_cast<std::ptrdiff_t>(own.size()));
      std::vector<std::int64_t> at_whole(at_lanes.begin(), at_lanes.end() - 1);
      const auto position = std::find(t.whole->axes.begin(), t.whole->axes.end(), t.plate);
      const std::size_t copy = std::min(first_copy_ + lane, copies - 1);
      at_whole.insert(at_whole.begin() + (position - t.whole->axes.begin()), static_cast<std::int64_t>(copy));
      T& whole = *element(t.whole, at_whole);
      T& lanes = *element(t.lanes, at_lanes);
      if (t.direction == Transfer::Direction::to_lanes) {
        lanes = whole;
      } else if (first_copy_ + lane < copies) {
        whole = lanes;
      }
    });
  }

  void run(const Repeat& repeat) {
    const std::uint64_t outer = passes_;
    for (std::size_t pass = 0; pass < repeat.count; ++pass) {
      if (repeat.while_positive != nullptr) {
        const auto& asked = memory_[repeat.while_positive];
        if (std::none_of(asked.begin(), asked.end(), [](const T& x) { return x > 0; })) break;
      }
      passes_ = outer * repeat.count + pass;
      run(repeat.body);
      if (repeat.tolerance && memory_[repeat.moved][0] <= static_cast<T>(*repeat.tolerance)) break;
    }
    passes_ = outer;
  }

  // Calls the body for all values of the loops, last one fastest.
  template <class Body>
  void over(const std::vector<Index>& loops, Body&& body) {
    Place place{loops, std::vector<std::int64_t>(loops.size(), 0)};
    place.indices.insert(place.indices.end(), ticks_.indices.begin(), ticks_.indices.end());
    place.values.insert(place.values.end(), ticks_.values.begin(), ticks_.values.end());
    for (;;) {
      body(place);
      std::size_t d = loops.size();
      for (; d > 0; --d) {
        if (++place.values[d - 1] < static_cast<std::int64_t>(memory_.count(loops[d - 1].axis))) break;
        place.values[d - 1] = 0;
      }
      if (d == 0) return;
    }
  }

  // Null outside the array.
  T* element(const Tensor* tensor, const std::vector<std::int64_t>& at) {
    const auto steps = strides(tensor, memory_.sizes());
    std::size_t offset = 0;
    for (std::size_t p = 0; p < at.size(); ++p) {
      if (at[p] < 0 || static_cast<std::size_t>(at[p]) >= memory_.count(tensor->axes[p])) return nullptr;
      offset += static_cast<std::size_t>(at[p]) * steps[p];
    }
    return &memory_[tensor][offset];
  }
  T* element(const Tensor* tensor, const std::vector<Subscript>& subscripts, const Place& place) {
    std::vector<std::int64_t> at;
    for (const Subscript& s : subscripts) at.push_back(place.at(s));
    return element(tensor, at);
  }

  T pointwise(const std::vector<Expr>& order, const Place& place) {
    std::unordered_map<const Node*, T> value;
    for (const Expr e : order) {
      std::vector<T> x;
      for (const Expr a : e->args) x.push_back(value.at(a.get()));
      value[e.get()] = node(e, x, place);
    }
    return value.at(order.back().get());
  }

  T node(Expr e, const std::vector<T>& x, const Place& place) {
    switch (e->op) {
      case Op::Constant: return static_cast<T>(e->value.to_long_double());
      case Op::Extent: return static_cast<T>(memory_.count(e->axis));
      case Op::Access: {
        const T* at = element(e->tensor, e->subscripts, place);
        return at == nullptr ? T(0) : *at;
      }
      case Op::Gather: {
        std::vector<std::int64_t> position;
        for (const T i : x) position.push_back(std::llround(i));
        const T* at = element(e->tensor, position);
        return at == nullptr ? T(0) : *at;
      }
      case Op::Delta: return place.at(e->subscripts[0]) == place.at(e->subscripts[1]) ? T(1) : T(0);
      case Op::Range: {
        const std::int64_t at = place.at(e->subscripts[0]);
        return at >= 0 && at < static_cast<std::int64_t>(memory_.count(e->axis)) ? T(1) : T(0);
      }
      case Op::Position: return static_cast<T>(place.at(e->subscripts[0]));
      case Op::Sum: {
        T out = static_cast<T>(e->value.to_long_double());
        for (std::size_t i = 0; i < x.size(); ++i)
          out += static_cast<T>(e->weights[i].to_long_double()) * x[i];
        return out;
      }
      case Op::Product: {
        T out = 1;
        for (std::size_t i = 0; i < x.size(); ++i) {
          if (is_indicator(e->args[i]) && x[i] == 0) return 0;
          out *= integer_power(x[i], e->weights[i].numerator());
        }
        return out;
      }
      case Op::Map: {
        std::vector<long double> wide(x.begin(), x.end());
        return static_cast<T>(row(e->function).value(wide.data()));
      }
      case Op::Select: return x[0] > 0 ? x[1] : x[2];
      default:
        throw std::logic_error(fmt::format("loop interpreter: a {} node is not pointwise", name(e->op)));
    }
  }

  Memory<T>& memory_;
  std::size_t first_copy_ = 0;  // of the slice entered
  std::uint64_t passes_ = 0;    // of the loops around, the innermost counting fastest
  Place ticks_;                 // of the sweeps entered
};

}  // namespace

template <class T>
Memory<T>::Memory(const plan::Specialisation& sizes, std::map<std::string, std::size_t> copies)
    : sizes_(sizes), copies_(std::move(copies)) {
  for (const auto& [plate, used] : copies_) {
    const auto at = sizes_.extents.find(plate);
    if (at == sizes_.extents.end())
      throw std::invalid_argument(fmt::format("copies of '{}', which is no axis of these sizes", plate));
    if (used < 1 || used > at->second)
      throw std::invalid_argument(
          fmt::format("{} copies of '{}', expected 1 to {}", used, plate, at->second));
  }
}

template <class T>
std::vector<T>& Memory<T>::operator[](const Tensor* tensor) {
  const auto at = arrays_.find(tensor->name);
  if (at != arrays_.end()) return at->second;
  return arrays_
      .emplace(tensor->name, std::vector<T>(sizes_.size(tensor), std::numeric_limits<T>::quiet_NaN()))
      .first->second;
}

template <class T>
void Memory<T>::set_draw(Draw draw, std::uint64_t step) {
  draw_ = std::move(draw);
  first_step_ = step;
}

template <class T>
T Memory<T>::draw(std::string_view stream, std::uint64_t number) const {
  if (!draw_)
    throw std::invalid_argument(fmt::format("stream '{}' is drawn from, but no draws are given", stream));
  return draw_(stream, number);
}

template <class T>
std::size_t Memory<T>::count(const Axis* axis) const {
  const auto at = copies_.find(axis->name);
  return at == copies_.end() ? sizes_.extent(axis) : at->second;
}

template <class T>
void interpret(const Operations& operations, Memory<T>& memory) {
  LoopInterpreter<T>(memory).run(operations);
}

template class Memory<double>;
template class Memory<long double>;
template void interpret(const Operations&, Memory<double>&);
template void interpret(const Operations&, Memory<long double>&);

}  // namespace freefall::loop
