// What the words of schedules mean, and what is refused: simultaneously, in_order, children_first, each_tick,
// hold.

#include <gtest/gtest.h>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"

namespace freefall {
namespace {

using namespace ir;
using Real = long double;

// a ~ N(x, 1), b ~ N(a^2, 1), y ~ N(a b, 1), all scalar, and h[t] ~ N(w h[t - 1], 1) over three ticks.
struct Programs {
  Programs() {
    Context& c = *program.context;
    x = c.tensor("x", {}, Role::input);
    a = c.tensor("a", {}, Role::variable);
    b = c.tensor("b", {}, Role::variable);
    y = c.tensor("y", {}, Role::variable);
    w = c.tensor("w", {}, Role::parameter);
    const Axis* t = c.axis("t");
    h = c.tensor("h", {t}, Role::variable);
    Subscript before(Index{t, 0});
    before.offset = -1;
    program.models.push_back(
        {"net",
         {{a, "normal", {{"mean", element(c, x)}}, {}},
          {b, "normal", {{"mean", power(element(c, a), 2)}}, {}},
          {y, "normal", {{"mean", element(c, a) * element(c, b)}}, {}},
          {h, "normal", {{"mean", element(c, w) * make_access(c, h, {before}) + Number(1)}}, {}}}});
    program.families.push_back({{{a, "delta", {}}, {b, "delta", {}}, {h, "delta", {}}}});
    functional = program.free_energy(0, 0);
  }

  Statement descend(std::vector<const Tensor*> targets) {
    return {
        Descend{functional, std::move(targets), {"euler", {{"rate", make_constant(*program.context, 0.1)}}}},
        {}};
  }
  Environment<Real> run(Block body) {
    program.kernels = {{"kernel", std::move(body), {}}};
    const calculus::Derivation derivation = calculus::derive(program);
    Environment<Real> out{Sizes{{{"t", 3}}}};
    out.set(x, {0.7L});
    out.set(a, {0.9L});
    out.set(b, {-0.4L});
    out.set(y, {1.1L});
    out.set(w, {0.5L});
    out.set(h, {1, 2, 4});
    calculus::interpret(derivation.procedures[0].steps, out);
    return out;
  }
  std::string refusal(Block body) {
    program.kernels = {{"kernel", std::move(body), {}}};
    try {
      check_program(program);
    } catch (const ModelError& error) {
      return error.what();
    }
    return {};
  }
  // dF/da and dF/db, by hand.
  static Real by_a(Real at_a, Real at_b) {
    return at_a - 0.7L - 2 * at_a * (at_b - at_a * at_a) - at_b * (1.1L - at_a * at_b);
  }
  static Real by_b(Real at_a, Real at_b) { return at_b - at_a * at_a - at_a * (1.1L - at_a * at_b); }

  Program program;
  const Tensor *x, *a, *b, *y, *w, *h;
  Expr functional;
};

constexpr Real kExact = 1e-17L;

TEST(Schedule, SimultaneouslyTakesAllGradientsAtTheSameState) {
  Programs p;
  const auto found = p.run({{Simultaneously{{p.descend({p.b}), p.descend({p.a})}}, {}}});
  EXPECT_NEAR(found.get(p.a)[0], 0.9L - 0.1L * Programs::by_a(0.9L, -0.4L), 1e-16L);
  EXPECT_NEAR(found.get(p.b)[0], -0.4L - 0.1L * Programs::by_b(0.9L, -0.4L), 1e-16L);
}

TEST(Schedule, InOrderMovesTargetByTargetAsWritten) {
  Programs p;
  const auto found = p.run({{InOrder{{p.descend({p.a, p.b})}}, {}}});
  const Real a = 0.9L - 0.1L * Programs::by_a(0.9L, -0.4L);
  EXPECT_NEAR(found.get(p.a)[0], a, 1e-16L);
  EXPECT_NEAR(found.get(p.b)[0], -0.4L - 0.1L * Programs::by_b(a, -0.4L), 1e-16L);
}

TEST(Schedule, ChildrenFirstMovesInReverseOrderOfDependence) {
  Programs p;
  const auto found = p.run({{InOrder{{p.descend({p.a, p.b})}, true}, {}}});
  const Real b = -0.4L - 0.1L * Programs::by_b(0.9L, -0.4L);
  EXPECT_NEAR(found.get(p.b)[0], b, 1e-16L);
  EXPECT_NEAR(found.get(p.a)[0], 0.9L - 0.1L * Programs::by_a(0.9L, b), 1e-16L);
}

// h = 1, 1.5, 1.75: each tick from the one before, zero before the first.
TEST(Schedule, ForwardGoesTickByTick) {
  Programs p;
  const auto found = p.run({{Forward{0, 0}, {}}});
  EXPECT_NEAR(found.get(p.h)[0], 1, kExact);
  EXPECT_NEAR(found.get(p.h)[1], 1.5L, kExact);
  EXPECT_NEAR(found.get(p.h)[2], 1.75L, kExact);
}

// dF/dh[t] = e[t] - w e[t + 1], e[t] = h[t] - w h[t - 1] - 1, each tick with the new values of those before
// it.
TEST(Schedule, EachTickMovesItsOwnElement) {
  for (const bool backwards : {false, true}) {
    Programs p;
    const auto found = p.run({{Scan{p.program.context->find_axis("t"),
                                    backwards ? Order::backwards : Order::forwards,
                                    {{Repeat{2, {p.descend({p.h})}}, {}}}},
                               {}}});
    std::vector<Real> h{1, 2, 4};
    const auto error = [&](std::size_t t) { return t > 2 ? 0 : h[t] - (t > 0 ? 0.5L * h[t - 1] : 0) - 1; };
    for (std::size_t n = 0; n < 3; ++n) {
      const std::size_t t = backwards ? 2 - n : n;
      for (int pass = 0; pass < 2; ++pass) h[t] -= 0.1L * (error(t) - 0.5L * error(t + 1));
    }
    for (std::size_t t = 0; t < 3; ++t) EXPECT_NEAR(found.get(p.h)[t], h[t], 1e-16L) << t;
  }
}

// Held at a = 0.9, b = -0.4: errors keep their own variable live, the rest stands still.
TEST(Schedule, HoldFreezesPredictionsAndTheirDerivativesButNotTheVariable) {
  Programs p;
  const auto found = p.run({{Hold{0}, {}}, {Repeat{3, {p.descend({p.a})}}, {}}});
  Real a = 0.9L;
  const Real from_children = 2 * 0.9L * (-0.4L - 0.81L) - 0.4L * (1.1L + 0.36L);
  for (int pass = 0; pass < 3; ++pass) a -= 0.1L * (a - 0.7L - from_children);
  EXPECT_NEAR(found.get(p.a)[0], a, 1e-16L);
}

TEST(Schedule, HoldEndsWithItsBlock) {
  Programs p;
  const auto held = p.run({{Repeat{1, {{Hold{0}, {}}}}, {}}, {Repeat{2, {p.descend({p.a})}}, {}}});
  const auto strict = p.run({{Repeat{2, {p.descend({p.a})}}, {}}});
  EXPECT_EQ(held.get(p.a), strict.get(p.a));
}

TEST(Schedule, RefusesWhatCannotBeOrdered) {
  Programs p;
  const Axis* t = p.program.context->find_axis("t");
  EXPECT_EQ(p.refusal({{Scan{t, Order::backwards, {p.descend({p.a})}}, {}}}),
            "kernel 'kernel': 'a' moves in a loop over 't', but has no axis 't'; move it before or after the "
            "loop");
  EXPECT_EQ(
      p.refusal({{Scan{t, Order::backwards, {{Forward{0, 0}, {}}}}, {}}}),
      "kernel 'kernel': a loop over 't' takes rules of single elements (descend, solve, draw(q), "
      "forward(q)), advance, fire, record, and loops of these; put other statements before or after it");
  EXPECT_EQ(p.refusal({{InOrder{{{Forward{0, 0}, {}}}, true}, {}}}),
            "kernel 'kernel': children_first takes descents; put other statements before or after it");
  EXPECT_EQ(p.refusal({{Simultaneously{{p.descend({p.a}), p.descend({p.a})}}, {}}}),
            "kernel 'kernel': 'a' descends twice inside one simultaneously");
  Program without = p.program;
  without.functionals.clear();
  without.kernels = {{"kernel", {{Hold{0}, {}}}, {}}};
  EXPECT_THROW(check_program(without), ModelError);
}

TEST(Schedule, RefusesACycleWithinOneTick) {
  Programs p;
  Context& c = *p.program.context;
  for (Factor& f : p.program.models[0].factors) {
    if (f.variable == p.h) f.arguments[0].second = element(c, p.w) * element(c, p.h);
  }
  EXPECT_NE(p.refusal({{Forward{0, 0}, {}}}).find("the variables h depend on each other in a cycle"),
            std::string::npos);
}

}  // namespace
}  // namespace freefall
