#include "tests/numerics/measured.hpp"

#include "freefall/runtime/pointwise.hpp"

// Nothing of the standard library that the linker could take for another instruction set's.
namespace freefall::numerics {
namespace {

namespace math = runtime::math;

// Those of one number first.
enum class arguments { any, angle, positive, uniform, power, order };

#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value)                        \
  template <class T>                                                                             \
  void name##_loop(std::size_t n, const T* __restrict x, [[maybe_unused]] const T* __restrict y, \
                   T* __restrict out) {                                                          \
    for (std::size_t i = 0; i < n; ++i) {                                                        \
      if constexpr (arguments::domain <= arguments::positive)                                    \
        out[i] = math::name(x[i]);                                                               \
      else                                                                                       \
        out[i] = math::name(x[i], y[i]);                                                         \
    }                                                                                            \
  }
#include "tests/numerics/numerics.def"
#undef FREEFALL_NUMERIC

// The steps the compiler makes of softmax and log-sum-exp: the largest goes first.
template <class T>
T exponentials(const T* x, T* out, T& largest) {
  largest = x[0];
  for (std::size_t i = 1; i < kRow; ++i) largest = math::maximum(largest, x[i]);
  for (std::size_t i = 0; i < kRow; ++i) out[i] = math::exp(x[i] - largest);
  T total = 0;
  for (std::size_t i = 0; i < kRow; ++i) total += out[i];
  return total;
}
template <class T>
void softmax_loop(std::size_t n, const T* x, const T*, T* out) {
  for (std::size_t at = 0; at < n; at += kRow) {
    T largest;
    const T total = exponentials(x + at, out + at, largest);
    for (std::size_t i = 0; i < kRow; ++i) out[at + i] /= total;
  }
}
template <class T>
void log_sum_exp_loop(std::size_t n, const T* x, const T*, T* out) {
  for (std::size_t at = 0; at < n; at += kRow) {
    T largest;
    const T total = exponentials(x + at, out + at, largest);
    for (std::size_t i = 0; i < kRow; ++i) out[at + i] = largest + math::log(total);
  }
}

constexpr implementation kFunctions[] = {
#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value) \
  {name##_loop<float>, name##_loop<double>},
#include "tests/numerics/numerics.def"
#undef FREEFALL_NUMERIC
    {softmax_loop<float>, softmax_loop<double>},
    {log_sum_exp_loop<float>, log_sum_exp_loop<double>},
};

}  // namespace

const implementation* FREEFALL_NUMERICS_FUNCTIONS() { return kFunctions; }

}  // namespace freefall::numerics
