#pragma once
// Functions, above all the log, of what a table says at outcomes.
//
// A table is read at an outcome by a contraction with its indicator, T(s) = sum_j T_j s_j. Since exactly one
// s_j is one, ln T(s) = sum_j s_j ln T_j: a function of s that is affine, whose expectation under q is the
// expected log, (ln T) q. That differs from ln(T q), the log of the expectation, which is what remains where
// s stands for a belief that is integrated out.

#include <functional>

#include "codegen/ir/expr.hpp"

namespace freefall::elaborate {

/// Takes a function inside the contractions with indicators for which `is_outcome` holds: f(T(s)) becomes
/// sum_j s_j f(T_j), wherever e applies f.
ir::Expr at_outcomes(ir::Expr e, ir::Function f, const std::function<bool(const ir::Tensor*)>& is_outcome);

/// e where variables have values: the array of each is 1 at its value. Of each variable every copy, or those
/// copies alone that are read at these indices of plates.
ir::Expr at_values(ir::Expr e, const std::vector<std::pair<const ir::Tensor*, ir::Index>>& values,
                   const std::vector<ir::Index>& copy = {});
/// Whether a read has these indices along the plates they are of.
bool is_read_at(ir::Expr access, const std::vector<ir::Index>& copy);

/// Whether the value of a variable is an index of an axis, as an indicator (one_of) or as a number
/// (index_of).
bool is_outcome(const ir::Tensor* variable);
/// That axis: the one axis of a one_of that is no plate.
ir::Index outcome_index(const ir::Tensor* outcome);
/// 1 where the index of the outcome is its value: the array of a one_of, or [i = number].
ir::Expr indicator(ir::Context& context, const ir::Tensor* outcome);
/// The indices of the indicator.
std::vector<ir::Index> indicator_indices(const ir::Tensor* outcome);

}  // namespace freefall::elaborate
