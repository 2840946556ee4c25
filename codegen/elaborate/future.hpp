#pragma once
// Functionals of predicted outcomes, q(o, x) = q(x) p(o|x): what is expected of the future under beliefs q.
//
// Each is a signed sum of terms, in more than one way. The terms are a table, so are the functionals; a
// functional's value is its first sum, and the others are equal to it. Millidge 2021, chapter 5; Parr and
// Friston 2019; Millidge, Tschantz and Buckley 2021, "Whence the expected free energy?".

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/elaborate/elaborate.hpp"

namespace freefall::elaborate {

struct FutureRow {
  std::string_view word;   ///< in the DSL
  std::string_view title;  ///< in messages
  bool maximised = false;
  bool over_states = false;  ///< what is desired is a distribution of states in place of outcomes
  bool posterior = false;    ///< needs the posterior that is used after an outcome
  /// Sums of signed terms. A term that is zero for a model (no table is learned, the posterior is exact) is
  /// left out.
  std::vector<std::vector<std::pair<int, std::string_view>>> decompositions;
};

const std::vector<FutureRow>& future_functionals();
/// The row of this word, or null.
const FutureRow* find_future_functional(std::string_view word);

/// Throws ir::ModelError when what is desired, or the posterior, does not fit the model.
Functional elaborate_future(const ir::Program& program, const ir::Functional& declared, Elaboration& into);

}  // namespace freefall::elaborate
