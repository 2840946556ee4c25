#pragma once
// The functions of numerics.def as loops over arrays, compiled once for each instruction set with the flags
// of the kernels, so that what is measured is the vectorised code.

#include <cstddef>

namespace freefall::numerics {

/// out[i] = f(x[i]), or f(x[i], y[i]); y is not read by a function of one argument.
template <class T>
using loop = void (*)(std::size_t n, const T* x, const T* y, T* out);

struct implementation {
  loop<float> in_float;
  loop<double> in_double;
};
/// In the order of numerics.def, then softmax and log_sum_exp over rows of kRow elements: `out` has an
/// element for each of x, and log_sum_exp repeats its value.
inline constexpr std::size_t kRow = 16;

const implementation* baseline_functions();
const implementation* avx2_functions();
const implementation* avx512_functions();

}  // namespace freefall::numerics
