#pragma once
// The order in which a product of several factors is contracted, two at a time.

#include <vector>

#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// A pairwise contraction: positions of two operands (earlier results are appended after the factors) and the
/// bound indices that disappear with it.
struct Pairing {
  std::size_t left = 0, right = 0;
  std::vector<ir::Index> bound;
};

/// The cheapest order for operands with the given index sets, where `bound` are summed over. Exact by dynamic
/// programming over subsets up to 8 operands; above, greedy or from left to right, whichever is cheaper. Cost
/// is the number of multiplications, ties by position.
std::vector<Pairing> contraction_order(const std::vector<std::vector<ir::Index>>& operands,
                                       const std::vector<ir::Index>& bound, const Specialisation& sizes);

/// What an order costs: one multiplication for each value of the indices of the two operands of a pairing.
double multiplications(const std::vector<std::vector<ir::Index>>& operands, const std::vector<Pairing>& order,
                       const Specialisation& sizes);

}  // namespace freefall::plan
