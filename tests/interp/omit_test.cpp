// Omitted arrays: what kernels give out is the same without them, and they are gone where that pays.

#include <gtest/gtest.h>

#include <freefall/dsl.hpp>
#include <random>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/loop/memory_plan.hpp"
#include "codegen/plan/eliminate_omitted.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/omit_arrays.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

using calculus::Assign;
using calculus::Steps;

std::size_t contractions(const Steps& steps) {
  std::size_t out = 0;
  for (const auto& step : steps) {
    for (const auto& a : std::get<Assign>(step.action).simultaneous) {
      const auto nodes = ir::topological({a.value});
      out += static_cast<std::size_t>(
          std::count_if(nodes.begin(), nodes.end(), [](ir::Expr n) { return n->op == ir::Op::Contract; }));
    }
  }
  return out;
}

bool equal(const Steps& a, const Steps& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
           const auto &left = std::get<Assign>(x.action).simultaneous,
                      &right = std::get<Assign>(y.action).simultaneous;
           return std::equal(
               left.begin(), left.end(), right.begin(), right.end(),
               [](const auto& s, const auto& t) { return s.target == t.target && s.value == t.value; });
         });
}

// ---- chains of products by constants, some of them nonlinear, with every array on the way omitted ----

struct Chain {
  ir::Context context;
  plan::Specialisation sizes{"chain", {{"copy", 40}, {"a", 6}, {"b", 5}, {"c", 3}}};
  Arrays<long double> values;
  Steps steps;

  explicit Chain(std::uint64_t seed) : random_(seed) {
    copy_ = context.axis("copy", true);
    for (const char* name : {"a", "b", "c"}) axes_.push_back(context.axis(name));
    arrays_.push_back(declare("s", {copy_, axis()}, ir::Role::input));
    for (int n = below(4) + 1; n > 0; --n)
      set("x", below(6) == 0 ? pointwise() : linear(below(3) == 0 ? 2 : 1), ir::Role::variable);
    for (int n = 2; n > 0; --n) set("y", below(3) == 0 ? total() : mapped(), ir::Role::output);
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  const ir::Axis* axis() { return axes_[static_cast<std::size_t>(below(3))]; }
  const ir::Tensor* any() {
    return arrays_[static_cast<std::size_t>(below(static_cast<int>(arrays_.size())))];
  }

  const ir::Tensor* declare(const std::string& name, std::vector<const ir::Axis*> axes, ir::Role role) {
    const ir::Tensor* out = context.tensor(name, std::move(axes), role);
    auto& v = values[name];
    for (std::size_t n = sizes.size(out); n > 0; --n)
      v.push_back(static_cast<long double>(below(2001)) / 1000 - 1);
    return out;
  }
  ir::Expr constant(std::vector<ir::Index> at) {
    std::vector<const ir::Axis*> axes;
    for (const auto& i : at) axes.push_back(i.axis);
    const ir::Tensor* t = declare("C" + std::to_string(++count_), axes, ir::Role::constant);
    return ir::make_access(context, t, {at.begin(), at.end()});
  }
  // sum of constants times arrays over their inner axis, an element of the axis `own_`
  ir::Expr linear(int terms) {
    own_ = {axis(), 0};
    ir::Expr out = ir::make_constant(context, below(4) == 0 ? 1 : 0);
    for (; terms > 0; --terms) {
      const ir::Tensor* t = any();
      const ir::Index i{t->axes[1], 1};
      const ir::Expr weight = below(4) == 0 ? ir::make_constant(context, ir::Number::ratio(3, 4)) : scaled(i);
      out = out + ir::make_contract({i}, weight * constant({own_, i}) * read(t, i));
    }
    return out;
  }
  ir::Expr scaled(const ir::Index& i) {
    return below(4) == 0 ? ir::make_map(ir::Function::tanh, {constant({i})}) : ir::make_constant(context, 1);
  }
  ir::Expr pointwise() {
    const ir::Tensor* t = any();
    own_ = {t->axes[1], 0};
    return constant({own_}) * read(t, own_) + read(t, own_);
  }
  ir::Expr mapped() {
    const ir::Expr e = linear(1);
    return below(2) == 0 ? ir::make_map(ir::Function::tanh, {e}) : e * e + e;
  }
  // of one element for all, and as a sum over an axis that constants alone have
  ir::Expr total() {
    const ir::Tensor* t = any();
    const ir::Index i{t->axes[1], 1}, k{axis(), 2};
    own_ = {axis(), 0};
    return constant({own_}) * ir::make_contract({i, k}, constant({k, i}) * read(t, i));
  }
  ir::Expr read(const ir::Tensor* t, const ir::Index& i) {
    return ir::make_access(context, t, {ir::Index{copy_, 0}, i});
  }

  void set(const std::string& name, ir::Expr value, ir::Role role) {
    const ir::Tensor* t = declare(name + std::to_string(++count_), {copy_, own_.axis}, role);
    steps.push_back({Assign{{{t, value, t->name, nullptr}}}});
    if (role != ir::Role::variable) return;
    arrays_.push_back(t);
    sizes.omitted.push_back(t->name);
  }

  std::mt19937_64 random_;
  const ir::Axis* copy_;
  std::vector<const ir::Axis*> axes_;
  std::vector<const ir::Tensor*> arrays_;
  ir::Index own_;
  int count_ = 0;
};

constexpr std::uint64_t kChains = 400;

// What the steps cost in a call, with what depends on constants alone computed before.
double operations(Chain& chain, const Steps& steps) {
  std::vector<calculus::Procedure> kernels = {{"chain", steps, {}}};
  plan::hoist_constants(kernels, chain.context);
  const Steps planned = plan::materialise(kernels[0].steps, chain.context, chain.sizes);
  return loop::cost(loop::lower_schedule(planned, chain.context, chain.sizes), chain.sizes).operations;
}

TEST(EliminateOmitted, KeepsTheValueOfWhatIsGivenOutAndIsIdempotent) {
  std::size_t shorter = 0;
  for (std::uint64_t seed = 1; seed <= kChains; ++seed) {
    SCOPED_TRACE(seed);
    Chain chain(seed);
    const Steps once = plan::eliminate_omitted(chain.steps, chain.context, chain.sizes);
    shorter += once.size() < chain.steps.size() ? 1 : 0;
    ASSERT_TRUE(equal(plan::eliminate_omitted(once, chain.context, chain.sizes), once));
    const auto run = [&](const Steps& steps) {
      return run_steps<long double>(steps, chain.context, chain.values, chain.sizes, {});
    };
    const auto expected = run(chain.steps);
    const auto found = run(once);
    for (const ir::Tensor& t : chain.context.tensors()) {
      if (t.role != ir::Role::output) continue;
      ASSERT_LE(distance(found.at(t.name), expected.at(t.name)), 1e-15L) << t.name;
    }
  }
  EXPECT_GT(shorter, kChains / 4);
}

TEST(EliminateOmitted, NeverRaisesTheNumberOfOperations) {
  for (std::uint64_t seed = 1; seed <= kChains; ++seed) {
    Chain chain(seed);
    const double before = operations(chain, chain.steps);
    const Steps once = plan::eliminate_omitted(chain.steps, chain.context, chain.sizes);
    ASSERT_LE(operations(chain, once), before) << seed;
  }
}

// ---- one array at a time ----

struct Pair {
  ir::Context context;
  const ir::Axis *copy = context.axis("copy", true), *state = context.axis("state"),
                 *outcome = context.axis("outcome");
  const ir::Index p{copy, 0}, i{state, 0}, j{state, 1}, o{outcome, 0};
  const ir::Tensor* A = context.tensor("A", {outcome, state}, ir::Role::constant);
  const ir::Tensor* B = context.tensor("B", {state, state}, ir::Role::constant);
  const ir::Tensor* s = context.tensor("s", {copy, state}, ir::Role::input);
  const ir::Tensor* x = context.tensor("x", {copy, state}, ir::Role::variable);
  const ir::Tensor* y = context.tensor("y", {copy, outcome}, ir::Role::output);
  plan::Specialisation sizes{"pair", {{"copy", 64}, {"state", 8}, {"outcome", 8}}};

  Pair() { sizes.omitted = {"x"}; }
  ir::Expr at(const ir::Tensor* t, std::vector<ir::Subscript> subscripts) {
    return ir::make_access(context, t, std::move(subscripts));
  }
  ir::Expr belief() { return ir::make_contract({j}, at(B, {i, j}) * at(s, {p, j})); }
  ir::Expr seen(const ir::Tensor* of) { return ir::make_contract({i}, at(A, {o, i}) * at(of, {p, i})); }
  Steps eliminated(const Steps& steps) { return plan::eliminate_omitted(steps, context, sizes); }
  static calculus::Step set(const ir::Tensor* t, ir::Expr value) {
    return {Assign{{{t, value, "", nullptr}}}};
  }
};

TEST(EliminateOmitted, TakesMatricesOfConstantsTogether) {
  Pair of;
  const Steps before = {of.set(of.x, of.belief()), of.set(of.y, of.seen(of.x))};
  const Steps after = of.eliminated(before);
  ASSERT_EQ(after.size(), 1u);
  const ir::Expr both = ir::make_contract({of.i}, of.at(of.A, {of.o, of.i}) * of.at(of.B, {of.i, of.j}));
  EXPECT_EQ(std::get<Assign>(after[0].action).simultaneous[0].value,
            ir::make_contract({of.j}, both * of.at(of.s, {of.p, of.j})));
  EXPECT_EQ(contractions(before), 2u);
  of.sizes.omitted.clear();
  EXPECT_TRUE(equal(of.eliminated(before), before));
}

// Eight matrices by eight others are 64: too many to read for one vector, and not for sixty-four.
TEST(EliminateOmitted, KeepsAnArrayThatManyMatricesWouldReplace) {
  Pair of;
  const ir::Index f{of.context.axis("f"), 0}, g{of.context.axis("g"), 0};
  of.sizes.extents["f"] = of.sizes.extents["g"] = 8;
  const ir::Tensor* B = of.context.tensor("Bf", {f.axis, of.state, of.state}, ir::Role::constant);
  const ir::Tensor* A = of.context.tensor("Ag", {g.axis, of.outcome, of.state}, ir::Role::constant);
  const ir::Tensor* x = of.context.tensor("xf", {of.copy, f.axis, of.state}, ir::Role::variable);
  const ir::Tensor* y = of.context.tensor("yfg", {of.copy, f.axis, g.axis, of.outcome}, ir::Role::output);
  of.sizes.omitted = {"xf"};
  const Steps steps = {
      of.set(x, ir::make_contract({of.j}, of.at(B, {f, of.i, of.j}) * of.at(of.s, {of.p, of.j}))),
      of.set(y, ir::make_contract({of.i}, of.at(A, {g, of.o, of.i}) * of.at(x, {of.p, f, of.i})))};
  EXPECT_EQ(of.eliminated(steps).size(), 1u);
  of.sizes.extents["copy"] = 1;
  EXPECT_TRUE(equal(of.eliminated(steps), steps));
}

TEST(EliminateOmitted, KeepsAnArrayThatIsReadNonlinearly) {
  Pair of;
  const ir::Expr own = ir::make_map(ir::Function::tanh, {of.at(of.x, {of.p, of.i})});
  const Steps steps = {of.set(of.x, of.belief()), of.set(of.y, of.seen(of.x)), of.set(of.s, own)};
  EXPECT_TRUE(equal(of.eliminated(steps), steps));
}

TEST(EliminateOmitted, KeepsAnArrayWhoseSourceChangesBeforeItIsRead) {
  Pair of;
  const Steps steps = {of.set(of.x, of.belief()), of.set(of.s, ir::Number(2) * of.at(of.s, {of.p, of.i})),
                       of.set(of.y, of.seen(of.x))};
  EXPECT_TRUE(equal(of.eliminated(steps), steps));
}

TEST(EliminateOmitted, DropsWhatNobodyReads) {
  Pair of;
  const Steps steps = {of.set(of.x, of.belief()), of.set(of.y, of.seen(of.s))};
  EXPECT_TRUE(equal(of.eliminated(steps), {steps[1]}));
}

// Computed twice, the two sides of a comparison might be rounded in two ways.
TEST(EliminateOmitted, KeepsWhatIsComparedWithItself) {
  Pair of;
  const ir::Expr own = of.at(of.x, {of.p, of.i});
  const ir::Expr largest = ir::make_reduce(ir::Reducer::max, {of.j}, of.at(of.x, {of.p, of.j}));
  const Steps steps = {
      of.set(of.x, of.at(of.s, {of.p, of.i}) * of.at(of.s, {of.p, of.i})),
      of.set(of.y, ir::make_contract({of.i}, of.at(of.A, {of.o, of.i}) *
                                                 ir::make_map(ir::Function::equal, {own, largest})))};
  EXPECT_TRUE(equal(of.eliminated(steps), steps));
}

// ---- whole programs ----

// A tick of a filter whose memory is over time: x[t] is set from x[t - 1] and read by y[t] at once.
struct Filter {
  ir::Context context;
  const ir::Axis *time = context.axis("time"), *unit = context.axis("unit");
  const ir::Tensor* u = context.tensor("u", {time, unit}, ir::Role::input);
  const ir::Tensor* W = context.tensor("W", {unit, unit}, ir::Role::input);
  const ir::Tensor* x = context.tensor("x", {time}, ir::Role::variable);
  const ir::Tensor* y = context.tensor("y", {time}, ir::Role::output);
  plan::Specialisation sizes{"filter", {{"time", 3}, {"unit", 2}}};

  Steps steps(int offset) {
    const ir::Index tick = calculus::tick_of(time);
    ir::Subscript other(tick);
    other.offset = offset;
    const auto at = [&](const ir::Tensor* t, const ir::Subscript& s) {
      return ir::make_access(context, t, {s});
    };
    // Two buffers: the first is free again where x is set.
    const ir::Index k{unit, 0}, m{unit, 1};
    const ir::Expr sum =
        ir::make_contract({k}, ir::make_access(context, u, {tick, k}) * ir::make_access(context, W, {k, m}));
    const ir::Expr drive = ir::make_contract({m}, ir::make_map(ir::Function::tanh, {sum}));
    calculus::Sweep sweep{time, ir::Order::forwards, "", {}};
    sweep.body = {{Assign{{{x, drive + ir::Number::ratio(1, 2) * at(x, other), "", time}}}},
                  {Assign{{{y, ir::make_map(ir::Function::tanh, {at(x, tick) + at(x, other)}), "", time}}}}};
    return {{sweep}};
  }
};

TEST(OmitArrays, AnEarlierTickIsReadWhereItIsSet) {
  Filter filter;
  ir::Program program;  // names what the check says
  program.context = std::shared_ptr<ir::Context>(&filter.context, [](ir::Context*) {});
  const auto check = [&](int offset) {
    plan::check_omitted(program, {{"tick", filter.steps(offset), {}}}, {"x"});
  };
  EXPECT_NO_THROW(check(-1));
  EXPECT_THROW(check(1), ir::ModelError);  // of the call before
  EXPECT_THROW(plan::check_omitted(program, {{"tick", filter.steps(-1), {}}}, {"x", "y"}), ir::ModelError);
}

TEST(OmitArrays, WhatASweepSetsTickByTickKeepsItsMemory) {
  Filter filter;
  Arrays<long double> values;
  values["u"] = {1, -1, 2, 0, 1, 3};
  values["W"] = {1, 2, -1, 1};
  const Steps steps = filter.steps(-1), omitted = plan::omit_arrays(steps, filter.context, {"x"});
  const auto expected = run_steps<long double>(steps, filter.context, values, filter.sizes, {}).at("y");
  EXPECT_EQ(run_steps<long double>(omitted, filter.context, values, filter.sizes, {}).at("y"), expected);
  const Steps planned = plan::materialise(omitted, filter.context, filter.sizes);
  const loop::Kernel kernel{"tick", loop::lower_schedule(planned, filter.context, filter.sizes)};
  const loop::MemoryPlan memory = loop::plan_memory(kernel, filter.sizes);
  const auto& x = memory.slot(filter.context.find_tensor("omitted_x"));
  ASSERT_EQ(memory.slots.size(), 3u);
  for (const auto& slot : memory.slots) {
    if (&slot == &x) continue;
    EXPECT_TRUE(slot.offset + slot.bytes <= x.offset || x.offset + x.bytes <= slot.offset);
  }
}

}  // namespace
}  // namespace freefall::test
