#include "codegen/plan/shared_values.hpp"

#include <algorithm>

#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {

using namespace ir;

namespace {

bool includes(const std::vector<Index>& large, const std::vector<Index>& small) {
  return std::includes(large.begin(), large.end(), small.begin(), small.end());
}

// In how many loops a reduction reads its body: log-sum-exp and softmax look for the maximum first
// (materialise.cpp).
int loops_over(Expr binder) {
  if (binder->op != Op::Reduce || binder->reducer == Reducer::max) return 1;
  return binder->reducer == Reducer::log_sum_exp ? 2 : 3;
}

bool is_long_sum(Expr e) {
  constexpr std::size_t kLongSum = 4;
  return e->op == Op::Sum && e->args.size() >= kLongSum && !e->free.empty() && is_expensive(e);
}

}  // namespace

bool needs_buffer(Op op) {
  return op == Op::Contract || op == Op::Reduce || op == Op::Inverse || op == Op::LogDet || op == Op::Draw;
}

void SharedValues::count(Expr root) {
  count_uses(root);
  count_loops(root);
}

bool SharedValues::deserves_buffer(Expr e) const {
  constexpr int kFewestUses = 2, kFewestLoops = 3;  // of a sum: a store costs about what a loop saves
  const auto reaches = [&](const std::unordered_map<const Node*, int>& counts, int fewest) {
    const auto at = counts.find(generic_form(e).key.get());
    return at != counts.end() && at->second >= fewest;
  };
  if (is_long_sum(e)) return reaches(loops_, kFewestLoops);
  return e->op == Op::Map && reaches(uses_, kFewestUses);
}

// What is below a buffered value is worked out once, however often the value is read.
void SharedValues::count_uses(Expr root) {
  std::vector<Expr> stack{root};
  std::set<const Node*> visited;
  while (!stack.empty()) {
    const Expr e = stack.back();
    stack.pop_back();
    if (!visited.insert(e.get()).second) continue;
    if (needs_buffer(e->op) && !used_below_.insert(generic_form(e).key.get()).second) continue;
    for (const Expr a : e->args) {
      stack.push_back(a);
      if (a->op != Op::Map || row(a->function).cost < kExpensiveMap || a->free.empty()) continue;
      // A function of rows alone would be worked out one by one between the loops over columns.
      const bool of_rows = a->free.size() < root->free.size() && includes(root->free, a->free);
      uses_[generic_form(a).key.get()] += of_rows ? 2 : 1;
    }
  }
}

void SharedValues::count_loops(Expr root) {
  std::vector<std::pair<Expr, int>> bodies{{root, 1}};
  while (!bodies.empty()) {
    const auto [body, times] = bodies.back();
    bodies.pop_back();
    std::vector<Expr> stack{body};
    std::set<const Node*> visited, sums;
    while (!stack.empty()) {
      const Expr e = stack.back();
      stack.pop_back();
      if (!visited.insert(e.get()).second) continue;
      if (needs_buffer(e->op)) {
        if (looped_below_.insert(generic_form(e).key.get()).second) {
          for (const Expr a : e->args) bodies.emplace_back(a, loops_over(e));
        }
        continue;
      }
      if (is_long_sum(e)) sums.insert(generic_form(e).key.get());
      stack.insert(stack.end(), e->args.begin(), e->args.end());
    }
    for (const Node* sum : sums) loops_[sum] += times;
  }
}

}  // namespace freefall::plan
