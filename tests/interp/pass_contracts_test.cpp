// What holds of every pass of the pipeline, walked by its table: kernels keep their values, a second run
// changes nothing, the cost never rises and falls somewhere. A pass that is not among the exceptions below is
// held to the number of operations; each has to change something in these programs, or its tests show
// nothing.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/fuse_nests.hpp"
#include "codegen/loop/memory_plan.hpp"
#include "codegen/loop/one_hot.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/whole_vectors.hpp"
#include "tests/fuzz/check.hpp"
#include "tests/fuzz/generate.hpp"
#include "tests/interp/model_programs.hpp"
#include "tests/kernel/models/online.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/same_structure.hpp"

namespace freefall::test {
namespace {

// ---- what a pass declares ----

// Of the kernels that are called again and again: all but `prepare`.
struct Cost {
  double operations = 0, bytes = 0;
  double across = 0;          // operations of products that go along the rows of a matrix of constants
  double blocked = 0;         // operations of products that pack what they read for lack of a better form
  double without_events = 0;  // operations of a call in which no condition holds
  double workspace = 0;       // bytes of the temporaries
  double scatters = 0;        // nests over one element alone
  double cut = 0;             // products whose sums end within a vector
};
using Measure = double Cost::*;

struct Contract {
  std::vector<Measure> never_raises = {&Cost::operations};
  Measure lowers = &Cost::operations;
  std::size_t passes = 1;      // times as many of each loop, for what is worth its cost in many
  std::size_t fires = 10;      // of these programs it changes as many, at least
  std::string_view with = {};  // the pass that has the rest of its work to do
  double for_a_scatter = 0;    // what the cost may rise for each nest over one element that there was
};

const std::map<std::string_view, Contract> kExceptions = {
    {"fold_affine", {.with = "hoist_constants"}},  // which takes out the matrices that it makes
    // What stands before a loop may grow: a hoisted part of a prediction hides from the first pass that the
    // prediction was computed before it.
    {"hoist_invariants", {.passes = 100}},
    {"stand_by_columns", {.never_raises = {&Cost::operations, &Cost::across}, .lowers = &Cost::across}},
    {"sink_into_conditions",
     {.never_raises = {&Cost::operations, &Cost::bytes, &Cost::without_events},
      .lowers = &Cost::without_events}},
    // With whole slices: lanes beyond the copies repeat the last.
    {"slice_plates", {.lowers = &Cost::workspace}},
    {"turn_matrices", {.never_raises = {&Cost::operations, &Cost::blocked}, .lowers = &Cost::blocked}},
    {"fuse_nests",
     {.never_raises = {&Cost::operations, &Cost::bytes},
      .lowers = &Cost::bytes,
      .for_a_scatter = loop::kScatter}},
    {"drop_dead_stores", {.never_raises = {&Cost::operations, &Cost::bytes}, .lowers = &Cost::bytes}},
    {"pad_rows", {.never_raises = {&Cost::operations, &Cost::cut}, .lowers = &Cost::cut}},
};

// A pass decides by the value before it, and not by what else reads its parts. Programs that cost more after
// one for that reason, by at most this much.
constexpr double kLargestRise = 0.02;
struct Rise {
  std::string_view pass, program, because;
};
const std::vector<Rise> kKnownRises = {
    {"gather_outcomes", "filter program of seed 50",
     "a vector was summed with two indicators, a matrix is read"},
    {"factor_products", "filter program of seed 10",
     "one of the factors that are added up is needed alone too"},
    {"hoist_invariants", "filter program of seed 56",
     "that an inverse is symmetric is known where it is made"},
};

const Contract& contract_of(const plan::Pass& pass) {
  static const Contract usual;
  const auto found = kExceptions.find(pass.name);
  return found == kExceptions.end() ? usual : found->second;
}

// Passes from one form to another. A second run has no input, or makes again what it has made, under other
// names; there is nothing that it might save. Their values are compared like all others.
const std::map<std::string_view, const char*> kLowering = {
    {"derive", "from statements to assignments"},
    {"prepare", "adds the kernel of that name"},
    {"materialise", "gives values names"},
    {"lower_schedule", "from assignments to loops"},
};
bool is_lowering(const plan::Pass& pass) { return kLowering.contains(pass.name); }

// ---- programs ----

struct Program {
  std::string name;
  fuzz::Subject subject;
  bool has_values = true;
};

void each_program(const std::function<void(const Program&)>& f) {
  // Even seeds: every other program omits arrays, and some have constants.
  struct Kind {
    const char* name;
    fuzz::Kind make;
    std::uint64_t programs;
    std::vector<std::uint64_t> more = {};
  };
  const Kind kinds[] = {
      {"attractor", fuzz::attractor_program, 15},
      {"spikes", fuzz::spikes_program, 35, {80, 82, 86}},  // some more with conditions on maxima
      {"outcomes", fuzz::outcomes_program, 30},
      // Some more, in which steps are affine, and those of the known rises.
      {"filter", fuzz::filter_program, 20, {50, 52, 56, 92, 102, 104, 108, 112, 116, 120, 126}},
      {"motion", fuzz::motion_program, 10},
      {"network", fuzz::network_program, 30, {66, 70, 76, 84}}};  // and with states that go
  for (const Kind& kind : kinds) {
    std::vector<std::uint64_t> seeds = kind.more;
    for (std::uint64_t n = 1; n <= kind.programs; ++n) seeds.push_back(2 * n);
    for (const std::uint64_t seed : seeds) {
      try {
        f({fmt::format("{} program of seed {}", kind.name, seed),
           fuzz::build(fuzz::generate(seed, kind.make))});
      } catch (const ir::ModelError&) {  // some are refused
      }
    }
  }
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    const bool wide = seed % 2 == 0;  // products are tiled and plates sliced
    RandomProgram p = wide ? random_program({.seed = seed, .widest = 24, .most_copies = 24})
                           : random_program({.seed = seed});
    f({p.text, {std::move(p.program), p.sizes, p.copies, p.values}});
  }
  for (std::uint64_t seed = 17; seed <= 28; ++seed) {  // so wide that matrices are turned, and not copies
    RandomProgram p = random_program({.seed = seed, .widest = 40, .most_copies = 40});
    f({p.text, {std::move(p.program), p.sizes, p.copies, p.values}, seed % 4 == 0});
  }
  // After whose slices what is left outside would be worth slices of its own.
  RandomProgram p = random_program({.seed = 67, .widest = 40, .most_copies = 40});
  f({p.text, {std::move(p.program), p.sizes, p.copies, p.values}, false});
  // Loops of many passes over a matrix by columns, whose rows end within a vector.
  for (const std::size_t units : {5, 6, 7, 9, 10, 11, 12, 13, 14, 15}) {
    fuzz::Subject s{online(by_columns{}).ir(), {"online", {{"unit", units}}}, {}, {}};
    std::mt19937_64 random(units);
    for (const ir::Tensor& t : s.program.context->tensors()) {
      auto& values = s.values[t.name];
      values.resize(s.sizes.size(&t));
      for (long double& v : values) v = static_cast<long double>(random() % 256) / 512 - 0.25L;
      for (std::size_t k = 0; t.zero_diagonal && k < units; ++k) values[k * (units + 1)] = 0;
    }
    f({fmt::format("online, {} units", units), std::move(s)});
  }
  for (ModelProgram& m : model_programs()) f({m.sizes.name, {std::move(m.program), m.sizes, {}, {}}, false});
}

using Change = std::function<void(const Program&, const plan::Pass&, const plan::Compilation& before,
                                  const plan::Compilation& after)>;

// Every pass, before and after, in every program in which it changes something.
void each_change(const Change& f) {
  std::map<std::string_view, std::size_t> changed;
  each_program([&](const Program& p) {
    plan::Compilation before;
    plan::compile(p.subject.program, p.subject.sizes,
                  [&](const plan::Pass& pass, const plan::Compilation& after) {
                    if (!difference(before, after).empty()) {
                      ++changed[pass.name];
                      SCOPED_TRACE(fmt::format("{} of {}", pass.name, p.name));
                      f(p, pass, before, after);
                    }
                    before = after;
                    return true;
                  });
  });
  for (const plan::Pass& pass : plan::passes())
    EXPECT_GE(changed[pass.name], contract_of(pass).fires) << pass.name << " changes too few programs";
}

// ---- costs ----

// The operations that are kept, in their loops; loops with a condition are kept or not as a whole.
loop::Operations filtered(const loop::Operations& operations,
                          const std::function<bool(const loop::Operation&)>& keep) {
  loop::Operations out;
  for (loop::Operation o : operations) {
    const auto* repeat = std::get_if<loop::Repeat>(&o.action);
    const bool conditional = repeat != nullptr && repeat->while_positive != nullptr;
    loop::Operations* body = loop::body_of(o);
    if ((body == nullptr || conditional) && !keep(o)) continue;
    if (body != nullptr) *body = filtered(*body, keep);
    out.push_back(std::move(o));
  }
  return out;
}

double scatters(const loop::Operations& operations) {
  double out = 0;
  for (const loop::Operation& o : operations) {
    if (const loop::Operations* body = loop::body_of(o)) out += scatters(*body);
    const auto* nest = std::get_if<loop::Nest>(&o.action);
    out += nest != nullptr && !loop::scatter(*nest).at.empty() ? 1 : 0;
  }
  return out;
}

double cut(const loop::Operations& operations, const plan::Specialisation& sizes) {
  double out = 0;
  for (const loop::Operation& o : operations) {
    const auto* repeat = std::get_if<loop::Repeat>(&o.action);
    const double times = repeat == nullptr ? 1 : static_cast<double>(repeat->count);
    if (const loop::Operations* body = loop::body_of(o)) out += times * cut(*body, sizes);
    const auto* g = std::get_if<loop::Gemm>(&o.action);
    if (g == nullptr || loop::product_form(*g, sizes) != loop::ProductForm::matrix_vector) continue;
    const std::size_t rows = sizes.extent((g->m ? g->m : g->n)->axis);
    out += rows == sizes.whole_vectors(rows) || loop::rows_may_go_on(*g, sizes) ? 0 : 1;
  }
  return out;
}

bool goes_across(const loop::Operation& o, const plan::Specialisation& sizes) {
  if (loop::body_of(o) != nullptr) return true;
  const auto* g = std::get_if<loop::Gemm>(&o.action);
  if (g == nullptr || !g->k) return false;
  const auto is_across = [&](ir::Expr matrix, const std::optional<ir::Index>& row) {
    const ir::Role role = matrix->tensor->role;
    return (role == ir::Role::constant || role == ir::Role::prepared) && row &&
           loop::stride(matrix, g->k, sizes) == 1 && loop::stride(matrix, row, sizes) != 1;
  };
  return is_across(g->a, g->m) || is_across(g->b, g->n);
}

void repeat_more(calculus::Steps& steps, std::size_t times) {
  for (calculus::Step& step : steps) {
    if (auto* loop = std::get_if<calculus::Loop>(&step.action)) loop->count *= times;
    if (calculus::Steps* body = calculus::body_of(step)) repeat_more(*body, times);
  }
}

// The cost with no optimisation from here on.
Cost cost_of(plan::Compilation c, const plan::Pass* next, const plan::Specialisation& sizes,
             const Contract& contract) {
  for (auto& p : c.planned) repeat_more(p.steps, contract.passes);
  for (const plan::Pass* end = plan::passes().data() + plan::passes().size(); next < end; ++next) {
    if (!next->optional || next->name == contract.with) next->run(c);
  }
  Cost out;
  for (const loop::Kernel& k : c.kernels) {
    if (k.name == "prepare") continue;
    const auto operations = [&](const std::function<bool(const loop::Operation&)>& keep) {
      return loop::cost(filtered(k.operations, keep), sizes).operations;
    };
    const loop::Cost cost = loop::cost(k.operations, sizes);
    out.operations += cost.operations;
    out.bytes += cost.bytes;
    out.across += operations([&](const auto& o) { return goes_across(o, sizes); });
    out.blocked += operations([&](const auto& o) {
      const auto* g = std::get_if<loop::Gemm>(&o.action);
      return loop::body_of(o) != nullptr ||
             (g != nullptr && loop::product_form(*g, sizes) == loop::ProductForm::blocked);
    });
    out.without_events += operations([](const auto& o) { return loop::body_of(o) == nullptr; });
    out.scatters += scatters(k.operations);
    out.cut += cut(k.operations, sizes);
    out.workspace += static_cast<double>(loop::plan_memory(k, sizes).workspace_bytes);
  }
  return out;
}

// With as many copies as fill the slices that were made.
plan::Specialisation whole_slices(const ir::Context& context, plan::Specialisation sizes) {
  for (const ir::Axis& plate : context.axes()) {
    if (!plate.plate) continue;
    const auto lane = sizes.lanes.find(plate.name + "_lane");
    if (lane == sizes.lanes.end()) continue;
    std::size_t& copies = sizes.extents.at(plate.name);
    copies = (copies + lane->second - 1) / lane->second * lane->second;
  }
  return sizes;
}

// ---- the contracts ----

TEST(EveryPass, KeepsTheValuesOfKernels) {
  plan::Compilation derived;
  fuzz::Results expected;
  fuzz::Outcome counts;
  bool has_values = false;
  each_change([&](const Program& p, const plan::Pass& pass, const plan::Compilation&,
                  const plan::Compilation& after) {
    if (!p.has_values) return;
    try {
      if (&pass == plan::passes().data()) {
        derived = after;
        has_values = false;
        expected = fuzz::interpret(p.subject, after);
        has_values = true;
        return;
      }
      if (!has_values) return;
      EXPECT_EQ(fuzz::wrong_value(p.subject, derived, fuzz::interpret(p.subject, after), expected, counts),
                "");
    } catch (const std::domain_error&) {  // a matrix is not positive definite at these values
      EXPECT_FALSE(has_values);
    }
  });
  EXPECT_GT(counts.compared, 100 * counts.ill_conditioned);
}

TEST(EveryPass, ChangesNothingInASecondRun) {
  each_change(
      [](const Program&, const plan::Pass& pass, const plan::Compilation&, const plan::Compilation& after) {
        if (is_lowering(pass)) return;
        plan::Compilation again = after;
        pass.run(again);
        EXPECT_EQ(difference(after, again), "");
      });
}

TEST(EveryPass, NeverRaisesTheCostAndLowersItSomewhere) {
  std::map<std::string_view, std::size_t> lowered;
  // What one pass leaves is what the next one finds.
  const Program* program = nullptr;
  Contract known_for;
  std::map<std::string, std::size_t> extents;
  Cost known;
  each_change([&](const Program& p, const plan::Pass& pass, const plan::Compilation& before,
                  const plan::Compilation& after) {
    if (&pass == plan::passes().data()) program = nullptr;
    if (!pass.optional) return;  // kernels are not right without it, whatever it costs
    const Contract& contract = contract_of(pass);
    const plan::Specialisation sizes = whole_slices(*p.subject.program.context, after.sizes);
    const bool is_known = program == &p && known_for.passes == contract.passes &&
                          known_for.with == contract.with && extents == sizes.extents;
    const Cost more = is_known ? known : cost_of(before, &pass + 1, sizes, contract),
               less = cost_of(after, &pass + 1, sizes, contract);
    program = &p;
    known_for = contract;
    extents = sizes.extents;
    known = less;
    const bool may_rise = std::any_of(kKnownRises.begin(), kKnownRises.end(), [&](const Rise& rise) {
      return rise.pass == pass.name && rise.program == p.name;
    });
    const double times = 1 + (may_rise ? kLargestRise : 1e-12), plus = contract.for_a_scatter * more.scatters;
    for (const Measure m : contract.never_raises) EXPECT_LE(less.*m, more.*m * times + plus);
    lowered[pass.name] += less.*contract.lowers < more.*contract.lowers ? 1 : 0;
  });
  for (const plan::Pass& pass : plan::passes()) {
    EXPECT_TRUE(!pass.optional || lowered[pass.name] > 0) << pass.name;
  }
}

TEST(EveryPass, IsKnownByItsName) {
  const auto is_pass = [](std::string_view name) {
    const auto& all = plan::passes();
    return std::any_of(all.begin(), all.end(), [&](const plan::Pass& p) { return p.name == name; });
  };
  for (const auto& [name, contract] : kExceptions) EXPECT_TRUE(is_pass(name)) << name;
  for (const auto& [name, reason] : kLowering) EXPECT_TRUE(is_pass(name)) << name;
}

}  // namespace
}  // namespace freefall::test
