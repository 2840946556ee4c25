#pragma once
// Vector functions of other libraries beside those of the runtime: Highway and libmvec, the vector part of
// the C library. Where Highway is installed (libhwy-dev) and the C library has them all (glibc 2.35),
// FREEFALL_NUMERICS_PEERS is defined.

#include "tests/numerics/measured.hpp"

namespace freefall::numerics {

/// In the order of numerics.def, then softmax and log_sum_exp; null where the library has no such function.
/// double alone.
const implementation* highway_avx2_functions();
const implementation* highway_avx512_functions();
const implementation* libmvec_avx2_functions();
const implementation* libmvec_avx512_functions();

}  // namespace freefall::numerics
