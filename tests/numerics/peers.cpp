// Compiled once for each instruction set, as measured.cpp. Loops over whole vectors: the length is a multiple
// of 16.
#include "tests/numerics/peers.hpp"

#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>
#include <immintrin.h>

#include <string_view>

#ifdef __AVX512F__
#define FREEFALL_MVEC(name) _ZGVeN8v_##name
#define FREEFALL_MVEC_2(name) _ZGVeN8vv_##name
#else
#define FREEFALL_MVEC(name) _ZGVdN4v_##name
#define FREEFALL_MVEC_2(name) _ZGVdN4vv_##name
#endif

namespace {

// A register; what GCC notes of a type beside its size is of no matter to a call.
typedef double vector __attribute__((vector_size(FREEFALL_PEERS_BYTES)));
constexpr std::size_t kLanes = FREEFALL_PEERS_BYTES / sizeof(double);

}  // namespace

// name here, in libmvec, in Highway
#define FREEFALL_IN_BOTH(row)                                                             \
  row(exp, exp, Exp) row(expm1, expm1, Expm1) row(log, log, Log) row(log1p, log1p, Log1p) \
      row(tanh, tanh, Tanh) row(sin, sin, Sin) row(cos, cos, Cos)

extern "C" {
#define FREEFALL_DECLARE(name, mvec, highway) vector FREEFALL_MVEC(mvec)(vector);
FREEFALL_IN_BOTH(FREEFALL_DECLARE)
#undef FREEFALL_DECLARE
vector FREEFALL_MVEC(erf)(vector);
vector FREEFALL_MVEC(tan)(vector);
vector FREEFALL_MVEC_2(pow)(vector, vector);
}

namespace freefall::numerics {
namespace {

template <vector (*f)(vector)>
void of_vectors(std::size_t n, const double* x, const double*, double* out) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    vector v;
    __builtin_memcpy(&v, x + i, sizeof v);
    v = f(v);
    __builtin_memcpy(out + i, &v, sizeof v);
  }
}
template <vector (*f)(vector, vector)>
void of_two_vectors(std::size_t n, const double* x, const double* y, double* out) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    vector v, w;
    __builtin_memcpy(&v, x + i, sizeof v);
    __builtin_memcpy(&w, y + i, sizeof w);
    v = f(v, w);
    __builtin_memcpy(out + i, &v, sizeof v);
  }
}

namespace highway = hwy::HWY_NAMESPACE;
static_assert(highway::MaxLanes(highway::ScalableTag<double>()) == kLanes);

#define FREEFALL_LOOP(name, mvec, function)                                            \
  void name##_of_highway(std::size_t n, const double* x, const double*, double* out) { \
    const highway::ScalableTag<double> d;                                              \
    for (std::size_t i = 0; i < n; i += kLanes)                                        \
      highway::StoreU(highway::function(d, highway::LoadU(d, x + i)), d, out + i);     \
  }
FREEFALL_IN_BOTH(FREEFALL_LOOP)
#undef FREEFALL_LOOP

struct Peer {
  std::string_view name;
  loop<double> highway, mvec;
};
constexpr Peer kPeers[] = {
#define FREEFALL_PEER(name, mvec, function) {#name, name##_of_highway, of_vectors<FREEFALL_MVEC(mvec)>},
    FREEFALL_IN_BOTH(FREEFALL_PEER)
#undef FREEFALL_PEER
        {"erf", nullptr, of_vectors<FREEFALL_MVEC(erf)>},
    {"tan", nullptr, of_vectors<FREEFALL_MVEC(tan)>},
    {"pow", nullptr, of_two_vectors<FREEFALL_MVEC_2(pow)>},
};

constexpr loop<double> find(std::string_view name, loop<double> Peer::* library) {
  for (const Peer& p : kPeers) {
    if (p.name == name) return p.*library;
  }
  return nullptr;
}

#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value) {nullptr, find(#name, library)},
constexpr implementation kHighway[] = {
#define library &Peer::highway
#include "tests/numerics/numerics.def"
#undef library
    {nullptr, nullptr}, {nullptr, nullptr}};
constexpr implementation kMvec[] = {
#define library &Peer::mvec
#include "tests/numerics/numerics.def"
#undef library
    {nullptr, nullptr}, {nullptr, nullptr}};
#undef FREEFALL_NUMERIC

}  // namespace

#define FREEFALL_JOIN(library, set) library##_##set##_functions
#define FREEFALL_FUNCTIONS(library, set) FREEFALL_JOIN(library, set)
const implementation* FREEFALL_FUNCTIONS(highway, FREEFALL_PEERS_SET)() { return kHighway; }
const implementation* FREEFALL_FUNCTIONS(libmvec, FREEFALL_PEERS_SET)() { return kMvec; }

}  // namespace freefall::numerics
