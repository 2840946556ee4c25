// Each function of the compiler's table by itself, in both scalar types: for a target, extern "C" functions;
// for this machine, a program that prints "<scalar>_<function>: <what of the C library the table says it
// calls>" a line.
#define FREEFALL_OF_ARITY_0(name)  // a constant, of which kernels hold the value
#define FREEFALL_OF_ARITY_1(name) FREEFALL_ALONE(name)
#define FREEFALL_OF_ARITY_2(name) FREEFALL_ALONE(name)
#define FREEFALL_FUNCTION(name, arity, cost, latex, value, derivative) FREEFALL_OF_ARITY_##arity(name)

#if __STDC_HOSTED__
#include <cstdio>
#include <map>
#include <string>

int main() {
  std::map<std::string, std::string> in_float, in_double;
#define FREEFALL_ALONE(name) in_float[#name], in_double[#name];
#include "codegen/ir/functions.def"
#undef FREEFALL_ALONE
#define FREEFALL_LIBRARY_FUNCTION(name, float_calls, double_calls) \
  in_float.at(#name) = float_calls, in_double.at(#name) = double_calls;
#include "codegen/ir/library_functions.def"
  for (const auto& [name, calls] : in_float) std::printf("float_%s: %s\n", name.c_str(), calls.c_str());
  for (const auto& [name, calls] : in_double) std::printf("double_%s: %s\n", name.c_str(), calls.c_str());
}
#else
#include "freefall/runtime/pointwise.hpp"

namespace math = freefall::runtime::math;

template <class T, class F>
T call(const F& f, const T* x) {
  if constexpr (requires { f(x[0], x[1]); }) {
    return f(x[0], x[1]);
  } else {
    return f(x[0]);
  }
}

// The return type is written out, so that a wrong number of arguments is no match and no error.
#define FREEFALL_ALONE(name)                                                                          \
  extern "C" float float_##name(const float* x) {                                                     \
    return call<float>([](auto... a) -> decltype(math::name(a...)) { return math::name(a...); }, x);  \
  }                                                                                                   \
  extern "C" double double_##name(const double* x) {                                                  \
    return call<double>([](auto... a) -> decltype(math::name(a...)) { return math::name(a...); }, x); \
  }
#include "codegen/ir/functions.def"
#endif
