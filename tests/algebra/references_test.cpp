// References: stated beside a model, compared with what is derived; and what is said of a wrong one.

#include "codegen/equality/references.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <freefall/dsl.hpp>

#include <nlohmann/json.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/equality/guess_cause.hpp"
#include "codegen/ir/parse.hpp"

namespace freefall {
namespace {

using equality::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

axis<"unit"> unit;

// One layer below another, both over one axis; `state` is called with the handles and states references.
template <class State>
ir::Program two_layers(State state) {
  program_scope scope;
  auto o = variable<"o">(unit);
  auto x = variable<"x">(unit);
  auto W1 = parameter<"W1">(unit, unit.prime());
  auto W2 = parameter<"W2">(unit, unit.prime());
  auto top = input<"top">(unit);
  auto P = input<"P">(unit);
  auto p = model<"net">(x <<= normal(tanh(W2 * prime(top))), o <<= normal(tanh(W1 * prime(x)), precision(P)));
  auto F = free_energy(p, family(delta(x)));
  state(o, x, W1, W2, top, P, F);
  return program{kernel<"infer">(forward(p), repeat(20, descend(F, x, rate(0.1)))),
                 kernel<"learn">(descend(F, W1, W2, sgd(0.01))), kernel<"energy">(F)}
      .ir();
}

// Kernels that have a name in the program, and rules among them.
ir::Program named_kernels() {
  program_scope scope;
  auto x = variable<"x">(unit);
  auto drift = input<"drift">(unit);
  auto F = free_energy(model<"prior">(x <<= normal(drift)), family(delta(x)));
  auto infer = kernel<"infer">(descend(F, x, rate(0.1)));
  return program{infer, reference(infer, x) = x - drift, refuted(infer, x) = drift - x}.ir();
}

std::vector<equality::CheckedReference> checked(const ir::Program& p) {
  ir::check_program(p);
  return equality::compare_references(p, calculus::derive(p));
}

TEST(References, MayStandAmongTheKernelsAndNameThem) {
  const auto all = checked(named_kernels());
  ASSERT_EQ(all.size(), 2u);
  for (const auto& c : all) EXPECT_TRUE(c.as_declared());
}

TEST(References, AreComparedWithRulesGradientsAndFunctionals) {
  const ir::Program p = two_layers([](auto o, auto x, auto W1, auto W2, auto top, auto P, auto F) {
    auto a = W1 * prime(x);
    auto eps = x - tanh(W2 * prime(top));
    auto g = hadamard(hadamard(P, o - tanh(a)), slope(tanh(a)));
    reference(kernel<"infer">, x) = eps - prime(W1) * prime(g);
    reference(kernel<"learn">, W1) = -hadamard(g, prime(x));
    reference(-gradient(F, x)) = prime(W1) * prime(g) - eps;
    refuted(-gradient(F, x)) = eps - prime(W1) * prime(g);
    refuted(kernel<"infer">, x) =
        eps - prime(W1) * prime(hadamard(hadamard(P, o - tanh(a)), -1 - square(tanh(a))));
  });
  const auto all = checked(p);
  ASSERT_EQ(all.size(), 5u);
  for (const auto& c : all) EXPECT_TRUE(c.as_declared());
  for (std::size_t k = 0; k < 3; ++k) EXPECT_THAT(equality::mistakes_passed(all[k]), ElementsAre());
  EXPECT_EQ(all[3].cause, "sign");
  EXPECT_EQ(all[4].cause, "sign");  // of a number in a sum
}

// The guess at the mistake in dF/dx or dF/dW1.
template <class State>
std::string cause_of(State state) {
  const ir::Program p = two_layers([&](auto o, auto x, auto W1, auto W2, auto top, auto P, auto) {
    auto a = W1 * prime(x);
    state(x, W1, W2, P, x - tanh(W2 * prime(top)), o - tanh(a), tanh(a));
  });
  const auto all = checked(p);
  EXPECT_EQ(all[0].result.verdict, Verdict::refuted);
  return all[0].cause.value_or("");
}

TEST(CauseOfRefutation, IsAMissingTranspose) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto P, auto eps, auto e, auto f) {
              reference(kernel<"infer">, x) = eps - W1 * prime(hadamard(hadamard(P, e), slope(f)));
            }),
            "missing transpose of 'W1'");
}
TEST(CauseOfRefutation, IsAnIndex) {
  EXPECT_EQ(cause_of([](auto x, auto, auto W2, auto P, auto eps, auto e, auto f) {
              reference(kernel<"infer">, x) = eps - prime(W2) * prime(hadamard(hadamard(P, e), slope(f)));
            }),
            "'W2' in place of 'W1' (index l + 1 for l)");
}
TEST(CauseOfRefutation, IsAFunctionForItsDerivative) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto P, auto eps, auto e, auto f) {
              reference(kernel<"infer">, x) = eps - prime(W1) * prime(hadamard(hadamard(P, e), f));
            }),
            "tanh in place of tanh'");
}
TEST(CauseOfRefutation, IsADroppedDerivative) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto P, auto eps, auto e, auto) {
              reference(kernel<"infer">, x) = eps - prime(W1) * prime(hadamard(P, e));
            }),
            "tanh' dropped");
}
TEST(CauseOfRefutation, IsADroppedPrecision) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto, auto eps, auto e, auto f) {
              reference(kernel<"infer">, x) = eps - prime(W1) * prime(hadamard(e, slope(f)));
            }),
            "'P' dropped");
}
TEST(CauseOfRefutation, IsAFactor) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto P, auto, auto e, auto f) {
              reference(kernel<"learn">, W1) = -2 * hadamard(hadamard(hadamard(P, e), slope(f)), prime(x));
            }),
            "factor 2");
}
TEST(CauseOfRefutation, IsNotGuessedWhereTwoMistakesWereMade) {
  EXPECT_EQ(cause_of([](auto x, auto W1, auto, auto, auto eps, auto e, auto f) {
              reference(kernel<"infer">, x) = eps - W1 * prime(hadamard(e, slope(f)));
            }),
            "");
}

TEST(CauseOfRefutation, IsAForgottenMatrix) {
  ir::Context c;
  const ir::Axis* i = c.axis("i");
  c.tensor("P", {i, i}, ir::Role::parameter);
  c.tensor("e", {i}, ir::Role::variable);
  c.tensor("W", {i, i}, ir::Role::parameter);
  EXPECT_EQ(equality::guess_cause(ir::parse(c, "sum{i#2}(W[i#2, i] * sum{i#1}(P[i#2, i#1] * e[i#1]))"),
                                  ir::parse(c, "sum{i#2}(W[i#2, i] * e[i#2])")),
            "'P' dropped");
}

TEST(FirstDifference, IsFoundInsideTheTermThatDiffers) {
  ir::Context c;
  const ir::Axis* i = c.axis("i");
  for (const char* name : {"a", "b", "d"}) c.tensor(name, {i}, ir::Role::variable);
  const auto d = equality::first_difference(ir::parse(c, "a[i] - b[i] * tanh(a[i] + b[i])"),
                                            ir::parse(c, "a[i] - b[i] * tanh(a[i] + d[i])"));
  EXPECT_EQ(d.derived, ir::parse(c, "b[i]"));
  EXPECT_EQ(d.reference, ir::parse(c, "d[i]"));
  EXPECT_EQ(d.derived_term, ir::parse(c, "-b[i] * tanh(a[i] + b[i])"));
}

TEST(FirstDifference, OfATermTooManyHasNothingOnTheOtherSide) {
  ir::Context c;
  const ir::Axis* i = c.axis("i");
  for (const char* name : {"a", "b"}) c.tensor(name, {i}, ir::Role::variable);
  const auto d = equality::first_difference(ir::parse(c, "a[i] + b[i]"), ir::parse(c, "a[i]"));
  EXPECT_EQ(d.derived, ir::parse(c, "b[i]"));
  EXPECT_FALSE(d.reference);
}

// What the verb prints and returns.
std::pair<int, std::string> verify(const ir::Program& p, const std::string& format) {
  driver::Request request;
  request.format = format;
  std::string out;
  const int code = driver::run_verify(request, p, out);
  return {code, out};
}

ir::Program without_transpose() {
  return two_layers([](auto o, auto x, auto W1, auto W2, auto top, auto P, auto) {
    auto a = W1 * prime(x);
    reference(kernel<"infer">, x, printed("Somebody 2000", "7")) =
        x - tanh(W2 * prime(top)) - W1 * prime(hadamard(hadamard(P, o - tanh(a)), slope(tanh(a))));
  });
}

TEST(Verify, PrintsTheCounterexampleInMatrixForm) {
  const auto [code, text] = verify(without_transpose(), "text");
  EXPECT_EQ(code, 1);
  EXPECT_THAT(text,
              HasSubstr("refuted  dF/dx in kernel infer, Somebody 2000, equation 7, but declared to hold"));
  EXPECT_THAT(text, HasSubstr("derived    eps_x - W1^T (P .* tanh'(W1 x) .* eps_o)"));
  EXPECT_THAT(text, HasSubstr("reference  eps_x - W1 (P .* tanh'(W1 x) .* eps_o)"));
  EXPECT_THAT(text, HasSubstr("with unit = 2 at unit = 0: derived "));
  EXPECT_THAT(text, HasSubstr("the cause may be: missing transpose of 'W1'"));
}

TEST(Verify, GivesTheSameAsJson) {
  const auto [code, text] = verify(without_transpose(), "json");
  EXPECT_EQ(code, 1);
  const auto j = nlohmann::json::parse(text);
  EXPECT_EQ(j["as_declared"], false);
  const auto& r = j["references"][0];
  EXPECT_EQ(r["verdict"], "refuted");
  EXPECT_EQ(r["declared"], "holds");
  EXPECT_EQ(r["equation"], "7");
  EXPECT_EQ(r["evidence"]["sizes"]["unit"], 2);
  EXPECT_EQ(r["evidence"]["cause"], "missing transpose of 'W1'");
}

TEST(Verify, FailsWhereAWrongRuleTurnsOutRight) {
  const auto [code, text] = verify(two_layers([](auto, auto x, auto, auto, auto, auto, auto F) {
                                     refuted(gradient(F, x)) = gradient(F, x);
                                   }),
                                   "text");
  EXPECT_EQ(code, 1);
  EXPECT_THAT(text, HasSubstr("but declared refuted"));
}

template <class State>
std::string error_of(State state) {
  try {
    ir::check_program(two_layers(state));
  } catch (const ir::ModelError& e) {
    return e.what();
  }
  return "";
}

TEST(Verify, SaysWhichKernelsThereAre) {
  EXPECT_THAT(
      error_of([](auto, auto x, auto, auto, auto, auto, auto) { reference(kernel<"infr">, x) = x; }),
      HasSubstr(
          "the reference for 'x' names the kernel 'infr', which the program does not have; it has: infer, "
          "learn, energy"));
}
TEST(Verify, SaysWhichRulesAKernelHas) {
  EXPECT_THAT(error_of([](auto, auto x, auto, auto, auto, auto, auto) { reference(kernel<"learn">, x) = x; }),
              HasSubstr("the kernel 'learn', which has no rule for 'x' (it has rules for: W1, W2)"));
}
// The layers of two_layers with held predictions; `state` states references.
template <class State>
ir::Program held_layers(State state) {
  program_scope scope;
  auto o = variable<"o">(unit);
  auto x = variable<"x">(unit);
  auto W = parameter<"W">(unit, unit.prime());
  auto p = model<"net">(x <<= normal(0), o <<= normal(tanh(W * prime(x))));
  auto F = free_energy(p, family(delta(x)));
  state(o, x, W, F);
  return program{kernel<"relax">(forward(p), hold(predictions(p)), repeat(9, descend(F, x, rate(0.1)))),
                 kernel<"strict">(descend(F, x, rate(0.1)))}
      .ir();
}

TEST(References, OfARuleWithHeldPredictionsReadWhatIsHeld) {
  const ir::Program p = held_layers([](auto o, auto x, auto W, auto) {
    auto held_o = tanh(W * prime(held(x)));
    reference(kernel<"relax">, x) = x - prime(W) * prime(hadamard(o - held_o, slope(held_o)));
    auto live = tanh(W * prime(x));
    refuted(kernel<"relax">, x) = x - prime(W) * prime(hadamard(o - live, slope(live)));
    reference(kernel<"strict">, x) = x - prime(W) * prime(hadamard(o - live, slope(live)));
  });
  const auto all = checked(p);
  for (const auto& c : all) EXPECT_TRUE(c.as_declared());
  EXPECT_THAT(equality::mistakes_passed(all[0]), ElementsAre());
}

TEST(References, MayNotReadWhatNobodyHolds) {
  for (const bool of_gradient : {false, true}) {
    try {
      ir::check_program(held_layers([&](auto, auto x, auto, auto F) {
        if (of_gradient) {
          reference(gradient(F, x)) = held(x);
        } else {
          reference(kernel<"strict">, x) = held(x);
        }
      }));
      FAIL() << "nothing was thrown";
    } catch (const ir::ModelError& e) {
      EXPECT_THAT(e.what(), HasSubstr("the reference reads 'x_held', a value held by hold(predictions(p))"));
    }
  }
}

TEST(References, AreComparedWithThePartsOfGreedyEvents) {
  program_scope scope;
  auto leak = input<"leak">();
  auto target = input<"target">(unit);
  auto r = trace<"r">(unit, decay(leak));
  auto g = greedy(sum(square(target - r), unit), r);
  reference(voltage_of(g)) = -2 * r;
  reference(threshold_of(g)) = 1 - 2 * target;
  reference(couplings_of(g)) = -2 * identity(unit);
  refuted(couplings_of(g)) = 2 * identity(unit);
  const ir::Program p = program{kernel<"tick">(advance(r), fire(g, one_winner))}.ir();
  for (const auto& c : checked(p)) EXPECT_TRUE(c.as_declared());
}

TEST(References, AreComparedWithRulesThatGoWithAnEvent) {
  program_scope scope;
  auto leak = input<"leak">();
  auto r = trace<"r">(unit, decay(leak));
  auto D = parameter<"D">(unit);
  auto g = greedy(square(1 - dot(D, r)) / 2, r);
  auto L = dot(spike(g), square(D));
  reference(kernel<"tick">, D) = 2 * hadamard(spike(g), D);
  const ir::Program p =
      program{kernel<"tick">(advance(r), fire(g, one_winner, on_spike(descend(L, D, rate(0.1)))))}.ir();
  EXPECT_TRUE(checked(p)[0].as_declared());
}

TEST(References, OfALearnedTableAreStatedForItsCounts) {
  const auto program_with = [](auto state) {
    program_scope scope;
    auto o = one_of<"o">(unit);
    auto A = variable<"A">(unit);
    auto prior = input<"prior">(unit);
    auto p = model<"counting">(A <<= dirichlet(prior), o <<= categorical(A));
    auto q = family(dirichlet(A));
    auto F = free_energy(p, q);
    state(o, A, prior, concentration(q, A));
    return program{kernel<"learn">(solve(F, q, A))}.ir();
  };
  const ir::Program p = program_with(
      [](auto o, auto, auto prior, auto counts) { reference(kernel<"learn">, counts) = prior + o; });
  EXPECT_TRUE(checked(p)[0].as_declared());
  try {
    ir::check_program(program_with([](auto, auto A, auto, auto) { reference(kernel<"learn">, A) = A; }));
    FAIL() << "nothing was thrown";
  } catch (const ir::ModelError& e) {
    EXPECT_THAT(e.what(), HasSubstr("which has no rule for 'A' (it has rules for: A_concentration)"));
  }
}

TEST(Verify, NeedsAReference) {
  const ir::Program p = two_layers([](auto...) {});
  EXPECT_THROW(verify(p, "text"), ir::ModelError);
}
TEST(Verify, RefusesAReferenceOverAnAxisTheRuleLacks) {
  ir::Program p = two_layers([](auto...) {});
  ir::Context& c = *p.context;
  ir::Reference& r = p.references.emplace_back();
  r.quantity = p.rule("infer", c.find_tensor("x"));
  r.value = ir::element(c, c.find_tensor("W1"));
  EXPECT_THROW(ir::check_program(p), ir::ModelError);
}

}  // namespace
}  // namespace freefall
