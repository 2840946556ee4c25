// Every pass of the pipeline keeps the value of every kernel, on a family of random models; passes that
// simplify are idempotent and do not raise the cost.

#include <gtest/gtest.h>

#include "codegen/ir/parse.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/drop_dead_stores.hpp"
#include "codegen/loop/fuse_nests.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/loop/slice_plates.hpp"
#include "codegen/loop/split_diagonal.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/peel_first_pass.hpp"
#include "codegen/plan/pipeline.hpp"
#include "codegen/plan/work.hpp"
#include "codegen/report/cost_table.hpp"
#include "models/pcn/network.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/same_structure.hpp"

namespace freefall::test {
namespace {

// The order of summation changes with the passes. A gradient that is zero but for rounding (1e-18 in long
// double) moves a parameter by rate / epsilon = 1e6 times as much under Adam.
constexpr long double kTolerance = 1e-12L;

constexpr std::uint64_t kPrograms = 300, kFewPrograms = 100;

using Results = std::map<std::string, Arrays<long double>>;  // by kernel

// Every kernel after what the compilation has reached.
Results run_all(const RandomProgram& p, const plan::Compilation& c) {
  Results out;
  const ir::Context& context = *p.program.context;
  if (c.kernels.empty()) {
    for (const auto& k : c.planned)
      out[k.name] = run_steps<long double>(k.steps, context, p.values, p.sizes, p.copies);
  } else {
    for (const auto& k : c.kernels)
      out[k.name] = run_operations<long double>(k.operations, context, p.values, c.sizes, p.copies);
  }
  return out;
}

void expect_same(const Results& found, const Results& expected, const std::string& where) {
  for (const auto& [kernel, arrays] : expected) {
    for (const auto& [name, values] : arrays) {
      EXPECT_LE(distance(found.at(kernel).at(name), values), kTolerance)
          << where << ": '" << name << "' of kernel " << kernel;
    }
  }
}

class EveryPass : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryPass, KeepsTheValueOfEveryKernel) {
  for (std::uint64_t seed = GetParam(); seed <= kPrograms; seed += 10) {
    const RandomProgram p = random_program({.seed = seed});
    SCOPED_TRACE(p.text);
    Results expected;
    plan::compile(p.program, p.sizes, [&](const plan::Pass& pass, const plan::Compilation& c) {
      if (expected.empty()) {
        expected = run_all(p, c);
      } else {
        expect_same(run_all(p, c), expected, pass.name);
      }
      return !testing::Test::HasFailure();
    });
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(RandomPrograms, EveryPass, testing::Range<std::uint64_t>(1, 11));

TEST(HoistInvariants, IsIdempotent) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    for (const auto& k : calculus::derive(p.program).procedures) {
      const auto once = plan::hoist_invariants(k.steps, *p.program.context, p.sizes);
      ASSERT_EQ(difference(plan::hoist_invariants(once, *p.program.context, p.sizes), once), "")
          << k.name << " of " << p.text;
    }
  }
}

TEST(FuseNests, IsIdempotent) {
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    const auto c = plan::compile(p.program, p.sizes);
    for (const auto& k : c.kernels) {
      const auto once = loop::fuse_nests(k.operations, c.sizes);
      ASSERT_EQ(difference(loop::fuse_nests(once, c.sizes), once), "") << k.name << " of " << p.text;
    }
  }
}

// What a sweep reads at its tick alone is computed for all ticks where that makes a product of it, with the
// ticks first, so that those of one tick lie in one piece; a sum of two terms stays where it is.
TEST(HoistInvariants, TakesProductsOfAllTicksOutOfASweep) {
  ir::Context context;
  const ir::Axis *t = context.axis("t"), *in = context.axis("in"), *out = context.axis("out");
  const ir::Tensor* u = context.tensor("u", {t, in}, ir::Role::input);
  const ir::Tensor* D = context.tensor("D", {in, out}, ir::Role::parameter);
  const ir::Tensor* x = context.tensor("x", {out}, ir::Role::variable);
  const ir::Expr product = make_contract({{in, 0}}, ir::element(context, D) * ir::element(context, u));
  const ir::Expr at_tick = substitute(product, {{{t, 0}, ir::Subscript(calculus::tick_of(t))}});
  const calculus::Assign step{{{x, ir::element(context, x) + at_tick, "x"}}};
  const calculus::Steps sweep{{calculus::Sweep{t, ir::Order::forwards, {}, {{step}}}}};
  const plan::Specialisation wide{"wide", {{"t", 6}, {"in", 9}, {"out", 12}}};
  const calculus::Steps hoisted = plan::hoist_invariants(sweep, context, wide);
  ASSERT_EQ(hoisted.size(), 2U);
  const auto& before = std::get<calculus::Assign>(hoisted[0].action).simultaneous.at(0);
  EXPECT_EQ(before.target->axes, (std::vector<const ir::Axis*>{t, out}));
  const plan::Specialisation narrow{"narrow", {{"t", 6}, {"in", 2}, {"out", 12}}};
  EXPECT_EQ(difference(plan::hoist_invariants(sweep, context, narrow), sweep), "");
}

// The steps with many passes of every loop.
calculus::Steps many_passes(calculus::Steps steps) {
  for (calculus::Step& step : steps) {
    if (auto* loop = std::get_if<calculus::Loop>(&step.action)) loop->count *= 100;
    if (calculus::Steps* body = calculus::body_of(step)) *body = many_passes(*body);
  }
  return steps;
}

// Of a pass, that is: what stands before the loop may grow, since a hoisted part of a prediction hides from
// the first pass that the prediction was computed before it.
TEST(HoistInvariants, NeverRaisesTheNumberOfOperationsOfAPass) {
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    ir::Context& context = *p.program.context;
    const auto operations = [&](const calculus::Steps& steps) {
      return loop::cost(loop::lower_schedule(plan::materialise(steps, context, p.sizes), context, p.sizes),
                        p.sizes)
          .operations;
    };
    for (const auto& k : calculus::derive(p.program).procedures) {
      const calculus::Steps steps = many_passes(k.steps);
      ASSERT_LE(operations(plan::hoist_invariants(steps, context, p.sizes)), operations(steps))
          << k.name << " of " << p.text;
    }
  }
}

// ---- the loop passes ----

loop::Cost total(const std::vector<loop::Kernel>& kernels, const plan::Specialisation& sizes) {
  loop::Cost out;
  for (const auto& k : kernels) {
    const loop::Cost cost = loop::cost(k.operations, sizes);
    out.operations += cost.operations;
    out.bytes += cost.bytes;
  }
  return out;
}

TEST(LoopPasses, NeverRaiseTheCost) {
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    loop::Cost before;
    plan::compile(p.program, p.sizes, [&](const plan::Pass& pass, const plan::Compilation& at) {
      const loop::Cost after = total(at.kernels, at.sizes);
      const std::string_view name = pass.name;
      if (name == "fuse_nests" || name == "drop_dead_stores") {
        EXPECT_LE(after.operations, before.operations) << name << " of " << p.text;
        EXPECT_LE(after.bytes, before.bytes) << name << " of " << p.text;
      }
      before = after;
      return !testing::Test::HasFailure();
    });
    if (HasFailure()) return;
  }
}

TEST(DropDeadStores, IsIdempotent) {
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    for (const auto& k : plan::compile(p.program, p.sizes).kernels)
      ASSERT_EQ(difference(loop::drop_dead_stores(k.operations), k.operations), "")
          << k.name << " of " << p.text;
  }
}

// Every nest that can be split at a diagonal as three: the values on the diagonal into an array of their own,
// the rest, and the diagonal.
loop::Operations split_all(const loop::Operations& operations, ir::Context& context,
                           const plan::Specialisation& sizes, std::size_t& count) {
  loop::Operations out;
  for (loop::Operation o : operations) {
    if (loop::Operations* body = loop::body_of(o)) *body = split_all(*body, context, sizes, count);
    const auto* nest = std::get_if<loop::Nest>(&o.action);
    const auto split = nest == nullptr ? std::nullopt : loop::split_diagonal(*nest);
    if (!split) {
      out.push_back(std::move(o));
      continue;
    }
    const std::vector<ir::Index> loops(nest->loops.begin(), nest->loops.end() - 1);
    std::vector<const ir::Axis*> axes;
    for (const ir::Index& i : loops) axes.push_back(i.axis);
    const std::vector<ir::Subscript> own(loops.begin(), loops.end());
    const ir::Tensor* kept = context.tensor("diagonal_" + std::to_string(++count), axes, ir::Role::temporary);
    const loop::Store& there = split->on_diagonal;
    EXPECT_LE(loop::cost({{split->elsewhere}}, sizes).operations, loop::cost({o}, sizes).operations);
    out.push_back({loop::Nest{loops, {{kept, own, loop::Store::Mode::set, there.value, ""}}}});
    out.push_back({split->elsewhere});
    out.push_back({loop::Nest{loops,
                              {{there.target, there.subscripts, loop::Store::Mode::set,
                                ir::make_access(context, kept, own), ""}}}});
  }
  return out;
}

TEST(SplitDiagonal, KeepsTheValueOfEveryKernelAndNeverRaisesTheOperationsOfItsLoop) {
  std::size_t count = 0;
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    auto c = plan::compile(p.program, p.sizes);
    const Results expected = run_all(p, c);
    const std::size_t before = count;
    for (auto& k : c.kernels) k.operations = split_all(k.operations, *p.program.context, c.sizes, count);
    if (count == before) continue;
    SCOPED_TRACE(p.text);
    expect_same(run_all(p, c), expected, "split_diagonal");
    if (HasFailure()) return;
  }
  EXPECT_GT(count, 20u) << "of " << kFewPrograms << " programs";
}

// The change of couplings without diagonal: no comparison is left, and zero stays on the diagonal.
TEST(SplitDiagonal, TakesTheComparisonOutOfALoop) {
  ir::Context context;
  const ir::Axis* unit = context.axis("unit");
  const ir::Index i{unit, 0}, j{unit, 1};
  const ir::Tensor* J = context.tensor("J", {unit, unit}, ir::Role::parameter);
  const ir::Tensor* s = context.tensor("s", {unit}, ir::Role::input);
  const ir::Expr at = ir::make_access(context, J, {i, j});
  const ir::Expr off = ir::make_constant(context, 1) - ir::make_delta(context, i, j);
  const auto changed_by = [&](ir::Expr other) {
    return loop::Nest{{i, j}, {{J, {i, j}, loop::Store::Mode::set, at + off * other, ""}}};
  };
  const ir::Expr change = ir::make_access(context, s, {i}) * ir::make_access(context, s, {j});
  const auto split = loop::split_diagonal(changed_by(change));
  ASSERT_TRUE(split);
  EXPECT_EQ(split->elsewhere.stores[0].value, at + change);
  EXPECT_EQ(split->on_diagonal.value, ir::make_access(context, J, {i, i}));
  // Another element of J would be read too late.
  EXPECT_FALSE(loop::split_diagonal(changed_by(ir::make_access(context, J, {j, i}))));
}

// Slices one vector wide of every plate, however few its copies, so that the last lanes repeat a copy, and
// products become tiles with epilogues.
class SlicedProgram : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SlicedProgram, KeepsTheValueOfEveryKernel) {
  const loop::SliceRule rule{{8}, 1, 0, false};
  std::size_t sliced = 0;
  for (std::uint64_t seed = GetParam(); seed <= kPrograms; seed += 10) {
    const RandomProgram p = random_program({.seed = seed});
    SCOPED_TRACE(p.text);
    plan::Compilation c =
        plan::compile(p.program, p.sizes, [](const plan::Pass& pass, const plan::Compilation&) {
          return std::string_view(pass.name) != "lower_schedule";
        });
    const Results expected = run_all(p, c);
    for (auto& k : c.kernels) {
      k.operations = loop::slice_plates(k.operations, *p.program.context, c.sizes, rule);
      sliced +=
          static_cast<std::size_t>(std::count_if(k.operations.begin(), k.operations.end(), [](const auto& o) {
            return std::holds_alternative<loop::Slices>(o.action);
          }));
      const auto again = loop::slice_plates(k.operations, *p.program.context, c.sizes, rule);
      ASSERT_EQ(difference(again, k.operations), "") << k.name;
    }
    expect_same(run_all(p, c), expected, "slice_plates");
    for (auto& k : c.kernels) k.operations = loop::drop_dead_stores(loop::fuse_nests(k.operations, c.sizes));
    expect_same(run_all(p, c), expected, "slice_plates, fuse_nests, drop_dead_stores");
    if (HasFailure()) return;
  }
  EXPECT_GT(sliced, 0u);
}

INSTANTIATE_TEST_SUITE_P(RandomPrograms, SlicedProgram, testing::Range<std::uint64_t>(1, 11));

// ---- what gets a buffer ----

class Materialised : public testing::Test {
 protected:
  Materialised() {
    for (const char* name : {"unit", "signal", "other"}) context.axis(name);
    for (const char* name : {"a", "b", "c", "d"}) declare(name, {"unit", "other"});
    declare("x", {"other"});
    declare("u", {"signal"});
    declare("D", {"signal", "unit"});
    declare("E", {"unit", "signal"});
  }
  const ir::Tensor* declare(const char* name, const std::vector<const char*>& axes,
                            ir::Role role = ir::Role::input) {
    std::vector<const ir::Axis*> found;
    for (const char* axis : axes) found.push_back(context.axis(axis));
    return context.tensor(name, found, role);
  }
  // The buffers that the values get, in order.
  std::vector<std::string> buffers(
      const std::vector<std::pair<const ir::Tensor*, std::string>>& assignments) {
    calculus::Steps steps;
    for (const auto& [target, value] : assignments)
      steps.push_back({calculus::Assign{{{target, ir::parse(context, value), target->name}}}});
    std::vector<std::string> out;
    for (const auto& step : plan::materialise(steps, context, sizes)) {
      const auto& a = std::get<calculus::Assign>(step.action).simultaneous[0];
      if (a.target->role == ir::Role::temporary) out.push_back(a.target->name);
    }
    return out;
  }

  ir::Context context;
  plan::Specialisation sizes{"test", {{"unit", 20}, {"signal", 2}, {"other", 30}}};
};

const std::string kLongSum =
    "sum{other}(a[unit, other] * x[other]) + sum{other}(b[unit, other] * x[other]) + "
    "sum{other}(c[unit, other] * x[other]) + sum{other}(d[unit, other] * x[other])";

TEST_F(Materialised, ALongSumThatSeveralLoopsReadIsWorkedOutOnce) {
  const ir::Tensor* p = declare("p", {"unit"}, ir::Role::output);
  const auto found = buffers({{p, "softmax{unit}(" + kLongSum + ")[unit]"}});
  EXPECT_EQ(std::count(found.begin(), found.end(), "value"), 1);
  const ir::Tensor* y = declare("y", {"unit"}, ir::Role::output);
  const auto once = buffers({{y, kLongSum + " + 1"}});
  EXPECT_EQ(std::count(once.begin(), once.end(), "value_2"), 0);
}

TEST_F(Materialised, AFunctionInASoftmaxIsWorkedOutOnce) {
  const ir::Tensor* p = declare("p", {"other"}, ir::Role::output);
  EXPECT_EQ(buffers({{p, "softmax{other}(tanh(x[other]) - x[other])[other]"}}),
            (std::vector<std::string>{"value", "max", "product", "softmax"}));
}

TEST_F(Materialised, ASumOfAFewRowsIsWrittenOut) {
  const ir::Tensor* y = declare("y", {"unit"}, ir::Role::output);
  EXPECT_TRUE(buffers({{y, "sum{signal}(D[signal, unit] * u[signal]) + 1"}}).empty());
  // Across the rows each element would be a load of its own; a long sum is a product.
  EXPECT_EQ(buffers({{y, "sum{signal}(E[unit, signal] * u[signal]) + 1"}}).size(), 1U);
  EXPECT_EQ(buffers({{y, "sum{other}(a[unit, other] * x[other]) + 1"}}).size(), 1U);
}

// ---- the schedule passes after materialise ----

TEST(PeelFirstPasses, IsIdempotentAndNeverRaisesTheWork) {
  for (std::uint64_t seed = 1; seed <= kFewPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    for (const auto& k : calculus::derive(p.program).procedures) {
      const auto steps = plan::materialise(k.steps, *p.program.context, p.sizes);
      const auto once = plan::peel_first_passes(steps, p.sizes);
      ASSERT_LE(plan::work(once, p.sizes), plan::work(steps, p.sizes)) << k.name << " of " << p.text;
      ASSERT_EQ(difference(plan::peel_first_passes(once, p.sizes), once), "") << k.name << " of " << p.text;
    }
  }
}

// A network of two hidden layers that starts at its predictions: tanh and the predictions are carried from
// one step to the next, and the first step leaves the first layer alone.
TEST(PeelFirstPasses, LeavesOutErrorsThatAreZeroAtThePredictions) {
  const ir::Program program =
      pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
  const plan::Specialisation sizes{
      "network", {{"batch", 64}, {"pixel", 8}, {"hidden1", 8}, {"hidden2", 8}, {"label", 8}}};
  std::size_t products_before = 0, products_inside = 0, count = 0;
  const auto products = [](const calculus::Steps& steps) {
    return static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [](const calculus::Step& s) {
      const auto* a = std::get_if<calculus::Assign>(&s.action);
      return a != nullptr && a->simultaneous[0].value->op == ir::Op::Contract;
    }));
  };
  plan::compile(program, sizes, [&](const plan::Pass& pass, const plan::Compilation& c) {
    if (std::string_view(pass.name) != "peel_first_passes") return true;
    calculus::Steps before;
    const auto train =
        std::find_if(c.planned.begin(), c.planned.end(), [](const auto& k) { return k.name == "train"; });
    for (const auto& step : train->steps) {
      if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
        products_inside = products(loop->body);
        count = loop->count;
        break;
      }
      before.push_back(step);
    }
    products_before = products(before);
    return false;
  });
  EXPECT_EQ(count, 19u);           // of 20 steps
  EXPECT_EQ(products_inside, 4u);  // two errors back, two predictions
  EXPECT_EQ(products_before, 5u);  // three predictions; then one error back and one prediction
}

// What a kernel costs is asked with the sizes it was compiled to, lanes of slices included.
TEST(CostTable, CountsTheSlicesOfABatch) {
  const ir::Program program =
      pcn::network<3, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
  const plan::Specialisation sizes{
      "network", {{"batch", 64}, {"pixel", 8}, {"hidden1", 8}, {"hidden2", 8}, {"label", 8}}};
  for (const report::KernelCost& row : report::kernel_costs(program, sizes)) {
    EXPECT_GT(row.after.operations, 0) << row.kernel;
    EXPECT_LE(row.after.operations, row.before.operations) << row.kernel;
  }
}

}  // namespace
}  // namespace freefall::test
