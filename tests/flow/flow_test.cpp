// What the derived rules do to the free energy over time: it falls, inference stops where its gradient
// vanishes, and a linear model reaches the closed form of its minimum.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "tests/static/network.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

const calculus::Steps& steps_of(const calculus::Derivation& d, const std::string& kernel) {
  for (const auto& p : d.procedures) {
    if (p.name == kernel) return p.steps;
  }
  throw std::invalid_argument("no kernel " + kernel);
}

// Every declared array over the copies in use: given values, zero for all others.
ir::Environment<long double> environment(const ir::Context& context, const plan::Specialisation& sizes,
                                         const Copies& copies, const Arrays<long double>& values) {
  ir::Sizes used{sizes.extents};
  for (const auto& [plate, count] : copies) used.extents[plate] = count;
  ir::Environment<long double> out(used);
  for (const ir::Tensor& t : context.tensors()) {
    std::vector<long double> packed;
    const auto given = values.find(t.name);
    for (const std::size_t at : used_elements(&t, sizes, copies))
      packed.push_back(given == values.end() ? 0.0L : given->second[at]);
    out.set(&t, packed);
  }
  return out;
}

// ---- descent ----

// The largest rise of F in one pass of inference, relative to |F|.
long double largest_rise(const RandomProgram& p, const calculus::Derivation& d, long double rate,
                         std::size_t passes) {
  auto at = environment(*p.program.context, p.sizes, p.copies, p.values);
  at.set(p.program.context->find_tensor("inference_rate"), {rate});
  const ir::Expr energy = d.elaboration.functionals[0].value;
  long double rise = 0, before = 0;
  for (const calculus::Step& step : steps_of(d, "infer")) {
    const auto* loop = std::get_if<calculus::Loop>(&step.action);
    if (loop == nullptr) {
      calculus::interpret({step}, at);
      continue;
    }
    before = ir::evaluate_scalar(energy, at);
    for (std::size_t pass = 0; pass < passes; ++pass) {
      calculus::interpret(loop->body, at);
      const long double after = ir::evaluate_scalar(energy, at);
      if (!(after <= before))
        rise = std::max(rise, std::isnan(after) ? HUGE_VALL : (after - before) / std::fabs(before));
      before = after;
    }
  }
  return rise;
}

// F is smooth, so a rate below 2 over its largest curvature makes every pass fall; it is found by halving.
// Rounding of F, a sum of some hundred terms in long double, is 1e-17 of it.
TEST(Inference, NeverRaisesTheFreeEnergyWithASmallEnoughStep) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const RandomProgram p = random_program({.seed = seed, .smooth = true});
    const auto derivation = calculus::derive(p.program);
    long double rate = 0.2L;
    while (rate > 1e-3L && largest_rise(p, derivation, rate, 30) > 1e-17L) rate /= 2;
    EXPECT_GT(rate, 1e-3L) << p.text;
  }
}

// ---- fixed points ----

struct Network {
  ir::Program program;
  plan::Specialisation sizes;
  Arrays<long double> values;

  Network(ir::Program model, std::uint64_t seed)
      : program(std::move(model)),
        sizes{"network", {{"batch", 3}, {"pixel", 5}, {"hidden1", 4}, {"hidden2", 3}, {"label", 2}}, {}} {
    std::mt19937_64 random(seed);
    for (const ir::Tensor& t : program.context->tensors()) {
      if (t.role != ir::Role::variable && t.role != ir::Role::parameter) continue;
      auto& v = values[t.name];
      for (std::size_t i = 0; i < sizes.size(&t); ++i)
        v.push_back(static_cast<long double>(random() % 2001) / 1000.0L - 1.0L);
    }
  }
};

// The schedule of `infer` with other bounds.
calculus::Steps inference(const calculus::Derivation& d, double tolerance, std::size_t at_most) {
  calculus::Steps out = steps_of(d, "infer");
  for (calculus::Step& s : out) {
    if (auto* loop = std::get_if<calculus::Loop>(&s.action)) {
      loop->tolerance = tolerance;
      loop->count = at_most;
    }
  }
  return out;
}

TEST(Until, StopsWhereTheGradientVanishes) {
  const Network n(network<3, true>([](auto a) { return freefall::tanh(a); }).ir(), 7);
  const auto d = calculus::derive(n.program);
  constexpr double kTolerance = 1e-6, kRate = 0.1;  // those of the model
  auto at = environment(*n.program.context, n.sizes, {}, n.values);
  calculus::interpret(steps_of(d, "infer"), at);
  for (const auto& rule : d.rules) {
    if (rule.kernel != "infer") continue;
    // The last pass moved every element by at most the tolerance, which is rate times the gradient before it;
    // a step of descent near a minimum makes the gradient no larger.
    for (const long double g : ir::evaluate(rule.gradient, at).data)
      EXPECT_LE(std::fabs(g), kTolerance / kRate) << rule.target->name;
  }
  // It was the tolerance that ended it, not the number of passes.
  auto longer = environment(*n.program.context, n.sizes, {}, n.values);
  calculus::interpret(inference(d, kTolerance, 100000), longer);
  const ir::Tensor* h = n.program.context->find_tensor("h1");
  EXPECT_EQ(longer.get(h), at.get(h));
}

TEST(Until, EndsAfterAtMostTheGivenPasses) {
  const Network n(network<3, true>([](auto a) { return freefall::tanh(a); }).ir(), 7);
  const auto d = calculus::derive(n.program);
  auto once = environment(*n.program.context, n.sizes, {}, n.values), never = once;
  calculus::interpret(inference(d, 0.0, 1), once);
  calculus::Steps forward = steps_of(d, "infer");
  const auto body = std::get<calculus::Loop>(forward.back().action).body;
  forward.pop_back();
  calculus::interpret(forward, never);
  calculus::interpret(body, never);
  const ir::Tensor* h = n.program.context->find_tensor("h2");
  EXPECT_EQ(once.get(h), never.get(h));
}

using Matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix(const Arrays<long double>& values, const std::string& name, Eigen::Index rows) {
  const auto& v = values.at(name);
  return Eigen::Map<const Matrix>(v.data(), rows, static_cast<Eigen::Index>(v.size()) / rows);
}

// F = 1/2 |h - W1 x|^2 + 1/2 |y - W2 h|^2 + constants has its minimum at (1 + W2' W2) h = W1 x + W2' y.
TEST(LinearModel, ConvergesToTheClosedForm) {
  const Network n(network<2, false>([](auto a) { return a; }).ir(), 11);
  Network small = n;
  small.sizes.extents.erase("hidden2");
  const auto d = calculus::derive(n.program);
  auto at = environment(*n.program.context, small.sizes, {}, n.values);
  calculus::interpret(inference(d, 1e-18, 5000), at);
  const Matrix x = matrix(n.values, "image", 3), y = matrix(n.values, "digit", 3),
               w1 = matrix(n.values, "W1", 4), w2 = matrix(n.values, "W2", 2);
  const Matrix system = Matrix::Identity(4, 4) + w2.transpose() * w2;
  const Matrix expected = system.ldlt().solve((x * w1.transpose() + y * w2).transpose()).transpose();
  const Matrix found = matrix({{"h1", at.get(n.program.context->find_tensor("h1"))}}, "h1", 3);
  EXPECT_LE((found - expected).cwiseAbs().maxCoeff(), 1e-15L * expected.cwiseAbs().maxCoeff());
}

}  // namespace
}  // namespace freefall::test
