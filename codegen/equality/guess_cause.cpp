#include "codegen/equality/guess_cause.hpp"

#include "codegen/equality/equality.hpp"
#include "codegen/equality/mutate.hpp"

namespace freefall::equality {

std::optional<std::string> guess_cause(ir::Expr derived, ir::Expr reference) {
  for (const Mutation& m : mutations(derived)) {
    if (seem_equal(m.expression, reference)) return m.mistake;
  }
  return {};
}

}  // namespace freefall::equality
