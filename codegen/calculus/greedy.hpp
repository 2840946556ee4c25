#pragma once
// Greedy descent by events: an event of element i adds 1 to the counts r[i], and happens where it lowers the
// energy.
//
// Everything comes from the finite difference E(r + e_i) - E(r), taken by substitution of
// r[j] -> r[j] + delta(j, i) and expansion, which removes the Kronecker deltas; nothing is approximated, and
// E may be any expression. Its terms that read a variable are minus the voltage, the others are the
// threshold, so that an event lowers E exactly where voltage > threshold (Boerlin, Machens and Deneve 2013).

#include <optional>

#include "codegen/calculus/schedule.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::calculus {

/// Expressions over the canonical indices of the counts.
struct GreedyParts {
  ir::Expr difference;  ///< E(r + e_i) - E(r) = threshold - voltage
  ir::Expr voltage, threshold;
};

GreedyParts greedy_parts(ir::Expr energy, const ir::Tensor* counts);

/// How the voltage of i changes at an event of k, over the canonical indices of the counts and one more:
/// the index of the event, `event_index(counts)`. Throws ir::ModelError when this depends on the state.
ir::Expr greedy_couplings(const GreedyParts& parts, const ir::Tensor* counts);
/// The axis the events compete along, one level above the counts' own index. Throws ir::ModelError unless the
/// counts have one axis, which is no plate.
ir::Index event_index(const ir::Tensor* counts);

/// A voltage that is a state: after a tick it is `keep` times itself plus `drive`.
struct VoltageTick {
  ir::Expr keep, drive;
};
/// From the ticks of the traces the voltage reads. Throws ir::ModelError when the counts are no trace, or
/// when the rest depends on the state: traces that leak at different rates, variables that are no traces.
VoltageTick voltage_tick(const GreedyParts& parts, const ir::Tensor* counts,
                         const std::vector<ir::Trace>& traces);

/// What is derived of declared events, kept for the report.
struct GreedyRule {
  const ir::Events* events = nullptr;
  GreedyParts parts;
  /// Of a voltage that is a state: null where a parameter takes their place, or nothing is kept.
  ir::Expr couplings;
  std::optional<VoltageTick> tick;  ///< of a voltage that is a state
};
/// `energy` is that of the events, elaborated. Throws ir::ModelError like its parts.
GreedyRule greedy_rule(const ir::Events& events, ir::Expr energy, const std::vector<ir::Trace>& traces);

/// The value of a trace after a tick: (1 - decay) times itself plus its drive.
ir::Expr trace_tick(const ir::Trace& trace);

}  // namespace freefall::calculus
