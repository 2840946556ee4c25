// What the compiler derives from the specification of the attractor network: the same expressions as by hand,
// central differences, both interpreters; and what it refuses.

#include <gtest/gtest.h>

#include <cmath>
#include <freefall/dsl.hpp>
#include <freefall/runtime/random.hpp>

#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/equality/equality.hpp"
#include "codegen/equality/mutate.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/support/central_difference.hpp"

freefall::program define();

namespace freefall {
namespace {

using namespace ir;

class AttractorDerivation : public testing::Test {
 protected:
  const Program program_ = define().ir();
  Context& context_ = *program_.context;
  calculus::Derivation derivation_ = calculus::derive(program_);

  const Tensor* tensor(const char* name) const { return context_.find_tensor(name); }
  Expr at(const char* name, std::vector<Index> indices) const {
    return make_access(context_, tensor(name), std::vector<Subscript>(indices.begin(), indices.end()));
  }
  const calculus::Rule& rule(const char* kernel, const char* target) const {
    for (const auto& r : derivation_.rules) {
      if (r.kernel == kernel && r.target->name == target) return r;
    }
    throw std::out_of_range(target);
  }
  const calculus::Procedure& procedure(const std::string& name) const {
    for (const auto& p : derivation_.procedures) {
      if (p.name == name) return p;
    }
    throw std::out_of_range(name);
  }

  const Index i{context_.axis("unit"), 0}, j{context_.axis("unit"), 1};
};

Expr langevin(Expr e) { return make_map(Function::langevin, {e}); }

// b_q = beta (b + J sigma), and dF/db_q = (b_q - u) L'(b_q) (Spisak and Friston 2025, eq 19 and 20, with the
// precision).
TEST_F(AttractorDerivation, SolvesForTheNaturalParameterInClosedForm) {
  const Expr u = at("beta", {}) * (at("bias", {i}) + make_contract({j}, at("J", {i, j}) * at("sigma", {j})));
  const Expr b = at("sigma_natural", {i});
  const calculus::Rule& solved = rule("sample", "sigma_natural");
  EXPECT_EQ(solved.gradient, (b - u) * make_map(Function::langevin_derivative, {b}));
  ASSERT_EQ(solved.updates.size(), 1U);
  EXPECT_EQ(solved.updates[0].value, u);
}

// dJ_ij ~ (sigma_i - L(h_i)) sigma_j off the diagonal, h = J sigma before: prediction from the old state,
// activity of the new one.
TEST_F(AttractorDerivation, LearnsFromTheOldPredictionAndTheNewActivity) {
  const Expr h = make_contract({j}, at("J", {i, j}) * at("sigma_previous", {j}));
  const Expr off_diagonal = make_constant(context_, 1) - make_delta(context_, Subscript(i), Subscript(j));
  const calculus::Rule& learned = rule("train", "J");
  EXPECT_EQ(learned.gradient, (langevin(h) - at("sigma", {i})) * at("sigma", {j}) * off_diagonal);
  EXPECT_EQ(learned.modification, "presynaptic(sigma)");
  const auto& ledger = derivation_.elaboration.ledger;
  EXPECT_TRUE(std::any_of(ledger.begin(), ledger.end(), [](const auto& a) {
    return a.name == "not a gradient of F" && a.place == "kernel train, J";
  }));
}

// Every single mistake in a rule written by hand is refuted.
void expect_equal_and_mistakes_refuted(Expr derived, Expr by_hand) {
  EXPECT_EQ(equality::compare_rules(derived, by_hand).verdict, equality::Verdict::proven);
  std::size_t mistakes = 0;
  for (const equality::Mutation& m : equality::mutations(by_hand)) {
    if (!(m.expression->free == by_hand->free))
      continue;  // changes the axes: the language does not accept it
    EXPECT_EQ(equality::compare_rules(derived, m.expression).verdict, equality::Verdict::refuted)
        << m.mistake;
    ++mistakes;
  }
  EXPECT_GT(mistakes, 3U);
}

TEST_F(AttractorDerivation, RefutesEverySingleMistake) {
  const Expr u = at("beta", {}) * (at("bias", {i}) + make_contract({j}, at("J", {i, j}) * at("sigma", {j})));
  expect_equal_and_mistakes_refuted(rule("sample", "sigma_natural").updates[0].value, u);
  const Expr h = make_contract({j}, at("J", {i, j}) * at("sigma_previous", {j}));
  const Expr off_diagonal = make_constant(context_, 1) - make_delta(context_, Subscript(i), Subscript(j));
  expect_equal_and_mistakes_refuted(rule("train", "J").gradient,
                                    (langevin(h) - at("sigma", {i})) * at("sigma", {j}) * off_diagonal);
}

template <class T>
Environment<T> values(const Program& program) {
  Environment<T> out(Sizes{{{"unit", 4}}});
  const runtime::stream numbers(5, "values");
  std::uint64_t next = 0;
  for (const Tensor& t : program.context->tensors()) {
    if (t.role == Role::output) continue;
    std::vector<T> data(out.count(t));
    for (T& x : data) x = static_cast<T>(numbers.uniform(next++) - 0.5);
    if (t.name == "J") {
      for (std::size_t k = 0; k < 4; ++k) data[5 * k] = 0;
    }
    if (t.name == "alpha") data[0] = T(0.1);
    out.set(&t, data);
  }
  return out;
}

// Each F[i] by its own b_q[i], in extended precision.
TEST_F(AttractorDerivation, GradientOfEachElementAgreesWithDifferences) {
  const calculus::Rule& solved = rule("sample", "sigma_natural");
  Environment<long double> environment = values<long double>(program_);
  const Tensor* b = tensor("sigma_natural");
  const std::vector<long double> here = environment.get(b);
  const auto gradient = ir::evaluate(solved.gradient, environment);
  for (std::size_t k = 0; k < 4; ++k) {
    const auto difference = test::derivative_at_zero(
        [&](long double t) {
          std::vector<long double> moved = here;
          moved[k] += t;
          environment.set(b, moved);
          return ir::evaluate(solved.functional, environment).data[k];
        },
        0.02L);
    EXPECT_NEAR(gradient.data[k], difference.value, 1e-13L) << k;
    environment.set(b, here);
  }
  // At the solution the functional is the divergence of equals.
  environment.set(b, ir::evaluate(solved.updates[0].value, environment).data);
  for (const long double f : ir::evaluate(solved.functional, environment).data) EXPECT_NEAR(f, 0, 1e-18L);
}

TEST_F(AttractorDerivation, SurpriseAgreesWithDifferences) {
  // Where old and new state are equal, the modified rule is the gradient.
  const calculus::Rule& learned = rule("train", "J");
  Environment<long double> environment = values<long double>(program_);
  environment.set(tensor("sigma_previous"), environment.get(tensor("sigma")));
  const Tensor* J = tensor("J");
  const std::vector<long double> here = environment.get(J);
  const auto gradient = ir::evaluate(learned.gradient, {i, j}, environment);
  for (std::size_t k = 0; k < 16; ++k) {
    if (k % 5 == 0) {
      EXPECT_EQ(gradient.data[k], 0);
      continue;
    }
    const auto difference = test::derivative_at_zero(
        [&](long double t) {
          std::vector<long double> moved = here;
          moved[k] += t;
          environment.set(J, moved);
          return ir::evaluate_scalar(learned.functional, environment);
        },
        0.02L);
    EXPECT_NEAR(gradient.data[k], difference.value, 1e-13L) << k;
  }
}

// Schedule, loop nests and the rules written as loops, from the same draws; three steps from step 9 on.
TEST_F(AttractorDerivation, InterpretersAgreeWithLoops) {
  Environment<double> environment = values<double>(program_);
  const runtime::stream draws(3, "sigma");
  std::vector<double> sigma = environment.get(tensor("sigma")), J = environment.get(tensor("J"));
  const std::vector<double> bias = environment.get(tensor("bias"));
  const double beta = environment.get(tensor("beta"))[0], alpha = environment.get(tensor("alpha"))[0];

  const plan::Specialisation sizes{"four", {{"unit", 4}}, plan::Scalar::float64};
  const plan::Compilation compiled = plan::compile(program_, sizes);
  loop::Memory<double> memory(sizes);
  for (const Tensor& t : context_.tensors()) {
    if (environment.contains(&t)) memory[&t] = environment.get(&t);
  }

  for (std::uint64_t step = 9; step < 12; ++step) {
    environment.set_draw([&](std::string_view stream, const std::vector<std::int64_t>& element) {
      EXPECT_EQ(stream, "sigma");
      return draws.uniform(step * 4 + static_cast<std::uint64_t>(element[0]));
    });
    calculus::interpret(procedure("train").steps, environment);
    memory.set_draw([&](std::string_view, std::uint64_t number) { return draws.uniform(number); }, step);
    for (const auto& k : compiled.kernels) {
      if (k.name == "train") loop::interpret(k.operations, memory);
    }
    std::vector<double> next(4);
    const auto predict = [&](std::size_t r) {
      double h = 0;
      for (std::size_t c = 0; c < 4; ++c) h += J[4 * r + c] * sigma[c];
      return h;
    };
    std::vector<double> h(4);
    for (std::size_t r = 0; r < 4; ++r) {
      h[r] = predict(r);
      const double b = beta * (bias[r] + h[r]), u = draws.uniform(step * 4 + r);
      next[r] = std::log(std::exp(-b) + u * (std::exp(b) - std::exp(-b))) / b;
    }
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t c = 0; c < 4; ++c) {
        if (r != c) J[4 * r + c] += alpha * (next[r] - (1 / std::tanh(h[r]) - 1 / h[r])) * next[c];
      }
    }
    sigma = next;
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(environment.get(tensor("sigma"))[k], sigma[k], 1e-12);
      EXPECT_NEAR(memory[tensor("sigma")][k], sigma[k], 1e-12);
    }
    for (std::size_t k = 0; k < 16; ++k) {
      EXPECT_NEAR(environment.get(tensor("J"))[k], J[k], 1e-12);
      EXPECT_NEAR(memory[tensor("J")][k], J[k], 1e-12);
    }
  }
}

// ---- draws inside loops

// Passes of nested loops count steps, the innermost fastest; two draws in one kernel have streams of their
// own.
TEST(Draws, InLoopsCountTheirSteps) {
  program_scope scope;
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto b = input<"b">(unit);
  auto q = family(continuous_bernoulli(x));
  auto F = local_free_energy(conditionals<"free">(x <<= continuous_bernoulli(b)), q);
  const Program program =
      freefall::program{kernel<"run">(solve(F, q), repeat(3, repeat(2, draw(q)), draw(q)))}.ir();
  const plan::Specialisation sizes{"three", {{"unit", 3}}, plan::Scalar::float64};
  const plan::Compilation compiled = plan::compile(program, sizes);
  EXPECT_EQ(loop::steps(compiled.kernels[0].operations), 6U);
  loop::Memory<double> memory(sizes);
  memory[program.context->find_tensor("b")] = {0.5, -1, 2};
  std::vector<std::pair<std::string, std::uint64_t>> asked;
  memory.set_draw(
      [&](std::string_view stream, std::uint64_t number) {
        if (number % 3 == 0) asked.emplace_back(stream, number / 3);
        return 0.5;
      },
      10);
  loop::interpret(compiled.kernels[0].operations, memory);
  const std::vector<std::pair<std::string, std::uint64_t>> expected{{"x", 10}, {"x", 11}, {"x/2", 10},
                                                                    {"x", 12}, {"x", 13}, {"x/2", 11},
                                                                    {"x", 14}, {"x", 15}, {"x/2", 12}};
  EXPECT_EQ(asked, expected);
}

// ---- mean field

// F of a joint of independent units with couplings between two populations: the expectation puts means into
// products.
TEST(ContinuousBernoulliFamily, TakesExpectationsOfProductsOfDifferentElements) {
  program_scope scope;
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  auto W = parameter<"W">(unit, unit.prime());
  auto p = model<"pair">(x <<= continuous_bernoulli(W * prime(y)));
  auto F = free_energy(p, family(continuous_bernoulli(x)));
  const Program program =
      freefall::program{kernel<"energy">(F), kernel<"learn">(descend(F, W, rate(0.1)))}.ir();
  const calculus::Derivation derivation = calculus::derive(program);
  Context& context = *program.context;
  const Index i{context.axis("unit"), 0}, j{context.axis("unit"), 1};
  const auto at = [&](const char* name, std::vector<Index> indices) {
    return make_access(context, context.find_tensor(name),
                       std::vector<Subscript>(indices.begin(), indices.end()));
  };
  const Expr u = make_contract({j}, at("W", {i, j}) * at("y", {j}));
  EXPECT_EQ(derivation.rules.at(0).gradient, (langevin(u) - langevin(at("x_natural", {i}))) * at("y", {j}));
  const auto& ledger = derivation.elaboration.ledger;
  EXPECT_TRUE(std::any_of(ledger.begin(), ledger.end(),
                          [](const auto& a) { return a.name == "mean field" && a.place == "x"; }));
}

}  // namespace
}  // namespace freefall
