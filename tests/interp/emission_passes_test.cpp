// What is done to loops where they are emitted, and what it is for: loops that go through memory as one,
// diagonals taken out, one-hot arrays as scatters; a change of a matrix on the way through its product; draws
// made a pass ahead; rows with room behind them; and how often an inference step works out a nonlinearity.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "codegen/emit/emit_library.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/draws_ahead.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/loop/memory_plan.hpp"
#include "codegen/loop/merge_loops.hpp"
#include "codegen/loop/one_hot.hpp"
#include "codegen/loop/split_diagonal.hpp"
#include "codegen/loop/take_apart.hpp"
#include "codegen/loop/updated_product.hpp"
#include "codegen/plan/pipeline.hpp"
#include "models/pcn/network.hpp"
#include "tests/fuzz/generate.hpp"
#include "tests/kernel/models/online.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

using loop::Nest;

using Visit = std::function<void(const Nest&, const fuzz::Subject&, const plan::Compilation&)>;

void each_nest(const loop::Operations& operations, const std::function<void(const Nest&)>& f) {
  for (const loop::Operation& o : operations) {
    if (const loop::Operations* body = loop::body_of(o)) each_nest(*body, f);
    if (const auto* nest = std::get_if<Nest>(&o.action)) f(*nest);
  }
}

// Every nest of compiled random programs.
void each_nest(std::initializer_list<fuzz::Kind> kinds, std::uint64_t programs, const Visit& f) {
  for (const fuzz::Kind kind : kinds) {
    for (std::uint64_t seed = 1; seed <= programs; ++seed) {
      try {
        const fuzz::Subject subject = fuzz::build(fuzz::generate(seed, kind));
        const plan::Compilation c = plan::compile(subject.program, subject.sizes);
        SCOPED_TRACE(seed);
        for (const auto& k : c.kernels) {
          each_nest(k.operations, [&](const Nest& nest) { f(nest, subject, c); });
        }
      } catch (const ir::ModelError&) {  // some are refused
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

bool same(const Nest& a, const Nest& b) {
  return a.loops == b.loops && std::equal(a.stores.begin(), a.stores.end(), b.stores.begin(), b.stores.end(),
                                          [](const loop::Store& x, const loop::Store& y) {
                                            return x.target == y.target && x.subscripts == y.subscripts &&
                                                   x.mode == y.mode && x.value == y.value;
                                          });
}

// That elements are visited in the same order is in loop_passes_test.cpp.
TEST(MergeLoops, ChangesNothingInASecondRunAndStartsFewerLoops) {
  std::size_t merged = 0;
  each_nest({fuzz::network_program, fuzz::outcomes_program, fuzz::filter_program}, 15,
            [&](const Nest& nest, const fuzz::Subject&, const plan::Compilation& c) {
              const loop::MergedNest once = loop::merge_loops(nest, c.sizes);
              const loop::MergedNest twice = loop::merge_loops(once, c.sizes);
              EXPECT_TRUE(same(twice.nest, once.nest));
              EXPECT_EQ(twice.counts, once.counts);
              std::size_t elements = 1, after = 1;
              for (const ir::Index& i : nest.loops) elements *= c.sizes.extent(i.axis);
              for (const std::size_t n : once.counts) after *= n;
              EXPECT_EQ(after, elements);
              ASSERT_LE(once.counts.size(), nest.loops.size());
              merged += once.counts.size() < nest.loops.size() ? 1 : 0;
            });
  EXPECT_GT(merged, 100U);
}

// Value and cost are in passes_test.cpp.
TEST(SplitDiagonal, LeavesNoDiagonalToSplit) {
  std::size_t split = 0;
  each_nest({fuzz::attractor_program, fuzz::network_program, fuzz::filter_program}, 30,
            [&](const Nest& nest, const fuzz::Subject&, const plan::Compilation&) {
              const auto once = loop::split_diagonal(nest);
              if (!once) return;
              ++split;
              EXPECT_FALSE(loop::split_diagonal(once->elsewhere));
            });
  EXPECT_GT(split, 20U);
}

// ---- scatter ----

// All arrays that a nest touches, with values that number an element where they choose one.
loop::Memory<long double> random_memory(const Nest& nest, const loop::Scatter& scatter,
                                        const fuzz::Subject& subject, const plan::Specialisation& sizes,
                                        std::uint64_t seed) {
  std::mt19937_64 random(seed);
  loop::Memory<long double> out(sizes, subject.copies);
  const loop::Touched touched = loop::touched(loop::Operation{nest});
  std::vector<const ir::Tensor*> chosen;
  for (const auto& [index, value] : scatter.at) {
    for (const ir::Tensor* t : ir::tensors_of(value)) chosen.push_back(t);
  }
  for (const auto* list : {&touched.read, &touched.written}) {
    for (const ir::Tensor* t : *list) {
      const bool number = std::find(chosen.begin(), chosen.end(), t) != chosen.end();
      std::vector<long double>& values = out[t];
      values.resize(sizes.size(t));
      // Also one before the axis and some behind it; negative for values that are negated.
      for (long double& v : values)
        v = number ? static_cast<long double>(random() % 9) - 4
                   : static_cast<long double>(random() % 1000) / 500 - 1;
    }
  }
  return out;
}

// A scatter by the interpreter: its value is worked out, and the nest run there.
void interpret(const loop::Scatter& scatter, ir::Context& context, loop::Memory<long double>& memory) {
  Nest nest = scatter.nest;
  for (const auto& [index, value] : scatter.at) {
    const ir::Tensor* at = context.tensor("scatter_at", {}, ir::Role::temporary);
    loop::interpret({{Nest{{}, {{at, {}, loop::Store::Mode::set, value, ""}}}}}, memory);
    const long double v = memory[at][0];
    if (!(v >= 0 && v < static_cast<long double>(memory.count(index.axis)) && v == std::floor(v))) return;
    const ir::Substitution there{{index, ir::Subscript(static_cast<std::int64_t>(v))}};
    for (loop::Store& s : nest.stores) {
      for (ir::Subscript& each : s.subscripts) each = ir::substitute(each, there);
      s.value = ir::substitute(s.value, there);
    }
  }
  loop::interpret({{nest}}, memory);
}

TEST(Scatter, KeepsTheValueChangesNothingInASecondRunAndHasFewerLoops) {
  std::size_t scattered = 0, changed = 0;
  each_nest({fuzz::spikes_program}, 40,
            [&](const Nest& nest, const fuzz::Subject& subject, const plan::Compilation& c) {
              const loop::Scatter once = loop::scatter(nest);
              EXPECT_TRUE(loop::scatter(once.nest).at.empty());
              EXPECT_TRUE(same(loop::scatter(once.nest).nest, once.nest));
              EXPECT_EQ(once.at.empty(), same(once.nest, nest));
              const bool ticks = !loop::ticks_of(loop::Operation{nest}).empty();
              if (once.at.empty() || ticks) return;
              ++scattered;
              EXPECT_LT(once.nest.loops.size(), nest.loops.size());
              for (std::uint64_t seed = 1; seed <= 4; ++seed) {
                auto all = random_memory(nest, once, subject, c.sizes, seed), one = all;
                const auto before = all[nest.stores[0].target];
                loop::interpret({{nest}}, all);
                interpret(once, *subject.program.context, one);
                for (const loop::Store& s : nest.stores)
                  EXPECT_LE(distance(one[s.target], all[s.target]), 1e-15L) << s.target->name;
                changed += all[nest.stores[0].target] != before ? 1 : 0;
              }
            });
  EXPECT_GT(scattered, 20U);
  EXPECT_GT(changed, scattered);  // some values lie outside the axis
}

// ---- a matrix that changes ----

std::string emitted(const plan::Compilation& c) {
  std::string out;
  for (const auto& file : emit::emit_library(c)) {
    if (file.name.ends_with(".cpp")) out += file.text;
  }
  return out;
}

std::size_t calls(const std::string& text, std::string_view what) {
  std::size_t out = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++out;
  return out;
}

template <class Layout>
void expect_updated_products(Layout layout) {
  const ir::Program program = online(layout).ir();
  const plan::Compilation c = plan::compile(program, {"online", {{"unit", 24}}});
  std::size_t delayed = 0, at_once = 0;
  for (const auto& k : c.kernels) {
    const auto& all = k.operations;
    for (std::size_t n = 0; n < all.size(); ++n) {
      const auto* repeat = std::get_if<loop::Repeat>(&all[n].action);
      delayed += repeat != nullptr && loop::delays_update(*repeat, c.sizes) ? 1 : 0;
      at_once += n + 1 < all.size() && loop::are_updated_product(all[n], all[n + 1], c.sizes) ? 1 : 0;
    }
  }
  EXPECT_EQ(delayed, 2U);
  EXPECT_EQ(at_once, 1U);
  const std::string text = emitted(c);
  EXPECT_EQ(calls(text, "#include <freefall/runtime/updated_product.hpp>"), 1U);
  EXPECT_EQ(calls(text, "freefall::runtime::updated_matrix_vector<"), 3U);
}

TEST(UpdatedProduct, IsCalledByTheKernelsThatHaveOne) {
  expect_updated_products(by_rows{});
  expect_updated_products(by_columns{});
}

TEST(UpdatedProduct, IsNotCalledWhereAMatrixIsChangedOncePerCall) {
  const ir::Program program =
      pcn::network<3, 4, pcn::biases::no>([](auto a) { return freefall::tanh(a); }).ir();
  const plan::Compilation c = plan::compile(
      program, {"network", {{"batch", 8}, {"pixel", 24}, {"hidden1", 24}, {"hidden2", 24}, {"label", 24}}});
  EXPECT_EQ(calls(emitted(c), "updated_product"), 0U);
}

const loop::Repeat* first_loop(const loop::Operations& operations) {
  for (const loop::Operation& o : operations) {
    if (const auto* repeat = std::get_if<loop::Repeat>(&o.action)) return repeat;
    if (const loop::Operations* body = loop::body_of(o)) {
      if (const loop::Repeat* inside = first_loop(*body)) return inside;
    }
  }
  return nullptr;
}

// What adds to a matrix in each pass leaves what is not finite there, so that the last change sees it.
TEST(UpdatedProduct, IsLookedAtBehindTheLoopAlone) {
  for (const bool columns : {false, true}) {
    const ir::Program program = columns ? online(by_columns{}).ir() : online(by_rows{}).ir();
    const std::string text = emitted(plan::compile(program, {"online", {{"unit", 24}}}));
    const std::size_t in_loop = text.find("void run_updated_product"),
                      behind = text.find("void run_nest", in_loop);
    const std::string delayed = text.substr(in_loop, text.find("\n}\n", in_loop) - in_loop);
    EXPECT_EQ(calls(delayed, "stored_"), 0U) << delayed;
    EXPECT_GT(calls(text.substr(behind), "store_over<24>(&J"), 0U) << text;
  }
}

// ---- products that set an array once look at what they store ----

TEST(CheckedWhereWritten, ByTheProductThatSetsAllOfIt) {
  const ir::Program program =
      pcn::network<3, 4, pcn::biases::no>([](auto a) { return freefall::tanh(a); }).ir();
  const std::string text = emitted(plan::compile(
      program,
      {"network", {{"batch", 256}, {"pixel", 48}, {"hidden1", 64}, {"hidden2", 48}, {"label", 24}}}));
  for (const char* weights : {"W1", "W2", "W3"})
    EXPECT_EQ(calls(text, fmt::format("stored_.look_at<count_.value>(&{}[", weights)), 1U) << text;
  const std::size_t stores = text.find("stored_.look_at<count_.value>(&W"),
                    kernel = text.find("run_team", stores);
  ASSERT_NE(kernel, std::string::npos) << text;
  const std::size_t results = text.find("if (bool(stored_ & ", kernel);
  EXPECT_EQ(calls(text.substr(kernel, results - kernel), "stored_by_all_.join(stored_)"), 1U)
      << "threads look at what each has stored";
  ASSERT_NE(results, std::string::npos) << text;
  EXPECT_EQ(calls(text.substr(results, text.find("return {};", results) - results), "{a.W"), 0U)
      << "weights are not read again";
}

// ---- rows with room behind them ----

TEST(PadRows, LetsVectorsGoOnInALoopOfManyPasses) {
  const ir::Program program = online(by_columns{}).ir();
  const plan::Specialisation sizes{"online", {{"unit", 25}}, plan::Scalar::float32};
  const std::string text = emitted(plan::compile(program, sizes));
  const auto kernel = [&](const char* name, const char* next) {
    const std::size_t from = text.find(fmt::format("void {}_", name)),
                      to = text.find(fmt::format("void {}_", next));
    return text.substr(from, to - from);
  };
  const std::string few = kernel("run", "run_on"), many = kernel("run_on", "learn");
  EXPECT_EQ(calls(few, "updated_matrix_vector<float, 25, 25, 1, 25, 1>"), 1U);
  EXPECT_EQ(calls(few, "_padded"), 0U) << "five passes are not worth the copies";
  EXPECT_EQ(calls(many, "updated_matrix_vector<float, 32, 25, 1, 32, 1>"), 1U);
  EXPECT_EQ(calls(many, "each_over<32, float, true>"), 1U) << many;
  EXPECT_EQ(calls(many, "store_over<25>(&J["), 1U) << "the caller's rows have no room";
  EXPECT_EQ(calls(many, "store_over<25>(&sigma["), 1U);
}

TEST(PadRows, LeavesOthersAsTheyAre) {
  const auto padded = [](const ir::Program& program, std::size_t units) {
    return calls(emitted(plan::compile(program, {"online", {{"unit", units}}, plan::Scalar::float32})),
                 "_padded");
  };
  EXPECT_GT(padded(online(by_columns{}).ir(), 9), 0U);
  EXPECT_EQ(padded(online(by_columns{}).ir(), 8), 0U) << "half of the rows were padding";
  EXPECT_EQ(padded(online(by_columns{}).ir(), 32), 0U) << "whole vectors";
  EXPECT_EQ(padded(online(by_columns{}).ir(), 50), 0U) << "many vectors";
  EXPECT_EQ(padded(online(by_rows{}).ir(), 25), 0U) << "sums along the rows";
}

// ---- draws made a pass ahead ----

TEST(DrawsAhead, StandBehindTheirLastReaderAndBeforeTheLoop) {
  const ir::Program program = online(by_rows{}).ir();
  const plan::Compilation c = plan::compile(program, {"online", {{"unit", 24}}});
  const auto run =
      std::find_if(c.kernels.begin(), c.kernels.end(), [](const auto& k) { return k.name == "run"; });
  const loop::Repeat* passes = first_loop(run->operations);
  ASSERT_NE(passes, nullptr);
  const auto ahead = loop::draws_ahead(*passes, c.sizes);
  ASSERT_TRUE(ahead);
  const ir::Tensor* draws = std::get<loop::Draws>(passes->body[ahead->draws].action).result;
  const auto read = [&](const loop::Operation& o) {
    const auto of = loop::touched(o).read;
    return std::find(of.begin(), of.end(), draws) != of.end();
  };
  EXPECT_TRUE(read(passes->body[ahead->last_reader]));
  EXPECT_TRUE(std::none_of(passes->body.begin() + static_cast<std::ptrdiff_t>(ahead->last_reader) + 1,
                           passes->body.end(), read));

  // They are kept from pass to pass: nothing that the loop touches shares their memory.
  const loop::MemoryPlan memory = loop::plan_memory(*run, c.sizes);
  const auto& own = memory.slot(draws);
  const loop::Touched all = loop::touched(passes->body);
  std::size_t others = 0;
  for (const loop::MemoryPlan::Slot& s : memory.slots) {
    const bool in_loop = std::find(all.read.begin(), all.read.end(), s.tensor) != all.read.end() ||
                         std::find(all.written.begin(), all.written.end(), s.tensor) != all.written.end();
    if (s.tensor == draws || !in_loop) continue;
    ++others;
    EXPECT_TRUE(s.offset + s.bytes <= own.offset || own.offset + own.bytes <= s.offset) << s.tensor->name;
  }
  EXPECT_GT(others, 0U);

  const std::string text = emitted(c);
  const std::string kernel = text.substr(text.find("status run("));
  const std::size_t loop = kernel.find("for (std::size_t pass_1"), reader = kernel.find("run_nest", loop);
  EXPECT_LT(kernel.find("fill_uniform"), loop);
  EXPECT_GT(kernel.find("if (pass_1 + 1 < 5)"), reader) << kernel;
  EXPECT_EQ(calls(kernel.substr(0, kernel.find("status run_on(")), "fill_uniform"), 2U);
}

TEST(Draws, HaveNoRoomBehindOneAlone) {
  const auto text = [](std::size_t units) {
    return emitted(plan::compile(online(by_rows{}).ir(), {"online", {{"unit", units}}}));
  };
  EXPECT_GT(calls(text(24), "fill_uniform_and_rest("), 0U);
  EXPECT_GT(calls(text(1), "fill_uniform("), 0U);
  EXPECT_EQ(calls(text(1), "fill_uniform_and_rest("), 0U);
}

TEST(DrawsAhead, AreNotMadeWhereTheNextPassMayNotCome) {
  const ir::Program program = online(by_rows{}).ir();
  const plan::Compilation c = plan::compile(program, {"online", {{"unit", 24}}});
  loop::Repeat passes = *first_loop(c.kernels[0].operations);
  ASSERT_TRUE(loop::draws_ahead(passes, c.sizes));
  const ir::Tensor* scalar = program.context->tensor("moved", {}, ir::Role::temporary);
  loop::Repeat until = passes, while_positive = passes, once = passes, before = passes;
  until.tolerance = 1e-3;
  until.moved = scalar;
  while_positive.while_positive = scalar;
  once.count = 1;
  // What reads them before they are made reads those of the pass before.
  const auto at = static_cast<std::ptrdiff_t>(loop::draws_ahead(passes, c.sizes)->draws);
  std::rotate(before.body.begin() + at, before.body.begin() + at + 1, before.body.end());
  for (const loop::Repeat* each : {&until, &while_positive, &once, &before})
    EXPECT_FALSE(loop::draws_ahead(*each, c.sizes));
}

// ---- rows that end within a vector ----

// What is done at once is run twice here.
TEST(TakeApart, KeepsTheValueAlsoWhereElementsAreWorkedOutTwice) {
  std::size_t apart = 0, twice = 0;
  each_nest({fuzz::network_program, fuzz::attractor_program, fuzz::filter_program}, 40,
            [&](const Nest& nest, const fuzz::Subject& subject, const plan::Compilation& c) {
              if (!loop::ticks_of(loop::Operation{nest}).empty()) return;
              const loop::MergedNest merged = loop::merge_loops(nest, c.sizes, nest.loops.size());
              const auto parts = loop::take_apart(merged, c.sizes);
              std::vector<loop::Store> stores;
              for (const loop::MergedNest& part : parts)
                stores.insert(stores.end(), part.nest.stores.begin(), part.nest.stores.end());
              EXPECT_TRUE(same({nest.loops, stores}, merged.nest));
              apart += parts.size() > 1 ? 1 : 0;
              auto all = random_memory(nest, {nest, {}}, subject, c.sizes, 7), one = all;
              loop::interpret({{merged.nest}}, all);
              for (const loop::MergedNest& part : parts) {
                loop::interpret({{part.nest}}, one);
                if (!loop::is_done_at_once(part, c.sizes)) continue;
                twice += part.nest.stores.size() > 1 ? 1 : 0;
                loop::interpret({{part.nest}}, one);
              }
              for (const loop::Store& s : nest.stores)
                EXPECT_LE(distance(one[s.target], all[s.target]), 1e-15L) << s.target->name;
            });
  EXPECT_GT(apart, 3U);
  EXPECT_GT(twice, 3U);
}

// ---- chains of operations side by side ----

// y = f(x) over an axis, as a kernel of that many units.
std::string row_of(std::size_t units, const auto& f) {
  using namespace freefall;
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  model<"rows">(x <<= normal(0.0), y <<= normal(f(x)));
  const ir::Program program = freefall::program{kernel<"row">(predict(y))}.ir();
  return emitted(plan::compile(program, {"rows", {{"unit", units}}}));
}

TEST(Abreast, AreNoFewNumbersButTheyAreWorkedOutAtOnceToo) {
  using namespace freefall;
  const auto text = [](std::size_t units) {
    axis<"unit"> unit;
    auto x = variable<"x">(unit);
    auto y = variable<"y">(unit);
    auto z = variable<"z">(unit);
    model<"rows">(x <<= normal(0.0), y <<= normal(freefall::tanh(x)), z <<= normal(hadamard(y, x)));
    const ir::Program program = freefall::program{kernel<"row">(predict(y), predict(z))}.ir();
    return emitted(plan::compile(program, {"rows", {{"unit", units}}}));
  };
  EXPECT_EQ(calls(text(7), "rows_over<7,"), 1U) << text(7);
  EXPECT_EQ(calls(text(7), "FREEFALL_MIXED"), 0U);
  EXPECT_EQ(calls(text(13), "rows_over<13,"), 1U);
  EXPECT_EQ(calls(text(13), "FREEFALL_MIXED void"), 1U);
}

TEST(Abreast, GoTheVectorsOfNumbersThatTakeLong) {
  const auto long_one = [](auto x) { return freefall::tanh(x); };
  const auto short_one = [](auto x) { return 2.0 * x; };
  const std::string text = row_of(64, long_one);
  EXPECT_EQ(calls(text, "store_over<64, true>"), 1U) << text;
  EXPECT_EQ(calls(text, "FREEFALL_MIXED void"), 1U) << text;
  EXPECT_EQ(calls(row_of(51, long_one), "set_over<51, true>"), 1U) << "also where they end within a vector";
  EXPECT_EQ(calls(row_of(64, short_one), "true>") + calls(row_of(15, long_one), "true>"), 0U);
  EXPECT_EQ(calls(row_of(64, short_one), "FREEFALL_MIXED"), 0U);
}

// ---- nonlinearities ----

// Evaluations of pointwise functions in one run of the operations, by name; loops count once.
void count_functions(const loop::Operations& operations, const plan::Specialisation& sizes, double times,
                     std::map<std::string, double>& out) {
  const auto add = [&](const std::vector<ir::Index>& loops, const std::vector<loop::Store>& stores) {
    double elements = times;
    std::vector<ir::Expr> values;
    for (const ir::Index& i : loops) elements *= static_cast<double>(sizes.extent(i.axis));
    for (const loop::Store& s : stores) values.push_back(s.value);
    for (const ir::Expr e : ir::topological(values)) {
      if (e->op == ir::Op::Map) out[std::string(ir::row(e->function).name)] += elements;
    }
  };
  for (const loop::Operation& o : operations) {
    if (const auto* nest = std::get_if<Nest>(&o.action)) add(nest->loops, nest->stores);
    if (const auto* gemm = std::get_if<loop::Gemm>(&o.action)) add(loop::all_indices(*gemm), gemm->epilogue);
    const auto* slices = std::get_if<loop::Slices>(&o.action);
    const double each =
        slices == nullptr ? 1 : static_cast<double>(sizes.extent(slices->plate) / sizes.extent(slices->lane));
    if (const loop::Operations* body = loop::body_of(o)) count_functions(*body, sizes, times * each, out);
  }
}

// A step of predictive coding needs each prediction f(W x + b) and its slope. The slope of tanh is made of
// its value, the prediction from the clamped image does not change, and that of the digit is linear: of four
// layers, one tanh for each unit of the second and third, and nothing else.
TEST(Inference, TakesATanhForEachUnitAndPass) {
  const ir::Program program =
      pcn::network<4, 20, pcn::biases::yes>([](auto a) { return freefall::tanh(a); }).ir();
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}}) {  // whole, and in slices
    const std::map<std::string, std::size_t> extents = {{"batch", batch}, {"pixel", 12},  {"hidden1", 16},
                                                        {"hidden2", 24},  {"hidden3", 8}, {"label", 10}};
    const plan::Compilation c = plan::compile(program, {"network", extents});
    for (const char* name : {"infer", "train"}) {
      const auto kernel =
          std::find_if(c.kernels.begin(), c.kernels.end(), [&](const auto& k) { return k.name == name; });
      const loop::Repeat* passes = first_loop(kernel->operations);
      ASSERT_NE(passes, nullptr);
      const bool sliced = !c.sizes.lanes.empty();
      EXPECT_EQ(sliced, batch == 64);
      // The body of a slice is for its lanes.
      const double copies = static_cast<double>(sliced ? c.sizes.lanes.begin()->second : batch);
      std::map<std::string, double> evaluations;
      count_functions(passes->body, c.sizes, 1, evaluations);
      EXPECT_EQ(evaluations, (std::map<std::string, double>{{"tanh", copies * (24 + 8)}})) << name;
    }
  }
}

}  // namespace
}  // namespace freefall::test
