// What the compiler derives for variables that are one of the indices of an axis: the same expressions as by
// hand, differences, the interpreters; and what it refuses.

#include <gtest/gtest.h>

#include <cmath>
#include <freefall/dsl.hpp>
#include <freefall/runtime/random.hpp>

#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/support/central_difference.hpp"

namespace freefall {
namespace {

using namespace ir;

Program chain() {
  axis<"place"> place;
  axis<"seen"> seen;
  auto before = one_of<"before">(place);
  auto s = one_of<"s">(place);
  auto o = one_of<"o">(seen);
  auto d = parameter<"d">(place);
  auto B = parameter<"B">(place, place.prime());
  auto A = parameter<"A">(seen, place);
  auto p = model<"chain">(before <<= categorical(d), s <<= categorical(B(before)), o <<= categorical(A(s)));
  auto q = family(categorical(before), categorical(s));
  auto F = free_energy(p, q);
  auto tick = model<"tick">(s <<= categorical(B(before)), o <<= categorical(A(s)));
  auto e = family(exact(s));
  auto G = free_energy(tick, e);
  return program{kernel<"smooth">(solve(F, q, before), solve(F, q, s)), kernel<"filter">(solve(G, e, s))}
      .ir();
}

class Categorical : public testing::Test {
 protected:
  program_scope scope_;
  const Program program_ = chain();
  Context& context_ = *program_.context;
  calculus::Derivation derivation_ = calculus::derive(program_);
  const Index i{context_.axis("place"), 0}, j{context_.axis("place"), 1}, k{context_.axis("seen"), 0};

  Expr at(const char* name, std::vector<Index> indices) const {
    return make_access(context_, context_.find_tensor(name),
                       std::vector<Subscript>(indices.begin(), indices.end()));
  }
  const calculus::Rule& rule(const char* kernel, const char* target) const {
    for (const auto& r : derivation_.rules) {
      if (r.kernel == kernel && r.target->name == target) return r;
    }
    throw std::out_of_range(target);
  }
  Expr log_likelihood() const {
    return make_contract({k}, at("o", {k}) * make_map(Function::log_probability, {at("A", {k, i})}));
  }
  Environment<long double> values() const {
    Environment<long double> out(Sizes{{{"place", 4}, {"seen", 3}}});
    const runtime::stream numbers(5, "values");
    std::uint64_t next = 0;
    for (const Tensor& t : context_.tensors()) {
      if (t.role == Role::output) continue;
      std::vector<long double> data(out.count(t));
      for (long double& x : data) x = 0.1L + static_cast<long double>(numbers.uniform(next++));
      out.set(&t, data);
    }
    return out;
  }
};

Expr log_p(Expr e) { return make_map(Function::log_probability, {e}); }
Expr softmax(Index i, Expr e) { return make_softmax(i, e, Subscript(i)); }

// s = softmax(ln A' o + (ln B) q(before)): the expected log of the transition.
TEST_F(Categorical, UnderMeanFieldTheExpectedLogIsAContractionOfTheLogTable) {
  const Expr expected = make_contract({j}, log_p(at("B", {i, j})) * at("before", {j}));
  const calculus::Rule& solved = rule("smooth", "s");
  EXPECT_EQ(solved.updates.at(0).value, softmax(i, log_likelihood() + expected));
  EXPECT_EQ(solved.gradient, log_p(at("s", {i})) + Number(1) - log_likelihood() - expected);
}

// before = softmax(ln d + (ln B)' q(s)): the message back.
TEST_F(Categorical, TheParentTakesTheTransposedMessage) {
  const Expr back = make_contract({j}, log_p(at("B", {j, i})) * at("s", {j}));
  EXPECT_EQ(rule("smooth", "before").updates.at(0).value, softmax(i, log_p(at("d", {i})) + back));
}

// s = softmax(ln A' o + ln(B before)): the log of the prediction.
TEST_F(Categorical, ExactIntegratesGivenParentsInsideTheLog) {
  const Expr prediction = make_contract({j}, at("B", {i, j}) * at("before", {j}));
  EXPECT_EQ(rule("filter", "s").updates.at(0).value, softmax(i, log_likelihood() + log_p(prediction)));
}

TEST_F(Categorical, GradientsAgreeWithDifferences) {
  for (const calculus::Rule& r : derivation_.rules) {
    Environment<long double> environment = values();
    const std::vector<long double> here = environment.get(r.target);
    const auto gradient = ir::evaluate(r.gradient, environment);
    for (std::size_t n = 0; n < here.size(); ++n) {
      const auto difference = test::derivative_at_zero(
          [&](long double t) {
            std::vector<long double> moved = here;
            moved[n] += t;
            environment.set(r.target, moved);
            return evaluate_scalar(r.functional, environment);
          },
          0.01L);
      EXPECT_NEAR(gradient.data[n], difference.value, 1e-12L)
          << r.kernel << ' ' << r.target->name << ' ' << n;
    }
  }
}

// No point of the simplex near the solution is lower: F is convex in one q.
TEST_F(Categorical, TheSolutionIsTheMinimumOnTheSimplex) {
  const calculus::Rule& r = rule("smooth", "s");
  Environment<long double> environment = values();
  const std::vector<long double> best = ir::evaluate(r.updates.at(0).value, environment).data;
  environment.set(r.target, best);
  const long double lowest = evaluate_scalar(r.functional, environment);
  EXPECT_NEAR(best[0] + best[1] + best[2] + best[3], 1, 1e-17L);
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) {
      if (from == to) continue;
      std::vector<long double> moved = best;
      moved[from] -= 0.1L * best[from];
      moved[to] += 0.1L * best[from];
      environment.set(r.target, moved);
      EXPECT_GT(evaluate_scalar(r.functional, environment), lowest);
    }
  }
}

TEST_F(Categorical, LoopsAgreeWithTheSchedule) {
  const plan::Specialisation sizes{"small", {{"place", 4}, {"seen", 3}}, plan::Scalar::float64};
  const plan::Compilation compiled = plan::compile(program_, sizes);
  Environment<long double> environment = values();
  loop::Memory<double> memory(sizes);
  for (const Tensor& t : context_.tensors()) {
    if (!environment.contains(&t)) continue;
    const auto& data = environment.get(&t);
    memory[&t] = std::vector<double>(data.begin(), data.end());
  }
  for (const auto& procedure : derivation_.procedures) calculus::interpret(procedure.steps, environment);
  for (const auto& kernel : compiled.kernels) loop::interpret(kernel.operations, memory);
  for (const char* name : {"before", "s"}) {
    const Tensor* t = context_.find_tensor(name);
    for (std::size_t n = 0; n < 4; ++n)
      EXPECT_NEAR(memory[t][n], static_cast<double>(environment.get(t)[n]), 1e-14) << name;
  }
}

}  // namespace
}  // namespace freefall
