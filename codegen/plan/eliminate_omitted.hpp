#pragma once
// Pass: what reads an omitted array reads what the array was made from.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Takes the one assignment x := v of an omitted array out of the steps of a kernel, where it stands outside
/// loops and nothing that v reads changes before x was read for the last time,
///   - if x is not read;
///   - if v is pointwise and x is read at one place, outside loops and sums, which computes v instead;
///   - if v and all reads of x are linear by constants, sum_i A[o, i] x[i] with x[i] = sum_j B[i, j] s[j],
///   and
///     the kernel has less to do with sum_j (A B)[o, j] s[j], whose matrix hoist_constants takes out: no more
///     products, and not so many more numbers of matrices to read that this outweighs them (a matrix for each
///     of many vectors is no gain).
/// A value that is computed at two places may be rounded in two ways, so one that is compared stays as it is.
/// Keeps the value up to the order of summation; idempotent.
calculus::Steps eliminate_omitted(const calculus::Steps& steps, ir::Context& context,
                                  const Specialisation& sizes);

}  // namespace freefall::plan
