// Which arrays a kernel can do without checking before it begins, and that what it is emitted as does not.

#include <gtest/gtest.h>

#include <random>

#include "codegen/emit/emit_library.hpp"
#include "codegen/loop/hidden_nan.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/kernel/models/events.hpp"

namespace freefall::test {
namespace {

using calculus::Assign;
using calculus::Steps;
using ir::Function;
using ir::make_map;

// ---- what hides a NaN ----

struct Numbers {
  ir::Context context;
  const ir::Axis *unit = context.axis("unit"), *other = context.axis("other");
  const ir::Index i{unit, 0}, j{unit, 1}, k{other, 0};
  const ir::Tensor* u = context.tensor("u", {unit}, ir::Role::input);
  const ir::Tensor* table = context.tensor("table", {unit}, ir::Role::input);
  const ir::Tensor* x = context.tensor("x", {unit}, ir::Role::variable);
  const ir::Tensor* y = context.tensor("y", {unit}, ir::Role::output);
  const ir::Tensor* best = context.tensor("best", {}, ir::Role::output);
  plan::Specialisation sizes{"numbers", {{"unit", 5}, {"other", 3}}};

  ir::Expr at(const ir::Tensor* t, const ir::Index& index) {
    return ir::make_access(context, t, {ir::Subscript(index)});
  }
  ir::Expr at(const ir::Tensor* t) { return ir::make_access(context, t, {}); }
  ir::Expr one() { return ir::make_constant(context, 1); }
  static calculus::Step set(const ir::Tensor* t, ir::Expr value) {
    return {Assign{{{t, value, "", nullptr}}}};
  }
  calculus::Step largest() { return set(best, ir::make_reduce(ir::Reducer::max, {j}, at(u, j))); }
  // 1 where u is at least as large as all others.
  calculus::Step winner() {
    const ir::Expr most = ir::make_reduce(ir::Reducer::max, {j}, at(u, j));
    return set(y, make_map(Function::equal, {at(u, i), most}));
  }
  bool hides(const Steps& steps, const ir::Tensor* t) {
    return loop::hides_nan(loop::lower_schedule(plan::materialise(steps, context, sizes), context, sizes), t);
  }
};

TEST(HiddenNaN, FunctionsKeepIt) {
  Numbers of;
  const ir::Expr value = make_map(Function::tanh, {of.at(of.u, of.i) * of.at(of.x, of.i)}) + of.one();
  EXPECT_FALSE(of.hides({of.set(of.y, value)}, of.u));
  EXPECT_FALSE(of.hides({of.set(of.y, make_map(Function::relu, {value}))}, of.u));
}

TEST(HiddenNaN, AComparisonHidesIt) {
  Numbers of;
  for (const Function f : {Function::less, Function::equal})
    EXPECT_TRUE(of.hides({of.set(of.y, make_map(f, {of.at(of.u, of.i), of.one()}))}, of.u));
  EXPECT_TRUE(of.hides({of.winner()}, of.u));
}

TEST(HiddenNaN, WhatIsComparedMayShowItElsewhere) {
  Numbers of;
  EXPECT_FALSE(of.hides({of.winner(), of.largest()}, of.u));
  EXPECT_FALSE(of.hides({of.winner(), of.set(of.x, of.at(of.u, of.i) + of.one())}, of.u));
}

TEST(HiddenNaN, APartOfItDoesNotShowTheRest) {
  Numbers of;
  ir::Subscript next(of.i);
  next.offset = 1;
  const ir::Expr neighbour = ir::make_access(of.context, of.u, {next});
  EXPECT_TRUE(of.hides({of.winner(), of.set(of.x, neighbour)}, of.u));
}

TEST(HiddenNaN, WhatIsSetAgainDoesNotShowIt) {
  Numbers of;
  EXPECT_TRUE(of.hides({of.winner(), of.largest(), of.set(of.best, of.one())}, of.u));
}

TEST(HiddenNaN, AStateShowsItUntilItIsSet) {
  Numbers of;
  const calculus::Step decays = of.set(of.x, ir::Number::ratio(1, 2) * of.at(of.x, of.i));
  const calculus::Step compared = of.set(of.y, make_map(Function::less, {of.at(of.x, of.i), of.one()}));
  EXPECT_FALSE(of.hides({compared, decays}, of.x));
  EXPECT_TRUE(of.hides({compared, of.set(of.x, of.at(of.u, of.i))}, of.x));
}

// A loop that asks for it may make no pass, so that what it shows within does not count.
TEST(HiddenNaN, AConditionHidesItAndWhatIsInside) {
  Numbers of;
  const auto condition = [&](calculus::Step inside) {
    calculus::Loop loop;
    loop.count = 1;
    loop.while_positive = of.best;
    loop.body = {std::move(inside)};
    return calculus::Step{loop};
  };
  const calculus::Step adds = of.set(of.x, of.at(of.x, of.i) + of.at(of.u, of.i));
  EXPECT_FALSE(of.hides({of.largest(), condition(adds)}, of.u)) << "best is a result";
  const ir::Tensor* hidden = of.context.tensor("hidden", {}, ir::Role::temporary);
  const auto unseen = [&](calculus::Step inside) {
    calculus::Step out = condition(std::move(inside));
    std::get<calculus::Loop>(out.action).while_positive = hidden;
    return out;
  };
  const calculus::Step largest = of.set(hidden, ir::make_reduce(ir::Reducer::max, {of.j}, of.at(of.u, of.j)));
  EXPECT_TRUE(of.hides({largest, unseen(adds)}, of.u));
  EXPECT_FALSE(of.hides({largest, unseen(adds), adds}, of.u));
}

TEST(HiddenNaN, AnIndexIsNone) {
  Numbers of;
  const ir::Expr looked_up = ir::make_gather(of.context, of.table, {of.at(of.u, of.i)});
  EXPECT_TRUE(of.hides({of.set(of.y, looked_up), of.set(of.x, of.at(of.u, of.i))}, of.u));
  EXPECT_FALSE(of.hides({of.set(of.y, looked_up)}, of.table));
}

// ---- what is emitted ----

// The check before the kernel `step` begins.
std::string boundary_of_step(const std::vector<std::string>& trusted) {
  const ir::Program program = events().ir();
  plan::Specialisation sizes{"events", {{"signal", 2}, {"unit", 7}}};
  sizes.trusted = trusted;
  for (const auto& file : emit::emit_library(plan::compile(program, sizes))) {
    if (file.name != "events.cpp") continue;
    const std::size_t begin = file.text.find("status step(const arrays& a");
    return file.text.substr(begin, file.text.find("memory", begin) - begin);
  }
  return {};
}
// Without spaces and line ends.
bool says(const std::string& text, const std::string& words) {
  std::string flat;
  for (const char c : text) {
    if (c != ' ' && c != '\n') flat += c;
  }
  return flat.find(words) != std::string::npos;
}
bool checks(const std::string& text, const std::string& array) { return says(text, ">{a." + array + "}"); }

TEST(Trust, LeavesOutTheCheckAndNothingElse) {
  const std::string before = boundary_of_step({}), after = boundary_of_step({"W", "u"});
  for (const char* array : {"W", "u"}) {
    EXPECT_TRUE(checks(before, array)) << before;
    EXPECT_FALSE(checks(after, array)) << after;
    EXPECT_TRUE(says(after, std::string("a.") + array + "!=nullptr")) << after;
  }
  for (const char* array : {"D", "V", "eta"}) EXPECT_TRUE(checks(after, array)) << after;
}

TEST(Trust, TheHeaderSaysSo) {
  const ir::Program program = events().ir();
  plan::Specialisation sizes{"events", {{"signal", 2}, {"unit", 7}}};
  sizes.trusted = {"W", "u"};
  const std::string header = emit::emit_library(plan::compile(program, sizes))[0].text;
  EXPECT_NE(header.find("// trusts, without a check: u, W\n"), std::string::npos) << header;
}

}  // namespace
}  // namespace freefall::test
