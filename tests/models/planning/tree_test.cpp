// Policies of three moves as a tree of branches beside the same policies one by one: the same expected free
// energies, at the cost of the nodes of the tree; what is chosen from them; and outcomes given as numbers.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <freefall/dsl.hpp>
#include <freefall/runtime/random.hpp>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/plan/pipeline.hpp"

namespace freefall {
namespace {

using namespace ir;

constexpr std::size_t kPlaces = 6, kSeen = 5, kMoves = 4, kPolicies = kMoves * kMoves * kMoves;

struct tables {
  axis<"place"> place;
  axis<"seen"> seen;
  axis<"move"> move;
  decltype(one_of<"s">(place)) s = one_of<"s">(place);
  decltype(parameter<"B">(place, place.prime(), move)) B = parameter<"B">(place, place.prime(), move);
  decltype(parameter<"A">(seen, place)) A = parameter<"A">(seen, place);
  decltype(input<"C">(seen)) C = input<"C">(seen);
};

// What is common to policies is over fewer branches.
Program tree() {
  tables t;
  auto first = branch<"first">(t.move);
  auto second = branch<"second">(t.move);
  auto third = branch<"third">(t.move);
  auto s1 = one_of<"s1">(first, t.place);
  auto s2 = one_of<"s2">(first, second, t.place);
  auto s3 = one_of<"s3">(first, second, third, t.place);
  auto o1 = one_of<"o1">(first, t.seen);
  auto o2 = one_of<"o2">(first, second, t.seen);
  auto o3 = one_of<"o3">(first, second, third, t.seen);
  auto a = one_of<"a">(t.move);
  auto p1 = model<"one">(s1 <<= categorical(t.B(t.s, first)), o1 <<= categorical(t.A(s1)));
  auto p2 = model<"two">(s2 <<= categorical(t.B(s1, second)), o2 <<= categorical(t.A(s2)));
  auto p3 = model<"three">(s3 <<= categorical(t.B(s2, third)), o3 <<= categorical(t.A(s3)));
  auto q1 = family(exact(s1));
  auto q2 = family(exact(s2));
  auto q3 = family(exact(s3));
  auto G = expected_free_energy(p1, q1, preference(o1, t.C)) +
           expected_free_energy(p2, q2, preference(o2, t.C)) +
           expected_free_energy(p3, q3, preference(o3, t.C));
  auto q = softmax(-2 * G);
  return program{
      kernel<"plan">(forward(p1, q1), forward(p2, q2), forward(p3, q3), evaluate<"G">(G)),
      kernel<"act">(evaluate<"q">(q), evaluate<"q_first">(marginal(q, first)), choose(a, marginal(q, first)))}
      .ir();
}

// Each policy predicts all its states; its moves are numbers.
Program one_by_one() {
  tables t;
  plate<"policy"> policy;
  auto a1 = index_of<"a1">(policy, t.move);
  auto a2 = index_of<"a2">(policy, t.move);
  auto a3 = index_of<"a3">(policy, t.move);
  auto s1 = one_of<"s1">(policy, t.place);
  auto s2 = one_of<"s2">(policy, t.place);
  auto s3 = one_of<"s3">(policy, t.place);
  auto o1 = one_of<"o1">(policy, t.seen);
  auto o2 = one_of<"o2">(policy, t.seen);
  auto o3 = one_of<"o3">(policy, t.seen);
  auto p1 = model<"one">(s1 <<= categorical(t.B(t.s, a1)), o1 <<= categorical(t.A(s1)));
  auto p2 = model<"two">(s2 <<= categorical(t.B(s1, a2)), o2 <<= categorical(t.A(s2)));
  auto p3 = model<"three">(s3 <<= categorical(t.B(s2, a3)), o3 <<= categorical(t.A(s3)));
  auto q1 = family(exact(s1));
  auto q2 = family(exact(s2));
  auto q3 = family(exact(s3));
  auto G = expected_free_energy(p1, q1, preference(o1, t.C)) +
           expected_free_energy(p2, q2, preference(o2, t.C)) +
           expected_free_energy(p3, q3, preference(o3, t.C));
  return program{kernel<"plan">(forward(p1, q1), forward(p2, q2), forward(p3, q3), evaluate<"G">(G))}.ir();
}

// The first index sums to one.
std::vector<double> table(std::size_t outcomes, std::size_t columns, std::uint64_t seed) {
  std::vector<double> out(outcomes * columns);
  const runtime::stream numbers(seed, "table");
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0;
    for (std::size_t r = 0; r < outcomes; ++r)
      sum += out[r * columns + c] = 0.02 + numbers.uniform(c * outcomes + r);
    for (std::size_t r = 0; r < outcomes; ++r) out[r * columns + c] /= sum;
  }
  return out;
}

struct compiled_run {
  plan::Specialisation sizes;
  plan::Compilation compiled;
  loop::Memory<double> memory;

  compiled_run(const Program& program, std::map<std::string, std::size_t> more)
      : sizes{"run", {{"place", kPlaces}, {"seen", kSeen}, {"move", kMoves}}, plan::Scalar::float64},
        compiled(compile(program, more)),
        memory(compiled.sizes) {
    const Context& context = *program.context;
    memory[context.find_tensor("s")] = table(kPlaces, 1, 1);
    memory[context.find_tensor("B")] = table(kPlaces, kPlaces * kMoves, 2);
    memory[context.find_tensor("A")] = table(kSeen, kPlaces, 3);
    memory[context.find_tensor("C")] = table(kSeen, 1, 4);
  }
  plan::Compilation compile(const Program& program, const std::map<std::string, std::size_t>& more) {
    sizes.extents.insert(more.begin(), more.end());
    // Products of one policy that are joined would blur the count of states below.
    return plan::compile(program, sizes, {}, {"factor_products"});
  }
  const loop::Kernel& kernel(const std::string& name) const {
    return *std::find_if(compiled.kernels.begin(), compiled.kernels.end(),
                         [&](const loop::Kernel& k) { return k.name == name; });
  }
  void run(const std::string& name) { loop::interpret(kernel(name).operations, memory); }
  const std::vector<double>& get(const Program& program, const char* name) {
    return memory[program.context->find_tensor(name)];
  }
  double operations(const std::string& name) const {
    return loop::cost(kernel(name).operations, compiled.sizes).operations;
  }
};

class Policies : public testing::Test {
 protected:
  program_scope scope_;
  Program shared_ = tree(), naive_ = one_by_one();
  compiled_run tree_{shared_, {}}, list_{naive_, {{"policy", kPolicies}}};

  void SetUp() override {
    const auto actions = [&](const char* name, std::size_t divisor) {
      auto& a = list_.memory[naive_.context->find_tensor(name)];
      a.resize(kPolicies);
      for (std::size_t p = 0; p < kPolicies; ++p) a[p] = static_cast<double>(p / divisor % kMoves);
    };
    actions("a1", kMoves * kMoves);
    actions("a2", kMoves);
    actions("a3", 1);
    tree_.run("plan");
    list_.run("plan");
  }
};

TEST_F(Policies, HaveTheSameExpectedFreeEnergyInTheTreeAndOneByOne) {
  const auto& shared = tree_.get(shared_, "G");
  const auto& naive = list_.get(naive_, "G");
  ASSERT_EQ(shared.size(), kPolicies);
  for (std::size_t p = 0; p < kPolicies; ++p) EXPECT_NEAR(shared[p], naive[p], 1e-13) << p;
  EXPECT_GT(*std::max_element(naive.begin(), naive.end()) - *std::min_element(naive.begin(), naive.end()),
            1e-3);
}

// A policy of three moves predicts three states, 192 in all; the tree has 4 + 16 + 64 = 84. Sums and what is
// made of tables alone are a rest.
TEST_F(Policies, ShareTheStatesOfCommonPrefixes) {
  const double nodes = kMoves + kMoves * kMoves + kPolicies, all = 3 * kPolicies;
  EXPECT_LT(tree_.operations("plan"), 1.1 * nodes / all * list_.operations("plan"));
  EXPECT_GT(tree_.operations("plan"), 0.9 * nodes / all * list_.operations("plan"));
}

// By hand from G: softmax, its sum over later moves, the largest.
TEST_F(Policies, AreChosenByTheSoftmaxOfMinusTheirExpectedFreeEnergy) {
  tree_.run("act");
  const auto& G = tree_.get(shared_, "G");
  double sum = 0;
  std::vector<double> first(kMoves, 0);
  for (std::size_t p = 0; p < kPolicies; ++p) sum += std::exp(-2 * G[p]);
  for (std::size_t p = 0; p < kPolicies; ++p) {
    const double q = std::exp(-2 * G[p]) / sum;
    EXPECT_NEAR(tree_.get(shared_, "q")[p], q, 1e-14);
    first[p / (kMoves * kMoves)] += q;
  }
  const auto best = std::max_element(first.begin(), first.end()) - first.begin();
  for (std::size_t u = 0; u < kMoves; ++u) {
    EXPECT_NEAR(tree_.get(shared_, "q_first")[u], first[u], 1e-14);
    EXPECT_EQ(tree_.get(shared_, "a")[u], static_cast<std::ptrdiff_t>(u) == best ? 1 : 0);
  }
}

// A number looks one row of the table up where an indicator sums over all.
TEST(Outcomes, GivenAsNumbersCostLessThanIndicators) {
  program_scope scope;
  const auto filter = [](auto outcome, auto action) {
    axis<"place"> place;
    axis<"seen"> seen;
    axis<"move"> move;
    auto before = one_of<"before">(place);
    auto s = one_of<"s">(place);
    auto o = outcome(seen);
    auto a = action(move);
    auto B = parameter<"B">(place, place.prime(), move);
    auto A = parameter<"A">(seen, place);
    auto q = family(exact(s));
    auto F = free_energy(model<"filter">(s <<= categorical(B(before, a)), o <<= categorical(A(s))), q);
    return program{kernel<"perceive">(solve(F, q, s)), kernel<"free_energy">(F)}.ir();
  };
  const Program numbers = filter([](auto seen) { return index_of<"o">(seen); },
                                 [](auto move) { return index_of<"a">(move); }),
                indicators = filter([](auto seen) { return one_of<"o">(seen); },
                                    [](auto move) { return one_of<"a">(move); });
  const plan::Specialisation sizes{"f", {{"place", 6}, {"seen", 5}, {"move", 4}}, plan::Scalar::float64};
  const auto looked_up = plan::compile(numbers, sizes), summed = plan::compile(indicators, sizes);
  loop::Memory<double> by_number(sizes), by_indicator(sizes);
  const auto fill = [](const Program& p, loop::Memory<double>& memory) {
    memory[p.context->find_tensor("before")] = table(6, 1, 1);
    memory[p.context->find_tensor("B")] = table(6, 24, 2);
    memory[p.context->find_tensor("A")] = table(5, 6, 3);
  };
  fill(numbers, by_number);
  fill(indicators, by_indicator);
  by_number[numbers.context->find_tensor("o")] = {3};
  by_number[numbers.context->find_tensor("a")] = {2};
  by_indicator[indicators.context->find_tensor("o")] = {0, 0, 0, 1, 0};
  by_indicator[indicators.context->find_tensor("a")] = {0, 0, 1, 0};
  for (std::size_t k = 0; k < 2; ++k) {
    loop::interpret(looked_up.kernels[k].operations, by_number);
    loop::interpret(summed.kernels[k].operations, by_indicator);
    EXPECT_LT(loop::cost(looked_up.kernels[k].operations, sizes).operations,
              loop::cost(summed.kernels[k].operations, sizes).operations)
        << looked_up.kernels[k].name;
  }
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(by_number[numbers.context->find_tensor("s")][i],
                by_indicator[indicators.context->find_tensor("s")][i], 1e-15);
  EXPECT_NEAR(by_number[numbers.context->find_tensor("free_energy")][0],
              by_indicator[indicators.context->find_tensor("free_energy")][0], 1e-14);
}

}  // namespace
}  // namespace freefall
