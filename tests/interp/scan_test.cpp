// Scans: rules of one element after the other, in four orders. Both interpreters against loops by hand.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/plan/pipeline.hpp"
#include "freefall/runtime/random.hpp"
#include "models/reference/continuous_bernoulli.hpp"

namespace freefall {
namespace {

using namespace ir;

constexpr std::size_t kUnits = 5, kCopies = 2;
constexpr Order kOrders[] = {Order::forwards, Order::backwards, Order::random, Order::shuffled};

double uniform(std::string_view stream, std::uint64_t number) {
  return runtime::stream(3, stream).uniform(number);
}

std::vector<std::size_t> by_hand(Order order, std::uint64_t step, const std::string& stream = "unit/order") {
  std::vector<std::size_t> out(kUnits);
  std::iota(out.begin(), out.end(), 0);
  if (order == Order::backwards) std::reverse(out.begin(), out.end());
  for (std::size_t k = 0; k < kUnits; ++k) {
    const double u = uniform(stream, step * kUnits + k);
    if (order == Order::random) out[k] = static_cast<std::size_t>(kUnits * u);
    if (order == Order::shuffled) std::swap(out[k], out[static_cast<std::size_t>(double(k + 1) * u)]);
  }
  return out;
}

// Values over [copy, unit] or [unit, unit].
using Array = std::vector<double>;

struct Found {
  Array from_schedule, from_loops;
};

// Runs the only kernel by both interpreters from the same values and draws, and returns one array.
Found run(Program& program, Block body, const std::map<std::string, Array>& values, const Tensor* wanted) {
  program.kernels = {{"kernel", std::move(body), {}}};
  plan::Specialisation sizes{"scan", {{"copy", kCopies}, {"unit", kUnits}}, plan::Scalar::float64};
  const plan::Compilation c = plan::compile(program, sizes);
  Environment<double> environment{Sizes{sizes.extents}};
  loop::Memory<double> memory(sizes);
  for (const Tensor& t : program.context->tensors()) {
    const auto given = values.find(t.name);
    if (t.role == Role::temporary || (given == values.end() && t.role != Role::state)) continue;
    const Array at = given == values.end() ? Array(environment.count(t), 0) : given->second;
    environment.set(&t, at);
    memory[&t] = at;
  }
  environment.set_draw([&](std::string_view stream, const std::vector<std::int64_t>& at) {
    std::uint64_t element = 0, size = 1;
    for (std::size_t p = 0; p < at.size(); ++p) {
      const std::uint64_t extent = p + 1 == at.size() ? kUnits : kCopies;
      element = element * extent + static_cast<std::uint64_t>(at[p]);
      size *= extent;
    }
    return uniform(stream, environment.step() * size + element);
  });
  memory.set_draw(uniform);
  calculus::interpret(c.derivation.procedures[0].steps, environment);
  loop::interpret(c.kernels[0].operations, memory);
  return {environment.get(wanted), memory[wanted]};
}

void expect_near(const Found& found, const Array& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(found.from_schedule.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found.from_schedule[i], expected[i], tolerance) << what << ", element " << i;
    EXPECT_NEAR(found.from_loops[i], expected[i], tolerance) << what << ", element " << i << " of the loops";
  }
}

// x ~ N(m, P^-1) in two copies: dF/dx = P (x - m), and Gauss-Seidel on P x = P m.
struct Linear {
  Linear() {
    Context& c = *program.context;
    const Axis *copy = c.axis("copy", true), *unit = c.axis("unit");
    x = c.tensor("x", {copy, unit}, Role::variable);
    const Tensor* m = c.tensor("m", {unit}, Role::input);
    const Tensor* P = c.tensor("P", {unit, unit}, Role::parameter);
    program.models.push_back(
        {"linear", {{x, "normal", {{"mean", element(c, m)}, {"precision", element(c, P)}}, {}}}});
    program.families.push_back({{{x, "delta", {}}}});
    functional = program.free_energy(0, 0);
    values["x"] = {0.3, -1.2, 0.8, 2.0, -0.4, 1.1, 0.2, -0.6, -1.7, 0.9};
    values["m"] = {0.5, -0.3, 0.7, 0.1, -0.8};
    values["P"].resize(kUnits * kUnits);
    for (std::size_t i = 0; i < kUnits; ++i)
      for (std::size_t j = 0; j < kUnits; ++j)
        values["P"][i * kUnits + j] = i == j ? 2 + 0.1 * double(i) : 0.3 / double(1 + i + j);
  }

  Statement descend(const std::string& method, std::vector<NamedExpr> settings = {}) {
    return {Descend{functional, {x}, {method, std::move(settings)}}, {}};
  }
  NamedExpr setting(const char* name, double value) { return {name, make_constant(*program.context, value)}; }
  Statement scan(Order order, Block body) {
    return {Scan{program.context->find_axis("unit"), order, std::move(body)}, {}};
  }
  double slope(const Array& at, std::size_t copy, std::size_t i) const {
    double out = 0;
    for (std::size_t j = 0; j < kUnits; ++j)
      out += values.at("P")[i * kUnits + j] * (at[copy * kUnits + j] - values.at("m")[j]);
    return out;
  }
  double curvature(std::size_t i) const { return values.at("P")[i * kUnits + i]; }

  // The copies move together, element by element: `step` of the slope of one element.
  template <class Step>
  Array scanned(Order order, int passes, Step step, const std::string& stream = "unit/order") const {
    Array at = values.at("x");
    for (int pass = 0; pass < passes; ++pass) {
      for (const std::size_t i : by_hand(order, std::uint64_t(pass), stream))
        for (std::size_t copy = 0; copy < kCopies; ++copy)
          at[copy * kUnits + i] -= step(slope(at, copy, i), copy, i);
    }
    return at;
  }

  Program program;
  const Tensor* x;
  Expr functional;
  std::map<std::string, Array> values;
};

TEST(Scan, SolveIsGaussSeidel) {
  for (const Order order : kOrders) {
    Linear l;
    const Array expected =
        l.scanned(order, 3, [&](double slope, auto, auto i) { return slope / l.curvature(i); });
    const Block body = {l.scan(order, {{SolveFor{l.functional, {l.x}}, {}}})};
    expect_near(run(l.program, {{Repeat{3, body}, {}}}, l.values, l.x), expected, 1e-14, str(order));
  }
}

TEST(Scan, NewtonIsTheStepOfOneElement) {
  for (const Order order : kOrders) {
    Linear l;
    const Array expected =
        l.scanned(order, 2, [&](double slope, auto, auto i) { return 0.5 * slope / l.curvature(i); });
    const Block body = {l.scan(order, {l.descend("newton", {l.setting("rate", 0.5)})})};
    expect_near(run(l.program, {{Repeat{2, body}, {}}}, l.values, l.x), expected, 1e-14, str(order));
  }
}

TEST(Scan, DescentReadsTheElementsThatHaveMoved) {
  for (const Order order : kOrders) {
    Linear l;
    const Array expected = l.scanned(order, 4, [](double slope, auto, auto) { return 0.2 * slope; });
    const Block body = {l.scan(order, {l.descend("euler", {l.setting("rate", 0.2)})})};
    expect_near(run(l.program, {{Repeat{4, body}, {}}}, l.values, l.x), expected, 1e-14, str(order));
  }
}

// Adam corrects the bias of each element by the steps of that element, which are visits where they are drawn.
TEST(Scan, AdamCountsTheStepsOfEachElement) {
  for (const Order order : kOrders) {
    Linear l;
    Array mean(kCopies * kUnits, 0), square = mean, steps(kUnits, 0);
    const Array expected = l.scanned(order, 3, [&](double slope, std::size_t copy, std::size_t i) {
      const std::size_t at = copy * kUnits + i;
      if (copy == 0) ++steps[i];
      mean[at] = 0.9 * mean[at] + 0.1 * slope;
      square[at] = 0.99 * square[at] + 0.01 * slope * slope;
      return 0.05 * (mean[at] / (1 - std::pow(0.9, steps[i]))) /
             (std::sqrt(square[at] / (1 - std::pow(0.99, steps[i]))) + 1e-8);
    });
    const Block body = {
        l.scan(order, {l.descend("adam", {l.setting("rate", 0.05), l.setting("beta1", 0.9),
                                          l.setting("beta2", 0.99), l.setting("epsilon", 1e-8)})})};
    expect_near(run(l.program, {{Repeat{3, body}, {}}}, l.values, l.x), expected, 1e-13, str(order));
  }
}

// previous(x) is x before the scan began, not before the last visit.
TEST(Scan, IsOneChangeForPreviousValues) {
  for (const Order order : kOrders) {
    Linear l;
    const Tensor* before = l.program.previous(l.x)->tensor;
    const Block body = {l.scan(order, {{Repeat{2, {l.descend("euler", {l.setting("rate", 0.2)})}}, {}}})};
    expect_near(run(l.program, body, l.values, before), l.values.at("x"), 0, str(order));
  }
}

// Two scans of one kernel draw their orders from streams of their own.
TEST(Scan, EachStatementHasItsOwnOrder) {
  Linear l;
  const auto step = [](double slope, auto, auto) { return 0.2 * slope; };
  Block body = {l.scan(Order::shuffled, {l.descend("euler", {l.setting("rate", 0.2)})}),
                l.scan(Order::shuffled, {l.descend("euler", {l.setting("rate", 0.2)})})};
  Linear second = l;
  second.values["x"] = l.scanned(Order::shuffled, 1, step);
  const Array expected = second.scanned(Order::shuffled, 1, step, "unit/order/2");
  expect_near(run(l.program, body, l.values, l.x), expected, 1e-14, "two scans");
}

// One row of the matrix for each element: a scan of 64 elements costs what moving all at once costs and not
// 64 times that. The rest is the symmetric part of P, made row by row for each copy, and the draws of an
// order.
TEST(Scan, CostsAsMuchAsAllAtOnce) {
  const auto cost = [](Linear& l, Statement statement) {
    l.program.kernels = {{"kernel", {std::move(statement)}, {}}};
    const plan::Specialisation sizes{"scan", {{"copy", 8}, {"unit", 64}}, plan::Scalar::float64};
    const plan::Compilation c = plan::compile(l.program, sizes);
    return loop::cost(c.kernels[0].operations, c.sizes).operations;
  };
  Linear together;
  const double at_once = cost(together, together.descend("euler", {together.setting("rate", 0.2)}));
  EXPECT_GT(at_once, 2 * 8 * 64 * 64);
  for (const Order order : kOrders) {
    Linear l;
    const Statement body = l.descend("euler", {l.setting("rate", 0.2)});
    EXPECT_LT(cost(l, l.scan(order, {body})), 1.5 * at_once) << str(order);
  }
}

// x_i ~ CB(b_i + (J x)_i), J without symmetry; in two copies.
struct Bernoulli {
  Bernoulli() {
    Context& c = *program.context;
    const Axis *copy = c.axis("copy", true), *unit = c.axis("unit");
    x = c.tensor("x", {copy, unit}, Role::variable);
    const Tensor* b = c.tensor("b", {copy, unit}, Role::input);
    const Tensor* J = c.tensor("J", {unit, unit}, Role::parameter, true);
    const Index other{unit, 1};
    const Expr from = make_access(c, x, {Subscript(Index{copy, 0}), Subscript(other)});
    Model model{"units",
                {{x,
                  "continuous_bernoulli",
                  {{"natural", element(c, b) + make_contract({other}, element(c, J) * from)}},
                  {}}},
                false};
    program.models.push_back(model);
    program.families.push_back({{{x, "continuous_bernoulli", {}}}});
    functional = program.local_free_energy(0, 0);
    values["x"] = {0.3, -0.2, 0.8, 0.1, -0.4, 0.7, 0.2, -0.6, -0.7, 0.9};
    values["b"] = {0.5, -0.3, 0.7, 0.1, -0.8, -0.2, 0.3, 1.7, -0.1, 0.4};
    values["J"].resize(kUnits * kUnits);
    for (std::size_t i = 0; i < kUnits; ++i)
      for (std::size_t j = 0; j < kUnits; ++j)
        values["J"][i * kUnits + j] = i == j ? 0 : 1.5 / double(1 + i + 2 * j) - 0.3;
  }
  double natural(const Array& at, std::size_t copy, std::size_t i) const {
    double out = values.at("b")[copy * kUnits + i];
    for (std::size_t j = 0; j < kUnits; ++j) out += values.at("J")[i * kUnits + j] * at[copy * kUnits + j];
    return out;
  }

  Program program;
  const Tensor* x;
  Expr functional;
  std::map<std::string, Array> values;
};

// Visit k takes draw k of its pass; inside a loop in the scan, that of the pass of the loop.
TEST(Scan, DrawsBelongToVisits) {
  for (const Order order : kOrders) {
    for (const std::size_t inside : {1U, 2U}) {
      Bernoulli m;
      Array at = m.values["x"];
      for (std::uint64_t pass = 0; pass < 3; ++pass) {
        const auto order_of_pass = by_hand(order, pass);
        for (std::size_t k = 0; k < kUnits; ++k) {
          const std::size_t i = order_of_pass[k];
          for (std::size_t again = 0; again < inside; ++again) {
            Array drawn(kCopies);
            for (std::size_t copy = 0; copy < kCopies; ++copy) {
              const std::uint64_t number = (pass * inside + again) * kCopies * kUnits + copy * kUnits + k;
              const double u = uniform("x", number);
              drawn[copy] = by_hand::continuous_bernoulli::sample(m.natural(at, copy, i), u);
            }
            for (std::size_t copy = 0; copy < kCopies; ++copy) at[copy * kUnits + i] = drawn[copy];
          }
        }
      }
      Block rules = {{Solve{m.functional}, {}}, {Draw{0}, {}}};
      if (inside > 1) rules = {{Repeat{inside, rules}, {}}};
      const Block body = {{Repeat{3, {{Scan{m.program.context->find_axis("unit"), order, rules}, {}}}}, {}}};
      expect_near(run(m.program, body, m.values, m.x), at, 1e-13,
                  fmt::format("{}, {} inside", str(order), inside));
    }
  }
}

TEST(Scan, SettlingReadsTheElementsThatHaveMoved) {
  for (const Order order : kOrders) {
    Bernoulli m;
    Array at = m.values["x"];
    for (const std::size_t i : by_hand(order, 0))
      for (std::size_t copy = 0; copy < kCopies; ++copy)
        at[copy * kUnits + i] = by_hand::continuous_bernoulli::mean(m.natural(at, copy, i));
    const Block body = {
        {Scan{m.program.context->find_axis("unit"), order, {{Solve{m.functional}, {}}, {Expect{0}, {}}}},
         {}}};
    expect_near(run(m.program, body, m.values, m.x), at, 1e-14, str(order));
  }
}

std::string refusal(Program& program, Statement statement) {
  program.kernels = {{"kernel", {std::move(statement)}, {}}};
  try {
    check_program(program);
  } catch (const ModelError& error) {
    return error.what();
  }
  return {};
}

TEST(Scan, RefusesWhatHasNoElements) {
  Linear l;
  const Axis* copy = l.program.context->find_axis("copy");
  EXPECT_EQ(refusal(l.program, {Scan{copy, Order::forwards, {l.descend("newton")}}, {}}),
            "kernel 'kernel' visits the copies of the plate 'copy' one after the other, but they are "
            "independent; leave out the scan, or scan an axis");
  EXPECT_EQ(refusal(l.program, l.scan(Order::random, {})),
            "kernel 'kernel': the loop over the elements of 'unit' has no statements");
  EXPECT_EQ(
      refusal(l.program, l.scan(Order::forwards, {{Forward{0, 0}, {}}})),
      "kernel 'kernel': a loop over 'unit' takes rules of single elements (descend, solve, draw(q), "
      "forward(q)), advance, fire, record, and loops of these; put other statements before or after it");
  EXPECT_EQ(
      refusal(l.program, l.scan(Order::forwards, {l.scan(Order::forwards, {l.descend("newton")})})),
      "kernel 'kernel': a loop over 'unit' takes rules of single elements (descend, solve, draw(q), "
      "forward(q)), advance, fire, record, and loops of these; put other statements before or after it");
  const Axis* other = l.program.context->axis("other");
  EXPECT_EQ(refusal(l.program, {Scan{other, Order::forwards, {{SolveFor{l.functional, {l.x}}, {}}}}, {}}),
            "kernel 'kernel': 'x' moves in a loop over 'other', but has no axis 'other'; move it before or "
            "after the loop");
}

}  // namespace
}  // namespace freefall
