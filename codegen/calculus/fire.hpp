#pragma once
// Firing as assignments: who gains most, who wins, what the event changes.

#include "codegen/calculus/greedy.hpp"

namespace freefall::calculus {

/// Results that firing leaves beside the counts, named after them.
struct FireTensors {
  const ir::Tensor* excess = nullptr;  ///< voltage - threshold: how much an event of each element lowers E
  const ir::Tensor* gain = nullptr;    ///< the largest excess
  const ir::Tensor* winner = nullptr;  ///< the first element that has it, as a number
};
FireTensors fire_tensors(ir::Context& context, const ir::Events& events);

/// Of the present state: excess, gain, winner; nobody has fired.
void append_choice(Steps& out, const GreedyRule& rule, const FireTensors& at);
/// The winner fires.
Assignment spike_of_winner(const ir::Events& events, const FireTensors& at);
/// What an event changes by itself: the counts, and a voltage that is a state.
std::vector<Assignment> event_assignments(const GreedyRule& rule);

}  // namespace freefall::calculus
