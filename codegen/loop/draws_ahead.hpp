#pragma once
// Draws depend on nothing but their number, so those of the next pass of a loop may be made while this one is
// under way.

#include "codegen/loop/loop.hpp"

namespace freefall::loop {

/// In the body of a loop: uniform draws, and the last operation that reads them.
struct DrawsAhead {
  std::size_t draws, last_reader;
};

/// Draws that every pass but the first may find made by the pass before, behind their last reader there: what
/// reads draws is often a chain of operations that wait for each other, and the draws wait for none of them.
/// Nothing where a pass may be the last before its number is reached, or where no operation of the body
/// itself makes draws.
std::optional<DrawsAhead> draws_ahead(const Repeat& repeat, const plan::Specialisation& sizes);

}  // namespace freefall::loop
