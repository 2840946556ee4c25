// The order in which several factors are contracted: against all orders there are, against a chain whose best
// order is known, and with more operands than the exact search takes.

#include "codegen/plan/contraction_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <set>

namespace freefall::test {
namespace {

using ir::Index;
using Set = std::set<Index>;
using Operands = std::vector<std::vector<Index>>;

struct Problem {
  std::unique_ptr<ir::Context> context = std::make_unique<ir::Context>();
  plan::Specialisation sizes;
  Operands operands;
  std::vector<Index> bound;

  Index index(const std::string& name, std::size_t extent) {
    sizes.extents[name] = extent;
    return {context->axis(name), 0};
  }
  double volume(const Set& indices) const {
    double out = 1;
    for (const Index& i : indices) out *= static_cast<double>(sizes.extent(i.axis));
    return out;
  }
  bool is_bound(const Index& i) const { return std::find(bound.begin(), bound.end(), i) != bound.end(); }
  std::vector<Set> sets() const {
    std::vector<Set> out;
    for (const auto& o : operands) out.emplace_back(o.begin(), o.end());
    return out;
  }
};

Set united(const Set& a, const Set& b) {
  Set out = a;
  out.insert(b.begin(), b.end());
  return out;
}

// What two operands become: without the summed indices that no other operand has.
Set contracted(const Problem& p, const Set& a, const Set& b, const std::vector<Set>& others) {
  Set out = united(a, b);
  std::erase_if(out, [&](const Index& i) {
    return p.is_bound(i) &&
           std::none_of(others.begin(), others.end(), [&](const Set& s) { return s.contains(i); });
  });
  return out;
}

// The least number of multiplications of any order.
double least(const Problem& p, const std::vector<Set>& live) {
  if (live.size() == 1) return 0;
  double out = std::numeric_limits<double>::infinity();
  for (std::size_t a = 0; a < live.size(); ++a) {
    for (std::size_t b = a + 1; b < live.size(); ++b) {
      std::vector<Set> rest;
      for (std::size_t n = 0; n < live.size(); ++n) {
        if (n != a && n != b) rest.push_back(live[n]);
      }
      const double here = p.volume(united(live[a], live[b]));
      rest.push_back(contracted(p, live[a], live[b], {rest.begin(), rest.end()}));
      out = std::min(out, here + least(p, rest));
    }
  }
  return out;
}

double from_left_to_right(const Problem& p) {
  std::vector<Set> live = p.sets();
  Set done = live[0];
  double out = 0;
  for (std::size_t n = 1; n < live.size(); ++n) {
    out += p.volume(united(done, live[n]));
    done = contracted(p, done, live[n], {live.begin() + static_cast<std::ptrdiff_t>(n) + 1, live.end()});
  }
  return out;
}

// The multiplications of an order, in which each operand and each result but the last is used once, and each
// pairing sums over what nobody else needs.
double checked(const Problem& p, const std::vector<plan::Pairing>& order) {
  std::vector<Set> known = p.sets();
  std::vector<bool> used(known.size(), false);
  double out = 0;
  EXPECT_EQ(order.size() + 1, p.operands.size());
  for (const plan::Pairing& each : order) {
    EXPECT_TRUE(each.left < known.size() && each.right < known.size() && each.left != each.right);
    EXPECT_FALSE(used.at(each.left) || used.at(each.right));
    used[each.left] = used[each.right] = true;
    std::vector<Set> others;
    for (std::size_t n = 0; n < known.size(); ++n) {
      if (!used[n]) others.push_back(known[n]);
    }
    const Set both = united(known[each.left], known[each.right]);
    const Set after = contracted(p, known[each.left], known[each.right], others);
    Set summed = both;
    for (const Index& i : after) summed.erase(i);
    EXPECT_EQ(Set(each.bound.begin(), each.bound.end()), summed);
    out += p.volume(both);
    known.push_back(after);
    used.push_back(false);
  }
  EXPECT_EQ(std::count(used.begin(), used.end(), false), 1);
  for (const Index& i : known.back()) EXPECT_FALSE(p.is_bound(i));
  EXPECT_EQ(out, plan::multiplications(p.operands, order, p.sizes));
  return out;
}

// Operands with up to three of some axes, most of which are summed over where two or more share them.
Problem random_problem(std::uint64_t seed, std::size_t operands) {
  std::mt19937_64 random(seed);
  Problem p;
  std::vector<Index> all;
  for (std::size_t n = 0; n < operands + 1; ++n)
    all.push_back(p.index("axis" + std::to_string(n), 2 + random() % 9));
  std::map<Index, std::size_t> users;
  for (std::size_t o = 0; o < operands; ++o) {
    Set own;
    for (std::size_t n = 0; n < 1 + random() % 3; ++n) own.insert(all[random() % all.size()]);
    p.operands.emplace_back(own.begin(), own.end());
    for (const Index& i : own) ++users[i];
  }
  for (const auto& [i, count] : users) {
    if (count > 1 && random() % 4 != 0) p.bound.push_back(i);
  }
  return p;
}

TEST(ContractionOrder, IsTheBestOfAllOrders) {
  std::size_t better = 0;
  for (std::size_t operands = 2; operands <= 6; ++operands) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
      const Problem p = random_problem(seed, operands);
      const double found = checked(p, plan::contraction_order(p.operands, p.bound, p.sizes));
      EXPECT_EQ(found, least(p, p.sets())) << operands << " operands, seed " << seed;
      better += found < from_left_to_right(p) ? 1 : 0;
    }
  }
  EXPECT_GT(better, 50U);  // the problems are no trivial ones
}

// Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, section 15.2: six matrices of 30 x 35,
// 35 x 15, 15 x 5, 5 x 10, 10 x 20 and 20 x 25 take 15 125 multiplications as (A1 (A2 A3)) ((A4 A5) A6).
TEST(ContractionOrder, MultipliesTheChainOfTheTextbook) {
  const std::size_t extents[] = {30, 35, 15, 5, 10, 20, 25};
  Problem p;
  std::vector<Index> all;
  for (std::size_t n = 0; n < std::size(extents); ++n)
    all.push_back(p.index(std::string(1, static_cast<char>('a' + n)), extents[n]));
  for (std::size_t n = 0; n + 1 < all.size(); ++n) p.operands.push_back({all[n], all[n + 1]});
  p.bound.assign(all.begin() + 1, all.end() - 1);
  EXPECT_EQ(checked(p, plan::contraction_order(p.operands, p.bound, p.sizes)), 15125);
  EXPECT_EQ(from_left_to_right(p), 40500);  // 15 750 + 2 250 + 1 500 + 6 000 + 15 000
}

// Batched: an index that all operands have and nobody sums over multiplies every order.
TEST(ContractionOrder, KeepsWhatIsNotSummedOver) {
  Problem p;
  const Index batch = p.index("batch", 7), i = p.index("i", 2), j = p.index("j", 30), k = p.index("k", 3);
  p.operands = {{batch, i}, {i, j}, {j, k}};
  p.bound = {i, j};
  EXPECT_EQ(checked(p, plan::contraction_order(p.operands, p.bound, p.sizes)), 2 * 30 * 3 + 7 * 2 * 3);
}

TEST(ContractionOrder, OfManyOperandsIsValidAndNotAboveLeftToRight) {
  for (std::size_t operands = 9; operands <= 14; ++operands) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const Problem p = random_problem(seed, operands);
      EXPECT_LE(checked(p, plan::contraction_order(p.operands, p.bound, p.sizes)), from_left_to_right(p))
          << operands << " operands, seed " << seed;
    }
  }
}

TEST(ContractionOrder, OfOneOperandHasNoPairing) {
  Problem p;
  p.operands = {{p.index("i", 3)}};
  EXPECT_TRUE(plan::contraction_order(p.operands, p.operands[0], p.sizes).empty());
}

}  // namespace
}  // namespace freefall::test
