#include "codegen/equality/references.hpp"

#include "codegen/calculus/resolve.hpp"
#include "codegen/equality/guess_cause.hpp"
#include "codegen/equality/mutate.hpp"

namespace freefall::equality {

using namespace ir;

std::vector<CheckedReference> compare_references(const Program& program,
                                                 const calculus::Derivation& derivation) {
  std::vector<CheckedReference> out;
  for (const Reference& reference : program.references) {
    CheckedReference checked;
    checked.reference = &reference;
    checked.derived = calculus::resolve(program, derivation, reference.quantity);
    checked.stated = calculus::resolve(program, derivation, reference.value);
    checked.result = compare_rules(checked.derived, checked.stated);
    if (checked.result.verdict == Verdict::refuted) {
      checked.difference = first_difference(checked.derived, checked.stated);
      checked.cause = guess_cause(checked.derived, checked.stated);
    }
    out.push_back(std::move(checked));
  }
  return out;
}

std::vector<std::string> mistakes_passed(const CheckedReference& checked) {
  std::vector<std::string> out;
  for (const Mutation& m : mutations(checked.stated)) {
    if (m.expression->free != checked.stated->free) continue;  // other axes: the language does not accept it
    if (seem_equal(checked.derived, m.expression)) out.push_back(m.mistake);
  }
  return out;
}

}  // namespace freefall::equality
