#include "codegen/calculus/interpret_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace freefall::calculus {
namespace {

template <class T>
void run_steps(const Steps& steps, ir::Environment<T>& environment, const ir::Substitution& ticks);

// Puts the elements of one tick in place; the others keep their values.
template <class T>
void set_tick(const Assignment& a, const std::vector<T>& slice, int tick, ir::Environment<T>& environment) {
  std::vector<T> all = environment.get(a.target);
  const auto at = static_cast<std::size_t>(std::find(a.target->axes.begin(), a.target->axes.end(), a.tick) -
                                           a.target->axes.begin());
  std::size_t inner = 1;
  for (std::size_t p = at + 1; p < a.target->axes.size(); ++p)
    inner *= environment.sizes().of(*a.target->axes[p]);
  const std::size_t extent = environment.sizes().of(*a.tick);
  for (std::size_t i = 0; i < slice.size(); ++i)
    all[(i / inner * extent + static_cast<std::size_t>(tick)) * inner + i % inner] = slice[i];
  environment.set(a.target, std::move(all));
}

template <class T>
void run(const Assign& assign, ir::Environment<T>& environment, const ir::Substitution& ticks) {
  std::vector<std::vector<T>> values;
  for (const Assignment& a : assign.simultaneous) {
    std::vector<ir::Index> order = target_indices(a);
    std::erase_if(order, is_tick);
    values.push_back(ir::evaluate(ir::substitute(a.value, ticks), order, environment).data);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Assignment& a = assign.simultaneous[i];
    if (a.tick == nullptr) {
      environment.set(a.target, std::move(values[i]));
      continue;
    }
    const auto now =
        std::find_if(ticks.begin(), ticks.end(), [&](const auto& t) { return t.first == tick_of(a.tick); });
    if (now == ticks.end())
      throw std::logic_error("interpret: an assignment of one tick of '" + a.tick->name +
                             "' outside its sweep");
    set_tick(a, values[i], now->second.offset, environment);
  }
}

template <class T>
void run(const Sweep& sweep, ir::Environment<T>& environment, const ir::Substitution& outer) {
  // What has no value yet is read only outside its ticks, as zero; a read inside shows as not a number.
  for (const ir::Tensor* t : assigned(sweep.body)) {
    if (!environment.contains(t))
      environment.set(t, std::vector<T>(environment.count(*t), std::numeric_limits<T>::quiet_NaN()));
  }
  const std::vector<std::size_t> elements =
      visits(sweep.order, environment.sizes().of(*sweep.axis), [&](std::size_t k) -> long double {
        return environment.draw(sweep.stream, {static_cast<std::int64_t>(k)});
      });
  for (std::size_t k = 0; k < elements.size(); ++k) {
    ir::Substitution ticks = outer;
    ticks.emplace_back(tick_of(sweep.axis), ir::Subscript(static_cast<int>(elements[k])));
    ticks.emplace_back(visit_of(sweep.axis), ir::Subscript(static_cast<int>(k)));
    run_steps(sweep.body, environment, ticks);
  }
}

// True if no element moved by more than the tolerance; a NaN has moved.
template <class T>
bool at_rest(const std::vector<T>& before, const std::vector<T>& after, double tolerance) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!(std::abs(after[i] - before[i]) <= static_cast<T>(tolerance))) return false;
  }
  return true;
}

template <class T>
void run(const Loop& loop, ir::Environment<T>& environment, const ir::Substitution& ticks) {
  const std::uint64_t outer = environment.step();
  for (std::size_t pass = 0; pass < loop.count; ++pass) {
    if (loop.while_positive != nullptr) {
      const auto& condition = environment.get(loop.while_positive);
      if (std::none_of(condition.begin(), condition.end(), [](T x) { return x > 0; })) break;
    }
    environment.set_step(outer * loop.count + pass);
    std::vector<std::vector<T>> before;
    if (loop.tolerance) {
      for (const ir::Tensor* t : loop.watched) before.push_back(environment.get(t));
    }
    run_steps(loop.body, environment, ticks);
    if (!loop.tolerance) continue;
    bool rests = true;
    for (std::size_t i = 0; i < before.size(); ++i)
      rests = rests && at_rest(before[i], environment.get(loop.watched[i]), *loop.tolerance);
    if (rests) break;
  }
  environment.set_step(outer);
}

template <class T>
void run_steps(const Steps& steps, ir::Environment<T>& environment, const ir::Substitution& ticks) {
  for (const Step& step : steps) {
    std::visit([&](const auto& action) { run(action, environment, ticks); }, step.action);
  }
}

}  // namespace

template <class T>
void interpret(const Steps& steps, ir::Environment<T>& environment) {
  run_steps(steps, environment, {});
}

template void interpret(const Steps&, ir::Environment<double>&);
template void interpret(const Steps&, ir::Environment<long double>&);

}  // namespace freefall::calculus
