#pragma once
// Pass: every contraction, reduction and matrix function gets a buffer of its own; what is left is pointwise.

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Brings a schedule into sequential form: each Assign has exactly one assignment, and its value is one of
///   - a pointwise expression (no Contract, Reduce, Inverse, LogDet, Draw),
///   - Contract of a pointwise expression, or of the product of two plain accesses (a matrix product),
///   - Reduce max of a pointwise expression,
///   - Inverse or LogDet of an access,
///   - Draw at the target's own indices in their order.
/// Values that several expressions use (a nonlinearity and its derivative, an operand of two products) are
/// computed once while they are valid; a sum that contains a held one (the prediction error in a gradient)
/// reads it. Values that the start of a pass computes from what the pass before has left are computed at its
/// end instead, where the loop is entered with them or they are wanted after it. Simultaneous assignments are
/// ordered so that nothing is read after it changed, through a copy where they depend on each other. Labels
/// state the equation of each buffer, with the given names for parts. Keeps the value up to the order of
/// summation.
calculus::Steps materialise(const calculus::Steps& steps, ir::Context& context, const Specialisation& sizes,
                            const ir::PrintOptions& names = {});

/// True if a contraction sums so few terms that it is written out where it is read, if that is along rows.
bool has_few_terms(ir::Expr contract, const Specialisation& sizes);

/// True if no node needs a buffer of its own.
bool is_pointwise(ir::Expr e);

}  // namespace freefall::plan
