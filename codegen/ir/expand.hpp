#pragma once
// The distributed normal form: a sum of products of atoms.
//
// Sums are multiplied out, contractions distribute over sums, and a contraction inside another one is merged
// with it where an index links them: sum_i f(i) sum_j g(i, j) becomes sum_{i,j} f(i) g(i, j), and a squared
// inner contraction becomes two. Polynomials over the atoms that are equal over the reals therefore become
// the same node. Atoms are tensor elements, indicators, draws, functions, reductions, inverses, gathers and
// frozen values (over expanded arguments) and negative powers of sums (with leading coefficient 1). A choice
// is split into guarded terms.

#include <cstddef>
#include <optional>

#include "codegen/ir/expr.hpp"

namespace freefall::ir {

inline constexpr std::size_t kMostTerms = 100000;

/// The normal form, or nothing when some sum would pass `most_terms`. expand(expand(e)) == expand(e).
std::optional<Expr> try_expand(Expr e, std::size_t most_terms = kMostTerms);
/// The normal form; throws std::length_error when some sum would pass `most_terms`.
Expr expand(Expr e, std::size_t most_terms = kMostTerms);

}  // namespace freefall::ir
