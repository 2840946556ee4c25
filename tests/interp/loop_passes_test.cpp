// The loop passes one by one, on nests written down: what they bring together, take out and leave alone.

#include <gtest/gtest.h>

#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/fuse_nests.hpp"
#include "codegen/loop/hoist_rows.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/loop/memory_plan.hpp"
#include "codegen/loop/merge_loops.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/sink_into_conditions.hpp"
#include "codegen/loop/slice_plates.hpp"
#include "codegen/loop/turn_matrices.hpp"
#include "codegen/loop/updated_product.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/same_structure.hpp"

namespace freefall::test {
namespace {

using namespace ir;
using loop::Nest;
using loop::Operation;
using loop::Operations;
using loop::Store;

constexpr std::uint64_t kPrograms = 100;

class LoopPass : public testing::Test {
 protected:
  Expr parsed(const std::string& text) { return parse(context, text); }
  const Tensor* array(const char* name, std::vector<const Axis*> axes, Role role = Role::temporary) {
    return context.tensor(name, std::move(axes), role);
  }
  static std::vector<Subscript> at(const std::vector<Index>& indices) {
    return {indices.begin(), indices.end()};
  }
  Nest nest(const std::vector<Index>& loops, const Tensor* target, const std::vector<Index>& own,
            const std::string& value, Store::Mode mode = Store::Mode::set) {
    return {loops, {{target, at(own), mode, parsed(value), target->name}}};
  }

  Context context;
  const Axis* row = context.axis("row");
  const Axis* column = context.axis("column");
  const Index i{row, 0}, j{column, 0};
  plan::Specialisation sizes{"test", {{"row", 20}, {"column", 32}}};
  const Tensor* a = array("a", {row}, Role::input);
  const Tensor* b = array("b", {column}, Role::input);
  const Tensor* c = array("c", {column}, Role::input);
  const Tensor* s = array("s", {}, Role::input);
  const Tensor* M = array("M", {row, column}, Role::parameter);
};

// ---- product_form ----

// y[copy, to] = sum_from W[to, from] x[copy, from], the weights by rows or by columns
loop::Gemm layer(Context& context, std::size_t copies, std::size_t from, std::size_t to,
                 plan::Specialisation& sizes, bool by_columns = false) {
  const Axis *copy = context.axis("copy", true), *in = context.axis("from"), *out = context.axis("to");
  sizes = {"layer", {{"copy", copies}, {"from", from}, {"to", to}}};
  const Tensor* x = context.tensor("x", {copy, in}, Role::input);
  const Tensor* W = by_columns ? context.tensor("V", {in, out}, Role::parameter)
                               : context.tensor("W", {out, in}, Role::parameter);
  const Tensor* y = context.tensor("y", {copy, out}, Role::output);
  const Expr sum = make_contract({Index{in, 0}}, element(context, W) * element(context, x));
  return std::get<loop::Gemm>(
      loop::lower_schedule({{calculus::Assign{{{y, sum, "y"}}}}}, context, sizes).at(0).action);
}

TEST(ProductForm, CountedRowsTimesASmallMatrixAreInStraightLines) {
  Context context;
  plan::Specialisation sizes;
  EXPECT_EQ(loop::product_form(layer(context, 64, 8, 8, sizes), sizes), loop::ProductForm::small);
  EXPECT_EQ(loop::product_form(layer(context, 64, 80, 80, sizes), sizes), loop::ProductForm::blocked);
}

TEST(ProductForm, OfOneCopyAtMostIsThatOfAVector) {
  Context context;
  plan::Specialisation sizes;
  for (const std::size_t width : {8, 300})
    EXPECT_EQ(loop::product_form(layer(context, 1, width, width, sizes), sizes),
              loop::ProductForm::matrix_vector);
}

TEST(ProductForm, CountedRowsTimesAMatrixByColumnsAreTiles) {
  Context context;
  plan::Specialisation sizes;
  const auto form = [&](std::size_t copies, std::size_t from, std::size_t to) {
    return loop::product_form(layer(context, copies, from, to, sizes, true), sizes);
  };
  EXPECT_EQ(form(64, 80, 80), loop::ProductForm::counted);
  EXPECT_EQ(form(2, 8, 8), loop::ProductForm::counted);  // one whole vector
  EXPECT_EQ(form(64, 80, 5), loop::ProductForm::counted);
  EXPECT_EQ(form(64, 8, 5), loop::ProductForm::small);
  EXPECT_EQ(form(64, 80, 1), loop::ProductForm::blocked);     // one lane of each vector
  EXPECT_EQ(form(64, 8000, 80), loop::ProductForm::blocked);  // a panel of V is larger than the cache
  EXPECT_EQ(form(1, 80, 80), loop::ProductForm::matrix_vector);
}

// ---- slice_plates and turn_matrices ----

// What becomes of the operations, by the first letters: Nest, Gemm, Slices or Repeat.
std::string kinds(const Operations& operations) {
  std::string out;
  for (const Operation& o : operations) {
    out += std::holds_alternative<Nest>(o.action)           ? "N"
           : std::holds_alternative<loop::Gemm>(o.action)   ? "G"
           : std::holds_alternative<loop::Slices>(o.action) ? "S"
                                                            : "R";
    if (std::holds_alternative<loop::Repeat>(o.action)) out += "(" + kinds(*loop::body_of(o)) + ")";
  }
  return out;
}
Operations sliced_and_turned(const Operations& operations, Context& context, plan::Specialisation& sizes) {
  const Operations sliced = loop::slice_plates(operations, context, sizes, loop::slice_rule(sizes));
  const Operations out = loop::turn_matrices(sliced, context, sizes);
  EXPECT_EQ(difference(loop::slice_plates(out, context, sizes, loop::slice_rule(sizes)), out), "");
  EXPECT_EQ(difference(loop::turn_matrices(out, context, sizes), out), "");
  return out;
}
std::string kinds_of_layer(std::size_t copies, std::size_t from, std::size_t to, bool by_columns,
                           plan::Scalar scalar = plan::Scalar::float32) {
  Context context;
  plan::Specialisation sizes;
  const loop::Gemm product = layer(context, copies, from, to, sizes, by_columns);
  sizes.scalar = scalar;
  return kinds(sliced_and_turned({{product}}, context, sizes));
}

TEST(SlicePlates, OneProductByColumnsStaysWhole) {
  for (const std::size_t copies : {1, 2, 17, 64, 256}) {
    EXPECT_EQ(kinds_of_layer(copies, 64, 64, true), "G") << copies;
    EXPECT_EQ(kinds_of_layer(copies, 64, 64, true, plan::Scalar::float64), "G") << copies;
  }
  EXPECT_EQ(kinds_of_layer(64, 256, 10, true), "G");
}

TEST(SlicePlates, CopiesAreTurnedWhereUnitsWouldLeaveLanesEmpty) {
  EXPECT_EQ(kinds_of_layer(64, 256, 17, true), "S");
  EXPECT_EQ(kinds_of_layer(64, 256, 17, true, plan::Scalar::float64), "G");  // seven of twenty-four
}

TEST(SlicePlates, TheSmallerOfCopiesAndMatrixIsTurned) {
  EXPECT_EQ(kinds_of_layer(16, 64, 64, false), "S");
  EXPECT_EQ(kinds_of_layer(64, 64, 64, false), "NG");
  EXPECT_EQ(kinds_of_layer(64, 256, 256, false), "S");
  EXPECT_EQ(kinds_of_layer(256, 256, 256, false), "NG");
}

// Twenty passes over more than the first cache holds.
TEST(SlicePlates, LoopsOverThePlateGoOverSlices) {
  Context context;
  plan::Specialisation sizes;
  loop::Gemm product = layer(context, 64, 64, 64, sizes, true);
  const Tensor* x = product.a->tensor;
  const Index copy = *product.m, from = *product.k;
  const Nest back{{copy, from},
                  {{x,
                    {copy, from},
                    Store::Mode::set,
                    parse(context, "x[copy, from] + position(from) * x[copy, from]^2"),
                    "x"}}};
  EXPECT_EQ(kinds(sliced_and_turned({{loop::Repeat{20, std::nullopt, nullptr, {{product}, {back}}}}}, context,
                                    sizes)),
            "S");
}

class TurnMatrices : public testing::Test {
 protected:
  // W is another after it.
  Operation changed() {
    const Index to{W->axes[0], 0}, from{W->axes[1], 0};
    return {Nest{{to, from}, {{W, {to, from}, Store::Mode::set, parse(context, "2 * W[to, from]"), "W"}}}};
  }
  std::string turned(const Operations& operations) {
    const Operations out = loop::turn_matrices(operations, context, sizes);
    EXPECT_EQ(difference(loop::turn_matrices(out, context, sizes), out), "");
    return kinds(out);
  }
  Operation repeated(const Operations& body, const Tensor* while_positive = nullptr) {
    return {loop::Repeat{20, std::nullopt, nullptr, body, while_positive}};
  }

  Context context;
  plan::Specialisation sizes;
  const Operation product{layer(context, 64, 80, 80, sizes)};
  const Tensor* W = std::get<loop::Gemm>(product.action).b->tensor;
};

TEST_F(TurnMatrices, OnceForAllThatReadsTheMatrixAsItIs) {
  EXPECT_EQ(turned({product, product}), "NGG");
  EXPECT_EQ(turned({product, changed(), product, product}), "NGNNGG");
  const Operations out = loop::turn_matrices({product}, context, sizes);
  EXPECT_TRUE(loop::is_transposition(std::get<Nest>(out[0].action)));
  EXPECT_EQ(loop::product_form(std::get<loop::Gemm>(out[1].action), sizes), loop::ProductForm::counted);
}

TEST_F(TurnMatrices, BeforeALoopThatDoesNotChangeIt) {
  EXPECT_EQ(turned({repeated({product})}), "NR(G)");
  EXPECT_EQ(turned({repeated({product, changed()})}), "R(NGN)");
  EXPECT_EQ(turned({repeated({repeated({product}), changed()})}), "R(NR(G)N)");
}

TEST_F(TurnMatrices, WhatDependsOnAConditionStaysThere) {
  const Tensor* gain = context.tensor("gain", {}, Role::output);
  EXPECT_EQ(turned({repeated({product}, gain)}), "R(NG)");
}

TEST_F(TurnMatrices, FewCopiesDoNotPayForIt) {
  Context other;
  plan::Specialisation few;
  const Operation narrow{layer(other, 15, 80, 80, few)};
  EXPECT_EQ(kinds(loop::turn_matrices({narrow}, other, few)), "G");
}

// ---- fuse_nests ----

using FuseScatters = LoopPass;

// r changes at one element alone; beside work on all of them it would be looked for at each.
TEST_F(FuseScatters, AChangeOfOneElementStaysApartFromWorkOnAll) {
  const Tensor* r = array("r", {column}, Role::variable);
  const Tensor* v = array("v", {column}, Role::variable);
  const Operation one{nest({j}, r, {j}, "r[column] + equal(position(column), s)")};
  const Operation all{nest({j}, v, {j}, "v[column] + b[column]")};
  const plan::Specialisation wide{"test", {{"row", 20}, {"column", 5000}}};
  EXPECT_EQ(loop::fuse_nests({one, all}, wide).size(), 2u);
  EXPECT_EQ(loop::fuse_nests({all, one}, wide).size(), 2u);
}

TEST_F(FuseScatters, ChangesOfTheSameElementAreOne) {
  const Tensor* r = array("r", {column}, Role::variable);
  const Tensor* v = array("v", {column}, Role::variable);
  const Operations given{{nest({j}, r, {j}, "r[column] + equal(position(column), s)")},
                         {nest({j}, v, {j}, "v[column] + b[column] * equal(position(column), s)")}};
  EXPECT_EQ(loop::fuse_nests(given, sizes).size(), 1u);
}

// ---- hoist_rows ----

using HoistRows = LoopPass;

TEST_F(HoistRows, TakesADifferenceOutOfAnOuterProduct) {
  const Operations given{{nest({i, j}, M, {i, j}, "M[row, column] + s * a[row] * (b[column] - c[column])")}};
  const Operations out = loop::hoist_rows(given, context, sizes);
  ASSERT_EQ(out.size(), 2U);
  const Nest &before = std::get<Nest>(out[0].action), &after = std::get<Nest>(out[1].action);
  EXPECT_EQ(before.loops, (std::vector<Index>{j}));
  EXPECT_EQ(print(before.stores[0].value), print(parsed("s * (b[column] - c[column])")));
  EXPECT_EQ(print(after.stores[0].value), print(parsed("M[row, column] + a[row] * hoisted[column]")));
  EXPECT_LT(loop::cost(out, sizes).operations, loop::cost(given, sizes).operations);
}

TEST_F(HoistRows, TakesOutThePartOfASumThatIsOfTheRow) {
  const Operations out = loop::hoist_rows(
      {{nest({i, j}, M, {i, j}, "M[row, column] * (b[column] + c[column] + M[row, column])")}}, context,
      sizes);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(print(std::get<Nest>(out[0].action).stores[0].value), print(parsed("b[column] + c[column]")));
}

TEST_F(HoistRows, LeavesAloneWhatNeedsNoArray) {
  for (const char* value : {
           "M[row, column] + a[row] * b[column]",      // one load
           "M[row, column] + s * a[row] * b[column]",  // and a number
           "a[row] * (M[row, column] + a[row])",       // the same along the row
       })
    EXPECT_EQ(loop::hoist_rows({{nest({i, j}, M, {i, j}, value)}}, context, sizes).size(), 1U) << value;
}

TEST_F(HoistRows, ReadsNothingThatTheNestChanges) {
  const Tensor* x = array("x", {column}, Role::variable);
  Nest both = nest({i, j}, M, {i, j}, "M[row, column] + a[row] * (b[column] - x[column])");
  both.stores.push_back({x, at({j}), Store::Mode::add, parsed("M[row, column]"), "x"});
  EXPECT_EQ(loop::hoist_rows({{both}}, context, sizes).size(), 1U);
}

// Of three loops, a row of two, of which a part is a row of one.
TEST_F(HoistRows, TakesRowsOutOfRows) {
  const Axis* group = context.axis("group");
  sizes.extents["group"] = 6;
  const Index g{group, 0};
  const Tensor *B = array("B", {group, row, column}, Role::parameter), *e = array("e", {row}, Role::input);
  const Operations given{
      {nest({g, i, j}, B, {g, i, j},
            "B[group, row, column] + position(group) * e[row] * (b[column] - c[column])")}};
  const Operations once = loop::hoist_rows(given, context, sizes);
  ASSERT_EQ(once.size(), 3U);
  EXPECT_EQ(std::get<Nest>(once[0].action).loops, (std::vector<Index>{j}));
  EXPECT_EQ(std::get<Nest>(once[1].action).loops, (std::vector<Index>{i, j}));
  EXPECT_EQ(difference(loop::hoist_rows(once, context, sizes), once), "");
  EXPECT_LT(loop::cost(once, sizes).operations, loop::cost(given, sizes).operations);
  EXPECT_EQ(e->axes.size(), 1U);
}

// Also beside an indicator, where no row is made for it.
TEST_F(HoistRows, ReadsARowWhereverItsValueStands) {
  const Operations given{
      {nest({i, j}, M, {i, j},
            "a[row] * (b[column] + c[column] * s) + delta(row, 3) * (b[column] + c[column] * s)")}};
  const Operations once = loop::hoist_rows(given, context, sizes);
  ASSERT_EQ(once.size(), 2U);
  EXPECT_EQ(print(std::get<Nest>(once[1].action).stores[0].value),
            print(parsed("a[row] * hoisted[column] + delta(row, 3) * hoisted[column]")));
}

TEST_F(HoistRows, IsIdempotentAndNeverRaisesTheOperations) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    auto compiled = plan::compile(p.program, p.sizes, [](const plan::Pass& pass, const plan::Compilation&) {
      return std::string_view(pass.name) != "slice_plates";
    });
    for (const auto& k : compiled.kernels) {
      const Operations once = loop::hoist_rows(k.operations, *p.program.context, compiled.sizes);
      EXPECT_LE(loop::cost(once, compiled.sizes).operations,
                loop::cost(k.operations, compiled.sizes).operations)
          << p.text;
      ASSERT_EQ(difference(loop::hoist_rows(once, *p.program.context, compiled.sizes), once), "") << p.text;
    }
  }
}

// ---- sink_into_conditions ----

class SinkIntoConditions : public LoopPass {
 protected:
  // gain = max a; place = the sum of a where it is the gain; if gain > 0, M += place
  Operations given() {
    const Index k{row, 1};
    return {{nest({}, gain, {}, "0")},
            {nest({k}, gain, {}, "a[row']", Store::Mode::maximum)},
            {nest({}, place, {}, "0")},
            {nest({k}, place, {}, "equal(a[row'], gain) * b_of[row']", Store::Mode::add)},
            {loop::Repeat{
                1, std::nullopt, nullptr, {{nest({i, j}, M, {i, j}, "M[row, column] + place")}}, gain}}};
  }

  const Tensor* b_of = array("b_of", {row}, Role::input);
  const Tensor* gain = array("gain", {});
  const Tensor* place = array("place", {});
};

TEST_F(SinkIntoConditions, WhatOnlyTheBodyReadsIsComputedThere) {
  sizes.extents["row"] = 400;
  const Operations out = loop::sink_into_conditions(given(), sizes);
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(std::get<Nest>(out[0].action).stores[0].target, gain);
  EXPECT_EQ(std::get<Nest>(out[1].action).stores[0].target, gain);
  const Operations& body = std::get<loop::Repeat>(out[2].action).body;
  ASSERT_EQ(body.size(), 3U);
  EXPECT_EQ(std::get<Nest>(body[0].action).stores[0].mode, Store::Mode::set);
  EXPECT_EQ(std::get<Nest>(body[1].action).stores[0].mode, Store::Mode::add);
  EXPECT_EQ(std::get<Nest>(body[2].action).stores[0].target, M);
  EXPECT_EQ(difference(loop::sink_into_conditions(out, sizes), out), "");
}

// Of few elements: whether any is positive is asked before the largest is looked for.
TEST_F(SinkIntoConditions, AMaximumThatOnlyTheConditionReadsIsComputedThere) {
  const Operations out = loop::sink_into_conditions(given(), sizes);
  ASSERT_EQ(out.size(), 1U);
  const auto& any = std::get<loop::Repeat>(out[0].action);
  EXPECT_EQ(any.while_positive, a);
  ASSERT_EQ(any.body.size(), 3U);
  EXPECT_EQ(std::get<Nest>(any.body[0].action).stores[0].target, gain);
  EXPECT_EQ(std::get<Nest>(any.body[1].action).stores[0].target, gain);
  const auto& largest = std::get<loop::Repeat>(any.body[2].action);
  EXPECT_EQ(largest.while_positive, gain);
  EXPECT_EQ(largest.body.size(), 3U);
  EXPECT_EQ(difference(loop::sink_into_conditions(out, sizes), out), "");
}

TEST_F(SinkIntoConditions, AMaximumThatIsNotOfOneArrayStays) {
  const auto stays = [&](const char* why, auto&& change) {
    Operations changed = given();
    change(changed);
    const Operations out = loop::sink_into_conditions(changed, sizes);
    EXPECT_EQ(std::get<loop::Repeat>(out.back().action).while_positive, gain) << why;
  };
  const auto store = [](Operations& o, std::size_t n) -> Store& {
    return std::get<Nest>(o[n].action).stores[0];
  };
  stays("begun above zero", [&](Operations& o) { store(o, 0).value = parsed("1"); });
  stays("of something else", [&](Operations& o) { store(o, 1).value = parsed("2 * a[row']"); });
  stays("a sum", [&](Operations& o) { store(o, 1).mode = Store::Mode::add; });
  stays("of some", [&](Operations& o) { store(o, 1).value = parsed("a[3]"); });
  stays("read after", [&](Operations& o) {
    o.insert(o.end() - 1, {nest({i}, array("out", {row}, Role::output), {i}, "gain * a[row]")});
  });
  const Tensor* x = array("x", {row});
  stays("changed since", [&](Operations& o) {
    store(o, 1).value = parsed("x[row']");
    o.insert(o.begin() + 2, {nest({i}, x, {i}, "2 * a[row]")});
  });
}

TEST_F(SinkIntoConditions, WhatIsReadElsewhereStays) {
  Operations read_after = given();
  read_after.push_back({nest({i}, array("out", {row}, Role::output), {i}, "place * a[row]")});
  EXPECT_EQ(difference(loop::sink_into_conditions(read_after, sizes), read_after), "");
  Operations several_times = given();
  std::get<loop::Repeat>(several_times.back().action).count = 2;
  EXPECT_EQ(difference(loop::sink_into_conditions(several_times, sizes), several_times), "");
  Operations changed_between = given();  // a is another when the body runs
  const Tensor* x = array("x", {row}, Role::variable);
  std::get<Nest>(changed_between[3].action).stores[0].value = parsed("equal(x[row'], gain) * b_of[row']");
  changed_between.insert(changed_between.begin() + 4, {nest({i}, x, {i}, "2 * a[row]")});
  EXPECT_EQ(difference(loop::sink_into_conditions(changed_between, sizes), changed_between), "");
}

// ---- merge_loops ----

// The offsets of every array of the nest, in the order in which its elements are visited.
std::vector<std::ptrdiff_t> visited(const Nest& nest, const std::vector<std::size_t>& counts,
                                    const plan::Specialisation& sizes) {
  std::vector<std::pair<const Tensor*, std::vector<Subscript>>> accesses;
  for (const Store& s : nest.stores) {
    accesses.emplace_back(s.target, s.subscripts);
    for (const Expr e : topological({s.value})) {
      if (e->op == Op::Access) accesses.emplace_back(e->tensor, e->subscripts);
    }
  }
  // By name: substitution may order the operands of a sum otherwise.
  std::sort(accesses.begin(), accesses.end(),
            [](const auto& x, const auto& y) { return x.first->name < y.first->name; });
  std::vector<std::ptrdiff_t> out;
  std::vector<std::size_t> place(counts.size(), 0);
  for (;;) {
    std::vector<std::pair<std::string, std::ptrdiff_t>> here;
    for (const auto& [tensor, subscripts] : accesses) {
      const auto strides = loop::strides(tensor, sizes);
      std::ptrdiff_t offset = 0;
      for (std::size_t p = 0; p < subscripts.size(); ++p) {
        std::ptrdiff_t value = subscripts[p].offset;
        for (const auto& term : subscripts[p].terms) {
          const auto d = std::find(nest.loops.begin(), nest.loops.end(), term.index) - nest.loops.begin();
          if (static_cast<std::size_t>(d) < place.size())
            value += term.factor * static_cast<std::ptrdiff_t>(place[static_cast<std::size_t>(d)]);
        }
        offset += value * static_cast<std::ptrdiff_t>(strides[p]);
      }
      here.emplace_back(tensor->name, offset);
    }
    std::sort(here.begin(), here.end());
    for (const auto& [name, offset] : here) out.push_back(offset);
    std::size_t d = counts.size();
    while (d > 0 && ++place[d - 1] == counts[d - 1]) place[--d] = 0;
    if (d == 0) return out;
  }
}

std::vector<std::size_t> extents(const Nest& nest, const plan::Specialisation& sizes) {
  std::vector<std::size_t> out;
  for (const Index& i : nest.loops) out.push_back(sizes.extent(i.axis));
  return out;
}

using MergeLoops = LoopPass;

TEST_F(MergeLoops, ContiguousRowsAreOneLoop) {
  const Tensor* N = array("N", {row, column}, Role::input);
  const Nest both = nest({i, j}, M, {i, j}, "M[row, column] + s * N[row, column]");
  const auto merged = loop::merge_loops(both, sizes);
  EXPECT_EQ(merged.nest.loops, (std::vector<Index>{j}));
  EXPECT_EQ(merged.counts, (std::vector<std::size_t>{640}));
  EXPECT_EQ(visited(merged.nest, merged.counts, sizes), visited(both, extents(both, sizes), sizes));
  EXPECT_EQ(N->axes.size(), 2U);
}

TEST_F(MergeLoops, RowsThatStartElsewhereStay) {
  for (const char* value :
       {"M[row, column] + a[row]", "M[row, column] + b[column]", "M[row, column] * position(row)",
        "M[row, column] * range(column, column - 1)", "M[row, column - 1]"})
    EXPECT_EQ(loop::merge_loops(nest({i, j}, M, {i, j}, value), sizes).counts,
              (std::vector<std::size_t>{20, 32}))
        << value;
  const Nest across = nest({j, i}, M, {i, j}, "2 * M[row, column]");
  EXPECT_EQ(loop::merge_loops(across, sizes).counts, (std::vector<std::size_t>{32, 20}));
}

TEST_F(MergeLoops, ASumOverTwoAxesIsOverOne) {
  const Tensor* total = array("total", {});
  const Nest sum = nest({i, j}, total, {}, "M[row, column]^2", Store::Mode::add);
  EXPECT_EQ(loop::merge_loops(sum, sizes).counts, (std::vector<std::size_t>{640}));
  EXPECT_EQ(loop::merge_loops(sum, sizes, 1).counts, (std::vector<std::size_t>{20, 32}));
}

TEST_F(MergeLoops, VisitsTheSameElementsInTheSameOrder) {
  std::size_t merged_nests = 0;
  const std::function<void(const Operations&, const plan::Specialisation&)> check =
      [&](const Operations& operations, const plan::Specialisation& of) {
        for (const auto& o : operations) {
          if (const Operations* body = loop::body_of(o)) check(*body, of);
          const auto* each = std::get_if<Nest>(&o.action);
          if (each == nullptr) continue;
          const auto merged = loop::merge_loops(*each, of);
          if (merged.counts.size() < each->loops.size()) ++merged_nests;
          ASSERT_EQ(visited(merged.nest, merged.counts, of), visited(*each, extents(*each, of), of));
        }
      };
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    const auto compiled = plan::compile(p.program, p.sizes);
    for (const auto& k : compiled.kernels) {
      SCOPED_TRACE(p.text);
      check(k.operations, compiled.sizes);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(merged_nests, 50U);
}

// ---- fuse_nests ----

using FusedLoops = LoopPass;

TEST_F(FusedLoops, AMaximumGoesIntoTheLoopOfItsNumbers) {
  const Tensor* x = array("x", {row});
  const Tensor* largest = array("largest", {});
  const Index k{row, 1};
  const Operations out = loop::fuse_nests({{nest({i}, x, {i}, "2 * a[row]")},
                                           {nest({}, largest, {}, "0")},
                                           {nest({k}, largest, {}, "x[row']", Store::Mode::maximum)}},
                                          sizes);
  ASSERT_EQ(out.size(), 2U);  // where it begins goes before
  EXPECT_EQ(std::get<Nest>(out[0].action).stores[0].target, largest);
  const Nest& both = std::get<Nest>(out[1].action);
  EXPECT_EQ(both.loops, (std::vector<Index>{i}));
  ASSERT_EQ(both.stores.size(), 2U);
  EXPECT_EQ(print(both.stores[1].value), "x[row]");
}

TEST_F(FusedLoops, OneLoopReducesToOneNumberAlone) {
  const Tensor* x = array("x", {row});
  const Operations out =
      loop::fuse_nests({{nest({i}, x, {i}, "2 * a[row]")},
                        {nest({}, array("first", {}), {}, "0")},
                        {nest({i}, array("first", {}), {}, "x[row]", Store::Mode::add)},
                        {nest({}, array("second", {}), {}, "0")},
                        {nest({i}, array("second", {}), {}, "x[row]^2", Store::Mode::add)}},
                       sizes);
  std::vector<std::size_t> stores;
  for (const auto& o : out) stores.push_back(std::get<Nest>(o.action).stores.size());
  EXPECT_EQ(stores, (std::vector<std::size_t>{1, 2, 1, 1}));
}

// y[row] = sum_column f((A B)[row, column]): while the sums of a tile are in the first cache.
TEST_F(FusedLoops, ASumOverTheRowsOfAProductIsTakenInItsTiles) {
  const Axis* inner = context.axis("inner");
  const Axis* group = context.axis("group");
  sizes.extents["inner"] = 48;
  sizes.extents["group"] = 3;
  const Index k{inner, 0}, g{group, 0};
  const Tensor* A = array("A", {group, row, inner}, Role::input);
  const Tensor* B = array("B", {group, inner, column}, Role::input);
  const Tensor* P = array("P", {group, row, column});
  const Tensor* y = array("y", {group, row}, Role::output);
  loop::Gemm product{{g},
                     i,
                     j,
                     k,
                     make_access(context, A, at({g, i, k})),
                     make_access(context, B, at({g, k, j})),
                     make_access(context, P, at({g, i, j})),
                     false,
                     "P"};
  const Operations out = loop::fuse_nests(
      {{product},
       {nest({g, i}, y, {g, i}, "0")},
       {nest({g, i, Index{column, 1}}, y, {g, i}, "xlogx(P[group, row, column'])", Store::Mode::add)}},
      sizes);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(std::get<Nest>(out[0].action).stores[0].target, y);
  const auto& fused = std::get<loop::Gemm>(out[1].action);
  ASSERT_EQ(fused.epilogue.size(), 1U);
  EXPECT_EQ(print(fused.epilogue[0].value), "xlogx(P[group, row, column])");
  // A sum over another axis has no row of the tile to itself.
  EXPECT_EQ(
      loop::fuse_nests(
          {{product},
           {nest({g, j}, array("z", {group, column}), {g, j}, "0")},
           {nest({g, j, i}, array("z", {group, column}), {g, j}, "P[group, row, column]", Store::Mode::add)}},
          sizes)
          .size(),
      3U);
}

// A matrix of which one column changes, beside one that changes as a whole.
TEST_F(FusedLoops, WorkOnOneColumnStaysApartFromWorkOnAllUnlessItIsLittle) {
  const Tensor* N = array("N", {row, column}, Role::parameter);
  array("winner", {}, Role::input);
  const Operations given{
      {nest({i, j}, N, {i, j}, "2 * N[row, column]")},
      {nest({i, j}, M, {i, j}, "M[row, column] + a[row]^2 * equal(position(column), winner)")}};
  EXPECT_EQ(loop::fuse_nests(given, sizes).size(), 2U);
  sizes.extents = {{"row", 4}, {"column", 5}};
  EXPECT_EQ(loop::fuse_nests(given, sizes).size(), 1U);
}

// ---- a change of a matrix on the way through its product ----

class UpdatedProduct : public LoopPass {
 protected:
  UpdatedProduct() { sizes.extents["row"] = sizes.extents["column"] = 24; }
  // y[row] = sum_column M[row, column] b[column] or the same of M by columns; the epilogue stores to y.
  loop::Gemm product(bool by_columns) {
    loop::Gemm out{{},
                   i,
                   std::nullopt,
                   j,
                   by_columns ? make_access(context, N, at({j, i})) : make_access(context, M, at({i, j})),
                   make_access(context, b, at({j})),
                   make_access(context, y, at({i})),
                   false,
                   "y"};
    out.epilogue.push_back({error, at({i}), Store::Mode::set, parsed("a[row] - y[row]"), "error"});
    return out;
  }
  Nest change(const std::string& value) { return nest({i, j}, M, {i, j}, value); }

  const Tensor* N = array("N", {column, row}, Role::parameter);
  const Tensor* y = array("y", {row});
  const Tensor* error = array("error", {row}, Role::variable);
};

TEST_F(UpdatedProduct, GoesThroughTheMatrixOnce) {
  EXPECT_TRUE(
      loop::updates_matrix_of(change("M[row, column] + error[row] * c[column]"), product(false), sizes));
  EXPECT_TRUE(loop::updates_matrix_of(nest({j, i}, N, {j, i}, "N[column, row] + error[row] * c[column]"),
                                      product(true), sizes));
}

TEST_F(UpdatedProduct, NotWhereAChangeReadsWhatIsStoredForAnotherRow) {
  const Tensor* along = array("along", {column}, Role::variable);
  loop::Gemm g = product(false);
  g.epilogue.push_back({array("first", {}), {}, Store::Mode::set, parsed("y[row]"), "first"});
  EXPECT_FALSE(loop::updates_matrix_of(change("M[row, column] + first * c[column]"), g, sizes));
  EXPECT_TRUE(loop::updates_matrix_of(change("M[row, column] + along[column]"), product(false), sizes));
  for (const char* value : {
           "M[row, column - 1] + c[column]",           // another element
           "M[row, column] + sum{row'}(error[row'])",  // other rows' errors
       })
    EXPECT_FALSE(loop::updates_matrix_of(change(value), product(false), sizes)) << value;
  EXPECT_FALSE(loop::updates_matrix_of(nest({j, i}, M, {i, j}, "M[row, column] + c[column]"), product(false),
                                       sizes));  // across the rows
  EXPECT_FALSE(loop::updates_matrix_of(nest({i, j}, array("other", {row, column}), {i, j}, "a[row]"),
                                       product(false), sizes));
  EXPECT_EQ(along->axes.size(), 1U);
}

// What the change reads is read until the product has stored its last row, and in the passes of a loop once
// more in the next one.
TEST_F(UpdatedProduct, ShareNoMemory) {
  const Tensor* scale = array("scale", {column});
  const Nest update = change("M[row, column] + a[row] * scale[column]");
  const Nest scaled = nest({j}, scale, {j}, "2 * c[column]");
  const auto apart = [&](const Operations& operations) {
    const loop::MemoryPlan plan = loop::plan_memory({"kernel", operations}, sizes);
    const auto &x = plan.slot(scale), &z = plan.slot(y);
    return x.offset + x.bytes <= z.offset || z.offset + z.bytes <= x.offset;
  };
  const Operation used{nest({i}, array("out", {row}, Role::output), {i}, "y[row]")};
  EXPECT_TRUE(apart({{scaled}, {update}, {product(false)}, used}));
  EXPECT_TRUE(
      apart({{loop::Repeat{3, std::nullopt, nullptr, {{product(false)}, used, {scaled}, {update}}}}}));
  // Two that are not one may.
  EXPECT_FALSE(apart({{scaled}, {update}, {nest({i}, y, {i}, "a[row]")}, {product(true)}, used}));
}

TEST_F(UpdatedProduct, WaitsForTheNextPassWhereItIsTheLastOfAPass) {
  const Nest update = change("M[row, column] + error[row] * c[column]");
  const Operations between{{nest({j}, array("z", {column}), {j}, "2 * b[column]")}};
  loop::Repeat repeat{3, std::nullopt, nullptr, {{product(false)}, between[0], {update}}};
  EXPECT_TRUE(loop::delays_update(repeat, sizes));
  repeat.count = 1;
  EXPECT_FALSE(loop::delays_update(repeat, sizes));
  repeat.count = 3;
  repeat.tolerance = 1e-3;  // what a pass has changed decides about the next
  EXPECT_FALSE(loop::delays_update(repeat, sizes));
  repeat.tolerance.reset();
  std::swap(repeat.body[1], repeat.body[2]);
  EXPECT_FALSE(loop::delays_update(repeat, sizes));
}

}  // namespace
}  // namespace freefall::test
