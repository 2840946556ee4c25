// Programs with constants: what `prepare` takes out of the kernels, and what is folded into one product.
// Every form has the value of the schedule as derived.

#include <gtest/gtest.h>
#include <freefall/dsl.hpp>

#include "codegen/loop/cost.hpp"
#include "codegen/plan/factor_products.hpp"
#include "codegen/plan/pipeline.hpp"
#include "codegen/plan/stand_by_columns.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

// Powers of a matrix stand in place of passes, so errors of rounding are of another path.
constexpr long double kTolerance = 1e-13L;

struct Case {
  ir::Program program;
  plan::Specialisation sizes;
  Arrays<long double> values;
  Copies copies = {};
};

std::vector<long double> wave(std::size_t size, long double shift) {
  std::vector<long double> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = 0.5L * std::sin(1.7L * static_cast<long double>(i) + shift);
  return out;
}

void fill(Case& c) {
  long double shift = 0;
  for (const ir::Tensor& t : c.program.context->tensors()) {
    if (t.role == ir::Role::output || t.role == ir::Role::prepared) continue;
    auto& values = c.values[t.name] = wave(c.sizes.size(&t), shift += 0.3L);
    if (t.axes.size() == 2 && t.axes[0] == t.axes[1]) {  // definite; not symmetric
      const std::size_t n = c.sizes.extent(t.axes[0]);
      for (std::size_t i = 0; i < n; ++i) values[i * (n + 1)] += static_cast<long double>(n);
    }
  }
}

enum class Motion { linear, tanh };

// x_t ~ N(f(A x_{t-1}), P^-1), y ~ N(C x, R^-1) with P not symmetric; `passes` Euler steps a tick.
Case filter(Motion motion, std::size_t passes, std::size_t copies = 0) {
  const program_scope scope;
  plate<"batch"> batch;
  axis<"state"> state;
  axis<"sense"> sense;
  const auto make = [&](auto x, auto y) {
    auto A = constant<"A">(state, state.prime());
    auto C = constant<"C">(sense, state);
    auto P = constant<"P">(state, state.prime());
    auto R = constant<"R">(sense, sense.prime());
    auto step = constant<"step">();
    auto p = [&](auto mean) {
      return model<"filter">(x <<= normal(mean, precision(P)), y <<= normal(C * x, precision(R)));
    };
    const auto before = prime(previous(x), state);
    const auto out = [&](auto joint) {
      auto q = family(delta(x));
      auto F = free_energy(joint, q);
      return program{kernel<"tick">(advance(x), forward(joint), repeat(passes, descend(F, x, rate(step)))),
                     kernel<"energy">(F)};
    };
    if (motion == Motion::tanh) return out(p(freefall::tanh(A * before))).ir();
    return out(p(A * before)).ir();
  };
  Case c;
  c.program = copies == 0 ? make(variable<"x">(state), variable<"y">(sense))
                          : make(variable<"x">(batch, state), variable<"y">(batch, sense));
  c.sizes.extents = {{"state", 3}, {"sense", 2}};
  if (copies != 0) {
    c.sizes.extents["batch"] = copies + 1;
    c.copies = {{"batch", copies}};
  }
  fill(c);
  return c;
}

// Every kernel as derived, against what each pass makes of it once `prepare` has run.
void expect_every_pass_keeps_values(const Case& c) {
  std::map<std::string, Arrays<long double>> expected;
  const ir::Context& context = *c.program.context;
  const auto run = [&](const std::string& kernel, const auto& all, const Arrays<long double>& values,
                       const plan::Compilation& at) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& k) { return k.name == kernel; });
    if constexpr (requires { found->steps; }) {
      return run_steps<long double>(found->steps, context, values, at.sizes, c.copies);
    } else {
      return run_operations<long double>(found->operations, context, values, at.sizes, c.copies);
    }
  };
  plan::compile(c.program, c.sizes, [&](const plan::Pass& pass, const plan::Compilation& at) {
    const auto each = [&](const auto& all) {
      Arrays<long double> values = c.values;
      if (at.is_prepared != nullptr) values = run("prepare", all, values, at);
      for (const auto& k : at.derivation.procedures) {
        const auto found = run(k.name, all, values, at);
        if (expected[k.name].empty()) expected[k.name] = found;
        for (const auto& [name, elements] : expected[k.name])
          EXPECT_LE(distance(found.at(name), elements), kTolerance) << pass.name << ": " << name;
      }
    };
    if (at.kernels.empty()) {
      each(at.planned);
    } else {
      each(at.kernels);
    }
    return !testing::Test::HasFailure();
  });
}

double operations(const Case& c, const std::string& kernel, const std::vector<std::string>& without = {}) {
  const plan::Compilation compiled = plan::compile(c.program, c.sizes, {}, without);
  for (const auto& k : compiled.kernels) {
    if (k.name == kernel) return loop::cost(k.operations, compiled.sizes).operations;
  }
  return -1;
}

TEST(Constants, EveryPassKeepsTheValueOfAFilter) {
  for (const Motion motion : {Motion::linear, Motion::tanh}) {
    for (const std::size_t passes : {1u, 2u, 3u, 6u}) expect_every_pass_keeps_values(filter(motion, passes));
  }
  expect_every_pass_keeps_values(filter(Motion::linear, 5, 2));
}

TEST(Constants, ATickOfALinearFilterIsTwoProducts) {
  // x := M x_previous + L y: 2 n n + 2 n m for the products, a handful for each element.
  const Case c = filter(Motion::linear, 6);
  EXPECT_LE(operations(c, "tick"), 2 * 3 * 3 + 2 * 3 * 2 + 4 * 3);
  EXPECT_GE(operations(c, "tick", {"fold_affine"}), 5 * operations(c, "tick"));
}

TEST(Constants, TheCostOfAFoldedTickDoesNotGrowWithItsPasses) {
  EXPECT_EQ(operations(filter(Motion::linear, 6), "tick"), operations(filter(Motion::linear, 60), "tick"));
}

TEST(Constants, AStepThatIsAffineInTheStateFoldsBehindANonlinearPrediction) {
  // tanh(A x_previous) is not, but does not change in the loop.
  const Case c = filter(Motion::tanh, 6);
  EXPECT_LT(operations(c, "tick"), 0.5 * operations(c, "tick", {"fold_affine"}));
}

TEST(Constants, NothingIsFoldedWithoutConstants) {
  const program_scope scope;
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto A = parameter<"A">(state, state.prime());
  auto p = model<"filter">(x <<= normal(A * prime(previous(x))));
  auto F = free_energy(p, family(delta(x)));
  Case c;
  c.program = program{kernel<"tick">(advance(x), forward(p), repeat(5, descend(F, x, rate(0.1))))}.ir();
  c.sizes.extents = {{"state", 3}};
  const auto compiled = plan::compile(c.program, c.sizes);
  EXPECT_EQ(compiled.is_prepared, nullptr);
  ASSERT_EQ(compiled.kernels.size(), 1U);
}

// x := x - step (A x + sign(x)): the derivative of the sign is zero, but it is not constant.
TEST(Constants, APiecewiseConstantFunctionIsNotTakenForAConstant) {
  const program_scope scope;
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto A = constant<"A">(state, state.prime());
  auto p = model<"abs">(x <<= normal(0, precision(A)));
  auto F = free_energy(p, family(delta(x))) + sum(abs(x), state);
  Case c;
  c.program = program{kernel<"settle">(repeat(4, descend(F, x, rate(0.1))))}.ir();
  c.sizes.extents = {{"state", 3}};
  fill(c);
  expect_every_pass_keeps_values(c);
}

// P e + P' e, with P neither symmetric nor constant: one product where the loop makes up for the sum.
TEST(FactorProducts, TheTwoHalvesOfAPrecisionAreOneProductInALoop) {
  const program_scope scope;
  axis<"state"> state;
  auto x = variable<"x">(state);
  auto P = parameter<"P">(state, state.prime());
  auto p = model<"prior">(x <<= normal(0, precision(P)));
  auto F = free_energy(p, family(delta(x)));
  Case c;
  c.program = program{kernel<"settle">(repeat(10, descend(F, x, rate(0.1))))}.ir();
  c.sizes.extents = {{"state", 5}};
  fill(c);
  expect_every_pass_keeps_values(c);
  EXPECT_LT(operations(c, "settle"), 0.75 * operations(c, "settle", {"factor_products"}));
}

// B[i, j, move] s[j] is a product for each move, so the rows that it adds up are those over i; so is a branch
// of the moves, whose copies are used in every call.
TEST(StandByColumns, TheLargestIndexOfTheResultStandsLast) {
  ir::Context context;
  const ir::Axis *state = context.axis("state"), *move = context.axis("move"),
                 *next = context.axis("next", true, move);
  const ir::Index i{state, 0}, j{state, 1}, a{move, 0}, b{next, 0};
  const auto matrix = [&](const char* name, const ir::Axis* last) {
    return context.tensor(name, {state, state, last}, ir::Role::constant);
  };
  const ir::Tensor *B = matrix("B", move), *C = matrix("C", next);
  const ir::Tensor* s = context.tensor("s", {state}, ir::Role::input);
  const ir::Tensor* x = context.tensor("x", {state, move}, ir::Role::variable);
  const ir::Tensor* y = context.tensor("y", {state, next}, ir::Role::variable);
  const auto product = [&](const ir::Tensor* t, const ir::Index& last) {
    return ir::make_contract({j},
                             ir::make_access(context, t, {i, j, last}) * ir::make_access(context, s, {j}));
  };
  std::vector<calculus::Procedure> kernels = {{"move",
                                               {{calculus::Assign{{{x, product(B, a), "", nullptr}}}},
                                                {calculus::Assign{{{y, product(C, b), "", nullptr}}}}},
                                               {}}};
  plan::stand_by_columns(kernels, context, {"moves", {{"state", 8}, {"move", 3}, {"next", 3}}});
  const auto axes = [&](const char* name) { return context.find_tensor(name)->axes; };
  EXPECT_EQ(axes("prepared_B_by_columns"), (std::vector<const ir::Axis*>{move, state, state}));
  EXPECT_EQ(axes("prepared_C_by_columns"), (std::vector<const ir::Axis*>{next, state, state}));
}

}  // namespace
}  // namespace freefall::test
