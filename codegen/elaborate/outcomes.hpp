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

/// The index axis of a one_of: its one axis that is no plate.
ir::Index outcome_index(const ir::Tensor* one_of);

}  // namespace freefall::elaborate
