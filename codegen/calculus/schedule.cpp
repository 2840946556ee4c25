#include "codegen/calculus/schedule.hpp"

#include <algorithm>
#include <utility>

namespace freefall::calculus {
namespace {

void append_new(std::vector<const ir::Tensor*>& into, const std::vector<const ir::Tensor*>& from) {
  for (const ir::Tensor* t : from) {
    if (std::find(into.begin(), into.end(), t) == into.end()) into.push_back(t);
  }
}

// No user writes as many primes, and no pass opens binders on this level.
constexpr int kTickLevel = 7000;

}  // namespace

ir::Index tick_of(const ir::Axis* axis) { return {axis, kTickLevel}; }
ir::Index visit_of(const ir::Axis* axis) { return {axis, kTickLevel + 1}; }
bool is_tick(const ir::Index& index) { return index.level == kTickLevel || index.level == kTickLevel + 1; }

std::vector<std::size_t> visits(ir::Order order, std::size_t extent,
                                const std::function<long double(std::size_t)>& uniform) {
  std::vector<std::size_t> out(extent);
  // In double, like the kernels: both floor the same number.
  const auto drawn = [&](std::size_t k, std::size_t below) {
    return static_cast<std::size_t>(static_cast<double>(below) * static_cast<double>(uniform(k)));
  };
  for (std::size_t k = 0; k < extent; ++k) {
    switch (order) {
      case ir::Order::forwards: out[k] = k; break;
      case ir::Order::backwards: out[k] = extent - 1 - k; break;
      case ir::Order::random: out[k] = drawn(k, extent); break;
      case ir::Order::shuffled: {  // inside out (Durstenfeld 1964): k goes to a place among the first k + 1
        const std::size_t place = drawn(k, k + 1);
        out[k] = out[place];
        out[place] = k;
        break;
      }
    }
  }
  return out;
}

std::vector<ir::Index> target_indices(const Assignment& a) {
  std::vector<ir::Index> out = ir::canonical_indices(a.target);
  for (ir::Index& i : out) {
    if (i.axis == a.tick && i.level == 0) i = tick_of(a.tick);
  }
  return out;
}

ir::Expr target_element(const Assignment& a) {
  const auto at = target_indices(a);
  return ir::make_access(*a.value->context, a.target, std::vector<ir::Subscript>(at.begin(), at.end()));
}

const Steps* body_of(const Step& step) {
  if (const auto* loop = std::get_if<Loop>(&step.action)) return &loop->body;
  if (const auto* sweep = std::get_if<Sweep>(&step.action)) return &sweep->body;
  return nullptr;
}
Steps* body_of(Step& step) { return const_cast<Steps*>(body_of(std::as_const(step))); }

std::vector<const ir::Tensor*> assigned(const Steps& steps) {
  std::vector<const ir::Tensor*> out;
  for (const Step& step : steps) {
    if (const Steps* body = body_of(step)) {
      append_new(out, assigned(*body));
    } else {
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous) append_new(out, {a.target});
    }
  }
  return out;
}

std::vector<const ir::Tensor*> read(const Steps& steps) {
  std::vector<const ir::Tensor*> out;
  for (const Step& step : steps) {
    if (const Steps* body = body_of(step)) {
      const auto* loop = std::get_if<Loop>(&step.action);
      if (loop != nullptr && loop->while_positive != nullptr) append_new(out, {loop->while_positive});
      append_new(out, read(*body));
    } else {
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous)
        append_new(out, tensors_of(a.value));
    }
  }
  return out;
}

}  // namespace freefall::calculus
