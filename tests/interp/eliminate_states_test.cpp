// Loops that read a state only through its error iterate the error alone: the same values for less work.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <freefall/dsl.hpp>
#include <random>

#include "codegen/ir/print.hpp"
#include "codegen/plan/eliminate_states.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/pipeline.hpp"
#include "codegen/plan/work.hpp"
#include "models/recurrent/network.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

using calculus::Steps;

// Two hidden layers and a skip between them, predictions held or live.
template <class Held>
program chain(Held) {
  plate<"batch"> batch;
  axis<"pixel"> pixel;
  axis<"first"> first;
  axis<"second"> second;
  axis<"label"> label;
  auto image = input<"image">(batch, pixel);
  auto eta = input<"eta">();
  auto a = variable<"a">(batch, first);
  auto b = variable<"b">(batch, second);
  auto y = variable<"y">(batch, label);
  auto W1 = parameter<"W1">(first, pixel);
  auto W2 = parameter<"W2">(second, first);
  auto W3 = parameter<"W3">(label, second);
  auto W4 = parameter<"W4">(label, first);
  auto p = model<"chain">(a <<= normal(tanh(W1 * image)), b <<= normal(tanh(W2 * a)),
                          y <<= normal(W3 * b + tanh(W4 * a)));
  auto F = free_energy(p, family(delta(a), delta(b)));
  auto fall = descend(F, a, b, rate(eta));
  if constexpr (Held::value) {
    return program{kernel<"relax">(forward(p), hold(predictions(p)), repeat(9, fall), evaluate<"energy">(F)),
                   kernel<"settle">(forward(p), hold(predictions(p)),
                                    until(tolerance(1e-6), at_most(400), fall), evaluate<"energy">(F)),
                   kernel<"once">(forward(p), hold(predictions(p)), fall)};
  } else {
    return program{kernel<"relax">(forward(p), repeat(9, fall))};
  }
}

plan::Specialisation chain_sizes() {
  return {"chain",
          {{"batch", 3}, {"pixel", 4}, {"first", 5}, {"second", 6}, {"label", 2}},
          plan::Scalar::float64};
}
plan::Specialisation recurrent_sizes() {
  return {"recurrent",
          {{"batch", 2}, {"t", 4}, {"feature", 3}, {"lower", 4}, {"upper", 3}, {"label", 2}},
          plan::Scalar::float64};
}

std::string text(const Steps& steps) {
  std::string out;
  for (const calculus::Step& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      out += fmt::format("{} times {{\n{}}}\n", loop->count, text(loop->body));
    } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      out += fmt::format("each {} {{\n{}}}\n", sweep->axis->name, text(sweep->body));
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous)
        out += fmt::format("{} := {}\n", a.target->name, ir::print(a.value));
    }
  }
  return out;
}

const calculus::Loop* first_loop(const Steps& steps) {
  for (const calculus::Step& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) return loop;
    if (const Steps* body = calculus::body_of(step)) {
      if (const calculus::Loop* inside = first_loop(*body)) return inside;
    }
  }
  return nullptr;
}

// What the kernels of a program are before the pass and after it.
struct Kernel {
  std::string name;
  Steps before, after;
};
std::vector<Kernel> kernels(const ir::Program& program, const plan::Specialisation& sizes) {
  std::vector<Kernel> out;
  plan::compile(program, sizes, [&](const plan::Pass& pass, const plan::Compilation& c) {
    if (std::string_view(pass.name) == "stand_by_columns")
      for (const auto& p : c.planned) out.push_back({p.name, p.steps, {}});
    if (std::string_view(pass.name) != "eliminate_states") return true;
    for (std::size_t k = 0; k < out.size(); ++k) out[k].after = c.planned[k].steps;
    return false;
  });
  return out;
}
const Kernel& named(const std::vector<Kernel>& all, std::string_view name) {
  return *std::find_if(all.begin(), all.end(), [&](const Kernel& k) { return k.name == name; });
}

Arrays<long double> numbers(const ir::Context& context, const plan::Specialisation& sizes) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(-0.7, 0.7);
  Arrays<long double> out;
  for (const ir::Tensor& t : context.tensors()) {
    if (t.role == ir::Role::temporary || t.role == ir::Role::output) continue;
    auto& values = out[t.name];
    for (std::size_t n = sizes.size(&t); n > 0; --n)
      values.push_back(t.name == "eta" ? 0.3L : uniform(random));
  }
  return out;
}

void expect_same_values(const ir::Program& program, const plan::Specialisation& sizes) {
  const ir::Context& context = *program.context;
  const auto values = numbers(context, sizes);
  for (const Kernel& k : kernels(program, sizes)) {
    const auto expected = run_steps<long double>(k.before, context, values, sizes, {});
    const auto found = run_steps<long double>(k.after, context, values, sizes, {});
    for (const auto& [name, array] : expected)
      EXPECT_LE(distance(found.at(name), array), 1e-15L) << "'" << name << "' of kernel " << k.name;
  }
}

TEST(EliminateStates, KeepsTheValuesOfEveryArray) {
  expect_same_values(chain(std::true_type{}).ir(), chain_sizes());
  expect_same_values(recurrent::network<7>().ir(), recurrent_sizes());
}

TEST(EliminateStates, ALoopUnderHeldPredictionsReadsNeitherStatesNorPredictions) {
  const ir::Program held = chain(std::true_type{}).ir();
  for (const char* name : {"relax", "settle"}) {
    const auto all = kernels(held, chain_sizes());
    const calculus::Loop* loop = first_loop(named(all, name).after);
    ASSERT_NE(loop, nullptr);
    const auto read = calculus::read(loop->body);
    for (const char* state : {"a", "b"}) {
      EXPECT_EQ(std::count(read.begin(), read.end(), held.context->find_tensor(state)), 0) << state;
      const auto changed = calculus::assigned(loop->body);
      EXPECT_EQ(std::count(changed.begin(), changed.end(), held.context->find_tensor(state)), 0) << state;
    }
  }
  // In the recurrent network the error of the next tick is read, below the indicator that there is one; and
  // where a tick settles before the one before it starts, the next tick is read as it has settled.
  const ir::Program recurrent = recurrent::network<7>().ir();
  const auto all = kernels(recurrent, recurrent_sizes());
  const auto read = calculus::read(first_loop(named(all, "relax").after)->body);
  EXPECT_EQ(std::count(read.begin(), read.end(), recurrent.context->find_tensor("h1")), 0);
  EXPECT_NE(text(named(all, "relax").after).find("error_h1[batch, t + 1, "), std::string::npos);
  const auto settled = calculus::assigned(first_loop(named(all, "relax_ticks").after)->body);
  EXPECT_EQ(std::count(settled.begin(), settled.end(), recurrent.context->find_tensor("h1")), 0);
}

TEST(EliminateStates, LowersTheWorkOfALoopAndNeverRaisesThatOfAKernel) {
  const auto compare = [](const ir::Program& program, const plan::Specialisation& sizes,
                          const std::vector<std::string>& lower) {
    for (const Kernel& k : kernels(program, sizes)) {
      const double before = plan::work(plan::hoist_invariants(k.before, *program.context, sizes), sizes);
      const double after = plan::work(plan::hoist_invariants(k.after, *program.context, sizes), sizes);
      EXPECT_LE(after, before) << k.name;
      const bool lowered = std::find(lower.begin(), lower.end(), k.name) != lower.end();
      EXPECT_EQ(after < before, lowered) << k.name;
    }
  };
  compare(chain(std::true_type{}).ir(), chain_sizes(), {"relax", "settle"});
  compare(recurrent::network<7>().ir(), recurrent_sizes(), {"relax", "relax_ticks"});
}

TEST(EliminateStates, IsIdempotent) {
  const auto check = [](const ir::Program& program, const plan::Specialisation& sizes) {
    for (const Kernel& k : kernels(program, sizes))
      EXPECT_EQ(text(plan::eliminate_states(k.after, *program.context, sizes)), text(k.after)) << k.name;
  };
  check(chain(std::true_type{}).ir(), chain_sizes());
  check(recurrent::network<7>().ir(), recurrent_sizes());
}

TEST(EliminateStates, LeavesAStateThatPredictsAnother) {
  const ir::Program live = chain(std::false_type{}).ir();
  for (const Kernel& k : kernels(live, chain_sizes())) EXPECT_EQ(text(k.after), text(k.before)) << k.name;
}

TEST(EliminateStates, LeavesARuleThatIsMadeOnce) {
  const ir::Program held = chain(std::true_type{}).ir();
  const auto all = kernels(held, chain_sizes());
  EXPECT_EQ(text(named(all, "once").after), text(named(all, "once").before));
}

// x[t] = x[t] - eta (x[t + 1] - m[t + 1]): the last element has no next one, whose x reads zero and whose m
// is something. An indicator says so, or the state stays.
TEST(EliminateStates, ReadsTheErrorOfANeighbourOnlyWhereThereIsOne) {
  ir::Context context;
  const ir::Axis* t = context.axis("t");
  const plan::Specialisation sizes{"line", {{"t", 6}}, plan::Scalar::float64};
  const ir::Tensor* x = context.tensor("x", {t}, ir::Role::variable);
  const ir::Tensor* m = context.tensor("m", {t}, ir::Role::input);
  ir::Subscript next(ir::Index{t, 0});
  next.offset = 1;
  // The mean lies outside its array where the state does, but is no zero there.
  const auto mean = [&](const ir::Subscript& at) {
    return ir::make_map(ir::Function::cos, {ir::make_access(context, m, {at})});
  };
  const ir::Expr own = ir::element(context, x) - mean(ir::Index{t, 0});
  const ir::Expr neighbour = ir::make_access(context, x, {next}) - mean(next);
  const auto loop = [&](ir::Expr coupling) -> Steps {
    const ir::Expr value = ir::element(context, x) - ir::Number(0.25) * own - ir::Number(0.125) * coupling;
    return {{calculus::Loop{5, {}, {}, {{calculus::Assign{{{x, value, "x moves"}}}}}}}};
  };
  const Steps open = loop(neighbour), guarded = loop(ir::make_range(context, t, next) * neighbour);
  EXPECT_EQ(text(plan::eliminate_states(open, context, sizes)), text(open));
  const Steps errors = plan::eliminate_states(guarded, context, sizes);
  ASSERT_EQ(errors.size(), 4u);  // mean, error, loop, state
  const Arrays<long double> values{{"x", {1, -2, 0.5, 3, -1, 2}}, {"m", {0.1, 0.7, -0.3, 1.2, 0.4, -0.9}}};
  const auto expected = run_steps<long double>(guarded, context, values, sizes, {});
  const auto found = run_steps<long double>(errors, context, values, sizes, {});
  EXPECT_LE(distance(found.at("x"), expected.at("x")), 1e-15L);
}

}  // namespace
}  // namespace freefall::test
