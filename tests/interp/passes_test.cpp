// Every pass of the pipeline keeps the value of every kernel, on a family of random models; passes that
// simplify are idempotent and do not raise the cost.

#include <gtest/gtest.h>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/pipeline.hpp"
#include "tests/support/random_program.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

// The order of summation changes with the passes. A gradient that is zero but for rounding (1e-18 in long
// double) moves a parameter by rate / epsilon = 1e6 times as much under Adam.
constexpr long double kTolerance = 1e-12L;

constexpr std::uint64_t kPrograms = 300;

using Results = std::map<std::string, Arrays<long double>>;  // by kernel

// Every kernel after what the compilation has reached.
Results run_all(const RandomProgram& p, const plan::Compilation& c) {
  Results out;
  const ir::Context& context = *p.program.context;
  if (c.kernels.empty()) {
    for (const auto& k : c.planned)
      out[k.name] = run_steps<long double>(k.steps, context, p.values, p.sizes, p.copies);
  } else {
    for (const auto& k : c.kernels)
      out[k.name] = run_operations<long double>(k.operations, context, p.values, p.sizes, p.copies);
  }
  return out;
}

void expect_same(const Results& found, const Results& expected, const std::string& where) {
  for (const auto& [kernel, arrays] : expected) {
    for (const auto& [name, values] : arrays) {
      EXPECT_LE(distance(found.at(kernel).at(name), values), kTolerance)
          << where << ": '" << name << "' of kernel " << kernel;
    }
  }
}

class EveryPass : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryPass, KeepsTheValueOfEveryKernel) {
  for (std::uint64_t seed = GetParam(); seed <= kPrograms; seed += 10) {
    const RandomProgram p = random_program({.seed = seed});
    SCOPED_TRACE(p.text);
    Results expected;
    plan::compile(p.program, p.sizes, [&](const plan::Pass& pass, const plan::Compilation& c) {
      if (expected.empty()) {
        expected = run_all(p, c);
      } else {
        expect_same(run_all(p, c), expected, pass.name);
      }
      return !testing::Test::HasFailure();
    });
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(RandomPrograms, EveryPass, testing::Range<std::uint64_t>(1, 11));

// ---- structure ----

bool equal(const calculus::Steps& a, const calculus::Steps& b);
bool equal(const calculus::Assign& a, const calculus::Assign& b) {
  return std::equal(a.simultaneous.begin(), a.simultaneous.end(), b.simultaneous.begin(),
                    b.simultaneous.end(),
                    [](const auto& x, const auto& y) { return x.target == y.target && x.value == y.value; });
}
bool equal(const calculus::Loop& a, const calculus::Loop& b) {
  return a.count == b.count && a.tolerance == b.tolerance && a.watched == b.watched && equal(a.body, b.body);
}
bool equal(const calculus::Steps& a, const calculus::Steps& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    if (x.action.index() != y.action.index()) return false;
    if (const auto* loop = std::get_if<calculus::Loop>(&x.action))
      return equal(*loop, std::get<calculus::Loop>(y.action));
    return equal(std::get<calculus::Assign>(x.action), std::get<calculus::Assign>(y.action));
  });
}

// Number of stores in each nest and of operations in each body, in order: what fusing can change.
void shape(const loop::Operations& operations, std::vector<std::size_t>& out) {
  out.push_back(operations.size());
  for (const auto& o : operations) {
    if (const auto* nest = std::get_if<loop::Nest>(&o.action)) out.push_back(nest->stores.size());
    if (const auto* repeat = std::get_if<loop::Repeat>(&o.action)) shape(repeat->body, out);
  }
}
std::vector<std::size_t> shape(const loop::Operations& operations) {
  std::vector<std::size_t> out;
  shape(operations, out);
  return out;
}

TEST(HoistInvariants, IsIdempotent) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    for (const auto& k : calculus::derive(p.program).procedures) {
      const auto once = plan::hoist_invariants(k.steps, *p.program.context);
      ASSERT_TRUE(equal(plan::hoist_invariants(once, *p.program.context), once))
          << k.name << " of " << p.text;
    }
  }
}

TEST(FuseNests, IsIdempotent) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    const auto c = plan::compile(p.program, p.sizes);
    for (const auto& k : c.kernels)
      ASSERT_EQ(shape(loop::fuse_nests(k.operations)), shape(k.operations)) << k.name << " of " << p.text;
  }
}

TEST(HoistInvariants, NeverRaisesTheNumberOfOperations) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    ir::Context& context = *p.program.context;
    const auto operations = [&](const calculus::Steps& steps) {
      return loop::cost(loop::lower_schedule(plan::materialise(steps, context, p.sizes), context, p.sizes),
                        p.sizes)
          .operations;
    };
    for (const auto& k : calculus::derive(p.program).procedures) {
      ASSERT_LE(operations(plan::hoist_invariants(k.steps, context)), operations(k.steps))
          << k.name << " of " << p.text;
    }
  }
}

TEST(FuseNests, NeverRaisesTheCost) {
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const RandomProgram p = random_program({.seed = seed});
    loop::Cost before;
    const auto total = [&](const plan::Compilation& c) {
      loop::Cost out;
      for (const auto& k : c.kernels) {
        const loop::Cost cost = loop::cost(k.operations, p.sizes);
        out.operations += cost.operations;
        out.bytes += cost.bytes;
      }
      return out;
    };
    const auto c =
        plan::compile(p.program, p.sizes, [&](const plan::Pass& pass, const plan::Compilation& at) {
          if (std::string_view(pass.name) != "fuse_nests") before = total(at);
          return true;
        });
    const loop::Cost after = total(c);
    ASSERT_LE(after.operations, before.operations) << p.text;
    ASSERT_LE(after.bytes, before.bytes) << p.text;
  }
}

}  // namespace
}  // namespace freefall::test
