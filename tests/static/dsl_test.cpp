// Programs built through the language are those the untyped builder would hold: expressions are compared as
// nodes, which are unique, so equality is identity.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <freefall/dsl.hpp>

#include "network.hpp"

namespace freefall::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

axis<"pixel"> pixel;
axis<"hidden"> hidden;
axis<"label"> label;
axis<"unit"> unit;
plate<"batch"> batch;

/// Each test builds in a program of its own.
class Dsl : public ::testing::Test {
 protected:
  static ir::Context& context() { return detail::current_context(); }
  static ir::Index index(const char* name, int level = 0) { return {context().find_axis(name), level}; }
  static ir::Expr element(const char* name) { return ir::element(context(), context().find_tensor(name)); }
  static ir::Expr constant(const ir::Number& value) { return ir::make_constant(context(), value); }

 private:
  program_scope scope_;
};

template <class E>
using axes = typename detail::lifted<std::decay_t<E>>::axes;
template <class... Axes, class E>
constexpr bool has_axes(const E&) {
  return std::is_same_v<axes<E>, indices<Axes...>>;
}

std::vector<std::string> names(const std::vector<const ir::Tensor*>& tensors) {
  std::vector<std::string> out;
  for (const ir::Tensor* t : tensors) out.push_back(t->name);
  return out;
}
template <class Action>
const Action& action(const ir::Statement& statement) {
  return std::get<Action>(statement.action);
}

// ---- declarations
// -------------------------------------------------------------------------------------------------

using Declaration = Dsl;

TEST_F(Declaration, KeepsNameRoleAndOrderOfAxes) {
  auto W = parameter<"W">(label, hidden);
  EXPECT_EQ(W.tensor->name, "W");
  EXPECT_EQ(W.tensor->role, ir::Role::parameter);
  ASSERT_THAT(W.tensor->axes, SizeIs(2));
  EXPECT_EQ(W.tensor->axes[0]->name, "label");
  EXPECT_EQ(W.tensor->axes[1]->name, "hidden");
  EXPECT_TRUE((has_axes<axis<"hidden">, axis<"label">>(W)));  // a type does not depend on the order
  EXPECT_EQ(W.ir, element("W"));
}

TEST_F(Declaration, InputMayHaveNoAxes) {
  auto speed = input<"speed">();
  EXPECT_EQ(speed.tensor->role, ir::Role::input);
  EXPECT_THAT(speed.tensor->axes, IsEmpty());
}

TEST_F(Declaration, PlateIsAPlate) {
  auto h = variable<"h">(batch, hidden);
  EXPECT_TRUE(h.tensor->axes[0]->plate);
  EXPECT_FALSE(h.tensor->axes[1]->plate);
}

TEST_F(Declaration, PrimedAxisIsASecondIndexOnTheSameAxis) {
  auto J = parameter<"J">(unit, unit.prime());
  EXPECT_EQ(J.tensor->axes[0], J.tensor->axes[1]);
  EXPECT_EQ(J.ir, element("J"));
}

TEST_F(Declaration, IndexedFamiliesAppendThePosition) {
  auto W = parameter<"W">[12_c](hidden[12_c], hidden[0_c]);
  EXPECT_EQ(W.tensor->name, "W12");
  EXPECT_EQ(W.tensor->axes[0]->name, "hidden12");
  EXPECT_EQ(W.tensor->axes[1]->name, "hidden0");
}

// ---- expressions
// --------------------------------------------------------------------------------------------------

using Expression = Dsl;

TEST_F(Expression, MistakesAreNotReportedTwice) {
  // A handle of a mistaken declaration fits everywhere; here only the type is looked at, nothing is
  // instantiated.
  using twice = symbol<ir::Role::parameter, "J", axis<"unit">, axis<"unit">>;
  EXPECT_TRUE((detail::contains<detail::mistaken, detail::element_reads<twice>>));
  using square_coupling = symbol<ir::Role::parameter, "J", axis<"unit">, primed<"unit">>;
  EXPECT_FALSE((detail::contains<detail::mistaken, detail::element_reads<square_coupling>>));
}

TEST_F(Expression, ProductSumsOverTheSharedAxisAndKeepsThePlate) {
  auto W = parameter<"W">(hidden, pixel);
  auto x = variable<"x">(batch, pixel);
  auto e = W * x;
  EXPECT_TRUE((has_axes<plate<"batch">, axis<"hidden">>(e)));
  EXPECT_EQ(e.ir, ir::make_contract({index("pixel")}, element("W") * element("x")));
  EXPECT_EQ((x * W).ir, e.ir);
}

TEST_F(Expression, ProductOfMatricesSumsOverTheSharedAxis) {
  auto V = parameter<"V">(label, hidden);
  auto W = parameter<"W">(hidden, pixel);
  auto e = V * W;
  EXPECT_TRUE((has_axes<axis<"label">, axis<"pixel">>(e)));
  EXPECT_EQ(e.ir, ir::make_contract({index("hidden")}, element("V") * element("W")));
}

TEST_F(Expression, ProductWithAScalarOfEachCopyScales) {
  auto gain = input<"gain">(batch);
  auto h = variable<"h">(batch, hidden);
  auto e = gain * h;
  EXPECT_TRUE((has_axes<plate<"batch">, axis<"hidden">>(e)));
  EXPECT_EQ(e.ir, element("gain") * element("h"));
}

TEST_F(Expression, SumsBroadcastByName) {
  auto h = variable<"h">(batch, hidden);
  auto b = parameter<"b">(hidden);
  EXPECT_EQ((h + b).ir, element("h") + element("b"));
  EXPECT_EQ((h - b).ir, element("h") - element("b"));
  EXPECT_EQ((b / h).ir, element("b") / element("h"));
  EXPECT_TRUE((has_axes<plate<"batch">, axis<"hidden">>(b / h)));
  EXPECT_EQ((-b).ir, -element("b"));
}

TEST_F(Expression, IntegersAreExactAndDoublesAreAsWritten) {
  auto h = variable<"h">(hidden);
  EXPECT_EQ((h / 2).ir, ir::Number::ratio(1, 2) * element("h"));
  EXPECT_EQ((1 - h).ir, -element("h") + ir::Number(1));
  EXPECT_EQ((0.1 * h).ir, ir::Number(0.1) * element("h"));
}

TEST_F(Expression, HadamardMultipliesElements) {
  auto h = variable<"h">(batch, hidden);
  auto g = parameter<"g">(hidden);
  auto x = variable<"x">(pixel);
  EXPECT_EQ(hadamard(g, h).ir, element("g") * element("h"));
  EXPECT_TRUE((has_axes<axis<"hidden">, axis<"pixel">>(hadamard(g, x))));
}

TEST_F(Expression, DotSumsOverAllSharedAxesButPlates) {
  auto h = variable<"h">(batch, hidden);
  auto e = dot(h, h);
  EXPECT_TRUE((has_axes<plate<"batch">>(e)));
  EXPECT_EQ(e.ir, ir::make_contract({index("hidden")}, ir::power(element("h"), 2)));
}

TEST_F(Expression, DotOverAnAxisSumsOverThatOne) {
  auto V = parameter<"V">(hidden, pixel);
  auto W = parameter<"W">(hidden, pixel);
  auto e = dot(V, W, pixel);
  EXPECT_TRUE((has_axes<axis<"hidden">>(e)));
  EXPECT_EQ(e.ir, ir::make_contract({index("pixel")}, element("V") * element("W")));
}

TEST_F(Expression, SumMayGoOverPlates) {
  auto h = variable<"h">(batch, hidden);
  EXPECT_EQ(sum(h, batch, hidden).ir, ir::make_contract({index("batch"), index("hidden")}, element("h")));
  EXPECT_TRUE((has_axes<plate<"batch">>(sum(h, hidden))));
}

TEST_F(Expression, PrimeExchangesTheIndicesOfAnAxis) {
  auto J = parameter<"J">(unit, unit.prime());
  auto x = variable<"x">(batch, unit);
  auto e = J * prime(x);
  EXPECT_TRUE((has_axes<plate<"batch">, axis<"unit">>(e)));
  const ir::Expr other = ir::substitute(element("x"), {{index("unit"), ir::Subscript(index("unit", 1))}});
  EXPECT_EQ(e.ir, ir::make_contract({index("unit", 1)}, element("J") * other));
  EXPECT_EQ(prime(prime(J)).ir, J.ir);
  EXPECT_EQ((prime(J) * prime(x)).ir,
            ir::substitute((J * x).ir, {{index("unit", 1), ir::Subscript(index("unit"))}}));
}

TEST_F(Expression, CountIsTheExtent) {
  EXPECT_EQ(count(batch).ir, ir::make_extent(context(), context().axis("batch", true)));
}

TEST_F(Expression, FunctionsAreThoseOfTheTable) {
  auto h = variable<"h">(hidden);
  const auto mapped = [&](ir::Function f) { return ir::make_map(f, {element("h")}); };
  EXPECT_EQ(exp(h).ir, mapped(ir::Function::exp));
  EXPECT_EQ(log(h).ir, mapped(ir::Function::log));
  EXPECT_EQ(tanh(h).ir, mapped(ir::Function::tanh));
  EXPECT_EQ(sigmoid(h).ir, mapped(ir::Function::sigmoid));
  EXPECT_EQ(softplus(h).ir, mapped(ir::Function::softplus));
  EXPECT_EQ(relu(h).ir, mapped(ir::Function::relu));
  EXPECT_EQ(gelu(h).ir, mapped(ir::Function::gelu));
  EXPECT_EQ(silu(h).ir, mapped(ir::Function::silu));
  EXPECT_EQ(sqrt(h).ir, mapped(ir::Function::sqrt));
  EXPECT_EQ(sin(h).ir, mapped(ir::Function::sin));
  EXPECT_EQ(cos(h).ir, mapped(ir::Function::cos));
  EXPECT_EQ(abs(h).ir, mapped(ir::Function::abs));
  EXPECT_EQ(square(h).ir, ir::power(element("h"), 2));
  EXPECT_EQ(power(h, -1).ir, ir::power(element("h"), -1));
  EXPECT_EQ(pow(h, 1.5).ir, ir::make_map(ir::Function::pow, {element("h"), constant(1.5)}));
  EXPECT_EQ(pi().ir, ir::make_pi(context()));
}

// ---- models
// -------------------------------------------------------------------------------------------------------

using Model = Dsl;

TEST_F(Model, HoldsAFactorForEachVariableInOrder) {
  auto image = variable<"image">(batch, pixel);
  auto h = variable<"h">(batch, hidden);
  auto W = parameter<"W">(hidden, pixel);
  model<"pcn">(h <<= normal(W * image), image <<= normal(0));
  const unsigned line = __LINE__ - 1;
  const ir::Model& m = detail::current_program().models.at(0);
  EXPECT_EQ(m.name, "pcn");
  ASSERT_THAT(m.factors, SizeIs(2));
  EXPECT_EQ(m.factors[0].variable, h.tensor);
  EXPECT_EQ(m.factors[0].density, "normal");
  EXPECT_THAT(m.factors[0].arguments, ElementsAre(ir::NamedExpr{"mean", (W * image).ir}));
  EXPECT_EQ(m.factors[0].origin.factor, "h <<= normal");
  EXPECT_EQ(m.factors[0].origin.file, "dsl_test.cpp");
  EXPECT_EQ(m.factors[0].origin.line, line);
  EXPECT_EQ(m.factors[1].variable, image.tensor);
  EXPECT_THAT(m.factors[1].arguments, ElementsAre(ir::NamedExpr{"mean", constant(0)}));
}

TEST_F(Model, NodesRememberTheirFactor) {
  auto image = variable<"image">(batch, pixel);
  auto h = variable<"h">(batch, hidden);
  auto W = parameter<"W">(hidden, pixel);
  auto drive = W * image;
  EXPECT_EQ(drive.ir->origin.line, 0U);
  model<"pcn">(h <<= normal(drive));
  EXPECT_EQ(drive.ir->origin.factor, "h <<= normal");
  EXPECT_GT(drive.ir->origin.line, 0U);
}

TEST_F(Model, SpreadsAreNamedArguments) {
  auto x = variable<"x">(batch, unit);
  auto y = variable<"y">(batch, unit);
  auto z = variable<"z">(batch, unit);
  auto v = input<"v">(unit);
  auto P = input<"P">(unit, unit.prime());
  model<"field">(x <<= normal(0, precision(P)), y <<= normal(0.5, variance(exp(v))),
                 z <<= normal(x, covariance(P)));
  const auto& factors = detail::current_program().models.at(0).factors;
  EXPECT_THAT(factors[0].arguments,
              ElementsAre(ir::NamedExpr{"mean", constant(0)}, ir::NamedExpr{"precision", element("P")}));
  EXPECT_THAT(factors[1].arguments,
              ElementsAre(ir::NamedExpr{"mean", constant(0.5)},
                          ir::NamedExpr{"variance", ir::make_map(ir::Function::exp, {element("v")})}));
  EXPECT_THAT(factors[2].arguments,
              ElementsAre(ir::NamedExpr{"mean", element("x")}, ir::NamedExpr{"covariance", element("P")}));
}

TEST_F(Model, FamilyHoldsLatentVariables) {
  auto h = variable<"h">(batch, hidden);
  auto p = model<"prior">(h <<= normal(0));
  auto F = free_energy(p, family(delta(h)));
  const ir::Program& program = detail::current_program();
  ASSERT_THAT(program.families, SizeIs(1));
  ASSERT_THAT(program.families[0].members, SizeIs(1));
  EXPECT_EQ(program.families[0].members[0].variable, h.tensor);
  EXPECT_EQ(program.families[0].members[0].density, "delta");
  EXPECT_EQ(program.families[0].members[0].origin.factor, "delta(h)");
  ASSERT_THAT(program.functionals, SizeIs(1));
  EXPECT_EQ(F.ir, ir::element(context(), program.functionals[0].symbol));
}

// ---- schedules
// ----------------------------------------------------------------------------------------------------

using Schedule = Dsl;

TEST_F(Schedule, StatementsBecomeThoseOfTheProgram) {
  auto image = variable<"image">(batch, pixel);
  auto h = variable<"h">(batch, hidden);
  auto y = variable<"y">(batch, label);
  auto W = parameter<"W">(hidden, pixel);
  auto V = parameter<"V">(label, hidden);
  auto p = model<"net">(h <<= normal(W * image), y <<= normal(V * tanh(h)));
  auto F = free_energy(p, family(delta(h)));
  const ir::Expr mean = (F / count(batch)).ir;
  const program whole{kernel<"infer">(forward(p), repeat(20, descend(F, h, rate(0.1))), predict(y)),
                      kernel<"settle">(until(tolerance(1e-6), at_most(1000), descend(F, h, rate(0.1)))),
                      kernel<"energy">(F / count(batch))};
  const ir::Program& out = whole.ir();
  ASSERT_THAT(out.kernels, SizeIs(3));

  const ir::Kernel& infer = out.kernels[0];
  EXPECT_EQ(infer.name, "infer");
  ASSERT_THAT(infer.body, SizeIs(3));
  EXPECT_EQ(action<ir::Forward>(infer.body[0]).model, 0U);
  EXPECT_EQ(action<ir::Forward>(infer.body[0]).family, 0U);
  const auto& loop = action<ir::Repeat>(infer.body[1]);
  EXPECT_EQ(loop.count, 20U);
  ASSERT_THAT(loop.body, SizeIs(1));
  const auto& step = action<ir::Descend>(loop.body[0]);
  EXPECT_EQ(step.functional, F.ir);
  EXPECT_THAT(names(step.targets), ElementsAre("h"));
  EXPECT_EQ(step.descent.method, "euler");
  EXPECT_EQ(loop.body[0].origin.factor, "descend h");
  EXPECT_EQ(infer.body[1].origin.factor, "repeat(20)");
  EXPECT_THAT(names(action<ir::Predict>(infer.body[2]).variables), ElementsAre("y"));

  const auto& until_small = action<ir::Until>(out.kernels[1].body.at(0));
  EXPECT_EQ(until_small.tolerance, 1e-6);
  EXPECT_EQ(until_small.at_most, 1000U);
  EXPECT_THAT(until_small.body, SizeIs(1));

  const auto& energy = action<ir::Evaluate>(out.kernels[2].body.at(0));
  EXPECT_EQ(energy.result->name, "energy");
  EXPECT_EQ(energy.result->role, ir::Role::output);
  EXPECT_THAT(energy.result->axes, IsEmpty());
  EXPECT_EQ(energy.value, mean);
}

TEST_F(Schedule, SettingsAreNumbersOrScalarExpressions) {
  auto speed = input<"speed">();
  const auto settings = [](const detail::method& m) { return m.ir.settings; };
  EXPECT_THAT(settings(rate(0.1)), ElementsAre(ir::NamedExpr{"rate", constant(0.1)}));
  EXPECT_THAT(settings(sgd(speed / 2)), ElementsAre(ir::NamedExpr{"rate", (speed / 2).ir}));
  EXPECT_THAT(settings(momentum(speed)),
              ElementsAre(ir::NamedExpr{"rate", element("speed")}, ir::NamedExpr{"momentum", constant(0.9)}));
  EXPECT_THAT(settings(adam(1e-3, 0.9, 0.99)),
              ElementsAre(ir::NamedExpr{"rate", constant(1e-3)}, ir::NamedExpr{"beta1", constant(0.9)},
                          ir::NamedExpr{"beta2", constant(0.99)}, ir::NamedExpr{"epsilon", constant(1e-8)}));
  EXPECT_EQ(sgd(1).ir.method, "sgd");
  EXPECT_EQ(momentum(1).ir.method, "momentum");
  EXPECT_EQ(adam(1).ir.method, "adam");
}

TEST_F(Schedule, AnyScalarExpressionIsDescended) {
  auto h = variable<"h">(batch, hidden);
  auto E = sum(square(h), batch, hidden) / 2;
  auto s = descend(E, h, rate(0.1));
  EXPECT_EQ(action<ir::Descend>(s.ir).functional, E.ir);
}

TEST_F(Schedule, ResultsHavePlatesFirst) {
  auto a = variable<"a">(axis<"alpha">{}, batch);
  auto s = evaluate<"activity">(tanh(a));
  const ir::Tensor* result = action<ir::Evaluate>(s.ir).result;
  ASSERT_THAT(result->axes, SizeIs(2));
  EXPECT_EQ(result->axes[0]->name, "batch");
  EXPECT_EQ(result->axes[1]->name, "alpha");
}

TEST_F(Schedule, ForwardNeedsOneFamily) {
  auto h = variable<"h">(batch, hidden);
  auto y = variable<"y">(batch, hidden);
  auto p = model<"net">(h <<= normal(0), y <<= normal(h));
  auto q = family(delta(h));
  EXPECT_EQ(action<ir::Forward>(forward(p).ir).family, 0U);
  auto both = family(delta(h), delta(y));
  EXPECT_EQ(action<ir::Forward>(forward(p, both).ir).family, 1U);
  free_energy(p, q);
  EXPECT_EQ(action<ir::Forward>(forward(p).ir).family, 0U);
}

TEST_F(Schedule, PredictNamesTheModelWhereSeveralDraw) {
  auto y = variable<"y">(batch, label);
  model<"first">(y <<= normal(0));
  auto second = model<"second">(y <<= normal(1));
  EXPECT_EQ(action<ir::Predict>(predict(second, y).ir).model, 1U);
}

TEST_F(Schedule, ProgramTakesEverythingDeclaredAndLeavesNothing) {
  auto h = variable<"h">(batch, hidden);
  auto p = model<"prior">(h <<= normal(0));
  auto F = free_energy(p, family(delta(h)));
  const ir::Program out = program{kernel<"energy">(F)}.ir();
  EXPECT_EQ(out.name(), "prior");
  EXPECT_NE(out.context->find_tensor("h"), nullptr);
  EXPECT_EQ(context().find_tensor("h"), nullptr);
  EXPECT_THAT(detail::current_program().models, IsEmpty());
}

TEST_F(Schedule, ScopesDoNotSeeEachOther) {
  auto outer = variable<"h">(batch, hidden);
  {
    const program_scope inside;
    EXPECT_EQ(context().find_tensor("h"), nullptr);
    variable<"h">(batch);
  }
  EXPECT_EQ(context().find_tensor("h"), outer.tensor);
}

// ---- scans
// --------------------------------------------------------------------------------------------------------

TEST(Scans, VisitTheirAxisInTheOrderTheyName) {
  const program_scope scope;
  auto x = variable<"x">(unit);
  auto A = parameter<"A">(unit, unit.prime());
  auto p = model<"linear">(x <<= normal(0.0, precision(A)));
  auto F = free_energy(p, family(delta(x)));
  const auto solved = solve(F, x);
  const ir::Program out = program{kernel<"sweep">(scan(unit, solved), scan_backwards(unit, solved),
                                                  scan_at_random(unit, solved), scan_shuffled(unit, solved))}
                              .ir();
  const ir::Order expected[] = {ir::Order::forwards, ir::Order::backwards, ir::Order::random,
                                ir::Order::shuffled};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& scan = action<ir::Scan>(out.kernels.at(0).body.at(i));
    EXPECT_EQ(scan.axis->name, "unit");
    EXPECT_EQ(scan.order, expected[i]);
    EXPECT_THAT(names(action<ir::SolveFor>(scan.body.at(0)).targets), ElementsAre("x"));
  }
}

// ---- depth
// --------------------------------------------------------------------------------------------------------

const auto activation = [](const auto& e) { return tanh(e); };

std::vector<std::string> drawn(const ir::Program& program) {
  std::vector<std::string> out;
  for (const ir::Factor& f : program.models.at(0).factors) out.push_back(f.variable->name);
  return out;
}

TEST(Layers, FoldANetworkOfDepthTwo) {
  const program_scope scope;
  const ir::Program out = network<2, true>(activation).ir();
  EXPECT_THAT(drawn(out), ElementsAre("h1", "digit"));
  EXPECT_THAT(out.families.at(0).members, SizeIs(1));
  const auto& learn = action<ir::Descend>(out.kernels.at(2).body.at(0));
  EXPECT_THAT(names(learn.targets), ElementsAre("W1", "W2", "b1", "b2"));
}

TEST(Layers, FoldANetworkOfDepthFour) {
  const program_scope scope;
  const ir::Program out = network<4, true>(activation).ir();
  EXPECT_THAT(drawn(out), ElementsAre("h1", "h2", "h3", "digit"));
  EXPECT_THAT(out.families.at(0).members, SizeIs(3));
  const auto& infer = action<ir::Until>(out.kernels.at(1).body.at(1));
  EXPECT_THAT(names(action<ir::Descend>(infer.body.at(0)).targets), ElementsAre("h1", "h2", "h3"));

  // h3 <<= normal(W3 tanh(h2) + b3), by hand.
  ir::Context& c = *out.context;
  const auto element = [&](const char* name) { return ir::element(c, c.find_tensor(name)); };
  const ir::Expr expected =
      ir::make_contract({{c.find_axis("hidden2"), 0}},
                        element("W3") * ir::make_map(ir::Function::tanh, {element("h2")})) +
      element("b3");
  EXPECT_EQ(out.models.at(0).factors.at(2).arguments.at(0).second, expected);
  EXPECT_EQ(c.find_tensor("W4")->axes.at(0)->name, "label");
  EXPECT_EQ(c.find_tensor("W1")->axes.at(1)->name, "pixel");
}

TEST(Layers, LeaveOutBiasesAndChangeTheActivation) {
  const program_scope scope;
  const ir::Program out = network<3, false>([](const auto& e) { return relu(e); }).ir();
  EXPECT_EQ(out.context->find_tensor("b1"), nullptr);
  const auto& learn = action<ir::Descend>(out.kernels.at(2).body.at(0));
  EXPECT_THAT(names(learn.targets), ElementsAre("W1", "W2", "W3"));
}

TEST(Layers, JoinNumbersFromZero) {
  const auto joined = join(pixel, layers<1, 2>([](auto l) { return hidden[l]; }), label);
  EXPECT_EQ(joined.last, 3);
  EXPECT_EQ(joined[0_c].text, "pixel");
  EXPECT_EQ(joined[2_c].text, "hidden2");
  EXPECT_EQ(joined[3_c].text, "label");
}

}  // namespace
}  // namespace freefall::test
