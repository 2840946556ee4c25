#include "codegen/equality/references.hpp"

#include "codegen/calculus/hessian.hpp"
#include "codegen/calculus/resolve.hpp"
#include "codegen/equality/guess_cause.hpp"
#include "codegen/equality/mutate.hpp"

namespace freefall::equality {

using namespace ir;

namespace {

// The variable whose rule or gradient stands in the quantity, or null.
const Tensor* ruled(const Program& program, Expr quantity) {
  for (const Tensor* t : tensors_of(quantity)) {
    for (const RuleSymbol& r : program.rules) {
      if (r.symbol == t) return r.variable;
    }
    for (const Gradient& g : program.gradients) {
      if (g.symbol == t) return g.variable;
    }
  }
  return nullptr;
}

// A coupling without a diagonal has no rule there, so neither has its reference.
Expr off_diagonal(const Tensor* variable, Expr stated) {
  if (variable == nullptr || !variable->zero_diagonal) return stated;
  const auto own = canonical_indices(variable);
  const Expr delta = make_delta(*stated->context, Subscript(own[0]), Subscript(own[1]));
  return stated * (make_constant(*stated->context, 1) - delta);
}

}  // namespace

std::vector<CheckedReference> compare_references(const Program& program,
                                                 const calculus::Derivation& derivation) {
  std::vector<CheckedReference> out;
  for (const Reference& reference : program.references) {
    CheckedReference checked;
    checked.reference = &reference;
    at_place(reference.origin, [&] {
      checked.derived = calculus::thaw(calculus::resolve(program, derivation, reference.quantity));
      checked.stated = calculus::thaw(calculus::resolve(program, derivation, reference.value));
    });
    checked.stated = off_diagonal(ruled(program, reference.quantity), checked.stated);
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
