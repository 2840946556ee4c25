#pragma once
// Pass: products that share a factor are one product with the sum of what they do not share.

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::plan {

/// Replaces c sum_k f a + c sum_k f b by c sum_k f (a + b) where the new sum is less work than the products
/// that it saves, each in its best order, or does not change: it reads constants alone, or nothing that a
/// loop around assigns. The symmetric part of a precision in the gradient of a normal density, P e + P' e, is
/// the case in point. Keeps the value; idempotent.
calculus::Steps factor_products(const calculus::Steps& steps, const Specialisation& sizes);

}  // namespace freefall::plan
