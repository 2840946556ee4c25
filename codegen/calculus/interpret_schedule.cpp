#include "codegen/calculus/interpret_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace freefall::calculus {
namespace {

template <class T>
void run(const Assign& assign, ir::Environment<T>& environment) {
  std::vector<std::vector<T>> values;
  for (const Assignment& a : assign.simultaneous) {
    values.push_back(ir::evaluate(a.value, ir::canonical_indices(a.target), environment).data);
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    environment.set(assign.simultaneous[i].target, std::move(values[i]));
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
void run(const Loop& loop, ir::Environment<T>& environment) {
  for (std::size_t pass = 0; pass < loop.count; ++pass) {
    if (loop.while_positive != nullptr) {
      const auto& condition = environment.get(loop.while_positive);
      if (std::none_of(condition.begin(), condition.end(), [](T x) { return x > 0; })) return;
    }
    std::vector<std::vector<T>> before;
    if (loop.tolerance) {
      for (const ir::Tensor* t : loop.watched) before.push_back(environment.get(t));
    }
    interpret(loop.body, environment);
    if (!loop.tolerance) continue;
    bool rests = true;
    for (std::size_t i = 0; i < before.size(); ++i)
      rests = rests && at_rest(before[i], environment.get(loop.watched[i]), *loop.tolerance);
    if (rests) return;
  }
}

}  // namespace

template <class T>
void interpret(const Steps& steps, ir::Environment<T>& environment) {
  for (const Step& step : steps) {
    std::visit([&](const auto& action) { run(action, environment); }, step.action);
  }
}

template void interpret(const Steps&, ir::Environment<double>&);
template void interpret(const Steps&, ir::Environment<long double>&);

}  // namespace freefall::calculus
