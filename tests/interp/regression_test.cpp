// Programs that passes once got wrong, the smallest of each kind.

#include <gtest/gtest.h>

#include "codegen/loop/lower_schedule.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Steps;

struct Case {
  Context context;
  plan::Specialisation sizes{"case", {}, plan::Scalar::float64};
  Arrays<long double> values;

  const Tensor* tensor(const char* name, std::vector<const Axis*> axes, Role role,
                       std::vector<long double> value = {}) {
    const Tensor* t = context.tensor(name, std::move(axes), role);
    if (!value.empty()) values[name] = std::move(value);
    return t;
  }

  // Both sides of materialising and lowering.
  void expect_kept(const Steps& steps) {
    const auto expected = run_steps<long double>(steps, context, values, sizes, {});
    const Steps planned = plan::materialise(steps, context, sizes);
    const auto operations = loop::lower_schedule(planned, context, sizes);
    const auto materialised = run_steps<long double>(planned, context, values, sizes, {});
    const auto lowered = run_operations<long double>(operations, context, values, sizes, {});
    for (const auto& [name, value] : expected) {
      EXPECT_LE(distance(materialised.at(name), value), 1e-17L) << name << " after materialise";
      EXPECT_LE(distance(lowered.at(name), value), 1e-17L) << name << " after lower_schedule";
    }
  }
};

// Three variables that read their neighbours in place: the middle one is in two cycles, so one copy does not
// break both. Planning this never ended.
TEST(Materialise, OrdersSimultaneousAssignmentsInAChainOfCycles) {
  Case c;
  const Axis* unit = c.context.axis("unit");
  c.sizes.extents["unit"] = 2;
  const Tensor* x = c.tensor("x", {unit}, Role::variable, {1, 2});
  const Tensor* y = c.tensor("y", {unit}, Role::variable, {3, 4});
  const Tensor* z = c.tensor("z", {unit}, Role::variable, {5, 6});
  const auto at = [&](const Tensor* t) { return element(c.context, t); };
  c.expect_kept({{Assign{{{x, at(x) + at(y), ""}, {y, at(x) + at(y) + at(z), ""}, {z, at(y) - at(z), ""}}}}});
}

// The library reads the lower triangle; the meaning of Inverse and LogDet is that of the symmetric part.
TEST(Materialise, TakesTheSymmetricPartOfAMatrix) {
  Case c;
  const Axis* unit = c.context.axis("unit");
  c.sizes.extents["unit"] = 2;
  const Tensor* a = c.tensor("a", {unit, unit}, Role::parameter, {2, 1, 0.5L, 3});
  const Index i{unit, 0}, j{unit, 1};
  const Expr matrix = element(c.context, a);
  const Tensor* inverse = c.tensor("inverted", {unit, unit}, Role::output);
  const Tensor* volume = c.tensor("volume", {}, Role::output);
  c.expect_kept({{Assign{{{inverse, make_inverse(i, j, matrix, Subscript(i), Subscript(j)), ""}}}},
                 {Assign{{{volume, make_log_det(i, j, matrix), ""}}}}});
}

// One matrix for each value of an axis that is stored after those of the matrix: rows were taken to be
// contiguous.
TEST(Materialise, StoresMatricesWithTheirOwnAxesLast) {
  Case c;
  const Axis* unit = c.context.axis("unit");
  const Axis* zone = c.context.axis("zone");
  c.sizes.extents = {{"unit", 2}, {"zone", 3}};
  const Tensor* a =
      c.tensor("a", {unit, unit, zone}, Role::parameter, {2, 3, 4, 1, 0.5L, 0, 1, 0.5L, 0, 5, 6, 7});
  const Index i{unit, 0}, j{unit, 1};
  const Expr matrix = element(c.context, a);
  const Tensor* inverse = c.tensor("inverted", {unit, unit, zone}, Role::output);
  const Tensor* volume = c.tensor("volume", {zone}, Role::output);
  c.expect_kept({{Assign{{{inverse, make_inverse(i, j, matrix, Subscript(i), Subscript(j)), ""}}}},
                 {Assign{{{volume, make_log_det(i, j, matrix), ""}}}}});
}

// An inverse is symmetric, and so is the temporary it is hoisted into: a product with it that two rules share
// is still one expression.
TEST(HoistInvariants, KeepsProductsWithAnInverseShared) {
  Case c;
  const Axis* unit = c.context.axis("unit");
  const Axis* out = c.context.axis("out");
  c.sizes.extents = {{"unit", 3}, {"out", 2}};
  const Tensor* a = c.tensor("a", {unit, unit}, Role::parameter, {4, 1, 0, 1, 5, 1, 0, 1, 6});
  const Tensor* w = c.tensor("w", {out, unit}, Role::parameter, {1, 2, 3, 4, 5, 6});
  const Tensor* e = c.tensor("e", {unit}, Role::variable, {1, -2, 3});
  const Tensor* y = c.tensor("y", {out}, Role::variable, {1, 1});
  const Index i{unit, 0}, j{unit, 1};
  const Expr precision = make_inverse(i, j, element(c.context, a), Subscript(i), Subscript(j));
  const Expr product = make_contract({j}, precision * make_access(c.context, e, {Subscript(j)}));
  const Expr outer = make_contract({i}, element(c.context, w) * product);
  calculus::Loop loop{2, {}, {}, {{Assign{{{y, outer, ""}, {e, element(c.context, e) - product, ""}}}}}};
  const Steps hoisted = plan::hoist_invariants({{loop}}, c.context, c.sizes);
  c.expect_kept(hoisted);
  const auto operations =
      loop::lower_schedule(plan::materialise(hoisted, c.context, c.sizes), c.context, c.sizes);
  std::size_t products = 0;
  for (const auto& o : std::get<loop::Repeat>(operations.back().action).body) {
    products += std::holds_alternative<loop::Gemm>(o.action) ? 1 : 0;
  }
  EXPECT_EQ(products, 2U);  // precision e, and w times it
}

}  // namespace
}  // namespace freefall::test
