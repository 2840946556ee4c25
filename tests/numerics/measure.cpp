#include "tests/numerics/measure.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "tests/numerics/exact.hpp"
#include "tests/numerics/peers.hpp"

namespace freefall::numerics {
namespace exact::rows {

#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value)                 \
  template <class W>                                                                      \
  W name##_row([[maybe_unused]] W x, [[maybe_unused]] W y, [[maybe_unused]] W smallest) { \
    return value;                                                                         \
  }
#include "tests/numerics/numerics.def"
#undef FREEFALL_NUMERIC

}  // namespace exact::rows

namespace {

enum class arguments { any, angle, positive, uniform, power, order };

// softmax and log_sum_exp: rounding of 16 exponentials, their sum and one more step, in ulp of the larger of
// the value and 1.
constexpr double kRowBound = 4;

template <class W>
struct row {
  std::string_view name;
  arguments domain;
  double floor, bound;
  W (*value)(W x, W y, W smallest);
};

template <class T>
struct wider {
  using type = long double;
};
template <>
struct wider<double> {
  using type = exact::quad;
};

template <class T>
const auto& rows() {
  using W = typename wider<T>::type;
  static const std::vector<row<W>> all = {
#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value) \
  {#name, arguments::domain, floor, sizeof(T) == 4 ? in_float : in_double, exact::rows::name##_row<W>},
#include "tests/numerics/numerics.def"
#undef FREEFALL_NUMERIC
  };
  return all;
}

// Distance from the exact value in ulp of the larger of it and the floor; of the smallest denormal below the
// normals. Infinity is right beyond the largest number, and otherwise as far off as that is.
template <class T, class W>
double ulps(T found, W exact, double floor) {
  constexpr double never = std::numeric_limits<double>::infinity();
  if (exact != exact) return found != found ? 0 : never;
  if (found != found) return never;
  const W size = std::max(exact::absolute(exact), W(floor)), largest = std::numeric_limits<T>::max();
  if (std::isinf(found) && (found < 0) != (exact < 0)) return never;
  if (size > largest)
    return std::isinf(found) ? 0 : std::fabs(found) == std::numeric_limits<T>::max() ? 1 : never;
  // |size| <= largest fits the exponents of double; for the ulp its rounding to T does not matter but at a
  // power of two, where the larger ulp of the power above would hide half an error.
  T rounded = static_cast<T>(size);
  if (W(rounded) > size) rounded = std::nextafter(rounded, T(0));
  constexpr int digits = std::numeric_limits<T>::digits,
                lowest = std::numeric_limits<T>::min_exponent - digits;
  const int exponent = rounded == 0 ? lowest : std::max(std::ilogb(rounded) + 1 - digits, lowest);
  const W distance = std::isinf(found) ? largest - size : exact::absolute(W(found) - exact);
  // The quotient is small, its operands may be denormal: scaled by powers of two, exactly.
  return std::ldexp(static_cast<double>(distance * W(std::ldexp(1.0L, -(exponent / 2)))),
                    -(exponent - exponent / 2));
}

template <class T>
loop<T> loop_of(const implementation& f) {
  if constexpr (sizeof(T) == 4)
    return f.in_float;
  else
    return f.in_double;
}

// Sees blocks of arguments and keeps the largest error of each instruction set.
template <class T>
class observer {
 public:
  using W = typename wider<T>::type;
  static constexpr std::size_t block = 1024;  // whole rows of softmax

  observer(std::size_t position, double floor, std::function<void(const T*, const T*, W*)> exact,
           const std::vector<instruction_set>& sets, bool moderate, std::vector<largest_error>& out)
      : position_(position),
        floor_(floor),
        exact_(std::move(exact)),
        sets_(sets),
        moderate_(moderate),
        out_(out) {
    out_.resize(sets_.size());
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      if (loop_of<T>(sets_[s].functions[position_]) == nullptr)
        out_[s].ulp = std::numeric_limits<double>::quiet_NaN();
    }
  }
  void see(T x, T y = 0) {
    x_[filled_] = x;
    y_[filled_++] = y;
    if (filled_ == block) flush();
  }
  // The rest of the last block repeats its last argument.
  void finish() {
    while (filled_ != 0) see(x_[filled_ - 1], y_[filled_ - 1]);
  }

 private:
  void flush() {
    filled_ = 0;
    exact_(x_.data(), y_.data(), wide_.data());
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      const loop<T> function = loop_of<T>(sets_[s].functions[position_]);
      if (function == nullptr) continue;
      function(block, x_.data(), y_.data(), found_.data());
      for (std::size_t i = 0; i < block; ++i) {
        if (moderate_ &&
            !(std::isnormal(x_[i]) && std::fabs(x_[i]) <= 700 && std::isnormal(static_cast<T>(wide_[i]))))
          continue;
        const double error = ulps(found_[i], wide_[i], floor_);
        if (!(error <= out_[s].ulp)) out_[s] = {error, double(x_[i]), double(y_[i])};
      }
    }
  }

  std::size_t position_;
  double floor_;
  std::function<void(const T*, const T*, W*)> exact_;
  const std::vector<instruction_set>& sets_;
  bool moderate_;
  std::vector<largest_error>& out_;
  std::size_t filled_ = 0;
  std::array<T, block> x_{}, y_{}, found_{};
  std::array<W, block> wide_{};
};

// Where functions bend, where exponentials overflow, near zero, and everywhere; and the neighbours of
// multiples of pi / 2 of all magnitudes, where the reduction of an angle loses most.
template <class T, class See>
void sample_numbers(std::size_t samples, See see) {
  std::mt19937_64 random(1);
  constexpr double edge = sizeof(T) == 4 ? 105 : 760;
  std::uniform_real_distribution<double> near(-40, 40), far(-edge, edge);
  for (std::size_t i = 0; i < samples; ++i) {
    see(static_cast<T>(near(random)));
    see(static_cast<T>(far(random)));
    see(static_cast<T>(std::ldexp(near(random), -static_cast<int>(random() % 60))));
    if constexpr (sizeof(T) == 4)
      see(std::bit_cast<T>(static_cast<std::uint32_t>(random())));
    else
      see(std::bit_cast<T>(random()));
  }
  constexpr double largest = std::numeric_limits<T>::max() / 2;
  for (double k = 1; k < largest; k = std::floor(k * (1 + 700.0 / static_cast<double>(samples))) + 1) {
    const auto x = static_cast<T>(k * 1.5707963267948966);
    see(x);
    see(std::nextafter(x, T(0)));
    see(std::nextafter(x, std::numeric_limits<T>::infinity()));
  }
}

template <class T>
void sample(const row<typename wider<T>::type>& row, const sampling& how, observer<T>& to) {
  const bool positive = row.domain == arguments::positive;
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> unit(0, 1);
  const auto log_uniform = [&](double low, double high) {
    return static_cast<T>(std::exp2(low + (high - low) * unit(random)));
  };
  switch (row.domain) {
    case arguments::any:
    case arguments::angle:
    case arguments::positive:
      if constexpr (sizeof(T) == 4) {
        for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << (positive ? 31 : 32)); bits += how.stride)
          to.see(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      }
      sample_numbers<T>(how.samples, [&](T x) {
        const bool left_out = sizeof(T) == 8 && row.domain == arguments::angle && std::isfinite(x) &&
                              std::fabs(x) >= static_cast<T>(0x1p48);
        if (!left_out) to.see(positive ? std::fabs(x) : x);
      });
      break;
    case arguments::uniform:
      sample_numbers<T>(how.samples, [&](T b) {
        const T u =
            std::min(std::max(static_cast<T>(random() % 4 == 0 ? log_uniform(-30, 0) : T(unit(random))),
                              std::numeric_limits<T>::min()),
                     std::nextafter(T(1), T(0)));
        if (std::isfinite(b)) to.see(u, b);
      });
      break;
    case arguments::power:
      for (std::size_t i = 0; i < how.samples; ++i) {
        const T x = log_uniform(-20, 20);
        const double most = sizeof(T) == 4 ? 120 : 1000;
        to.see(x, static_cast<T>((2 * unit(random) - 1) * most /
                                 std::max(1.0, std::fabs(std::log2(double(x))))));
      }
      break;
    case arguments::order:
      for (std::size_t i = 0; i < how.samples; ++i)
        to.see(static_cast<T>(1 + random() % 4), log_uniform(-20, 20));
      break;
  }
  to.finish();
}

// Rows of 16 numbers within 0.1, 3 and 100.
template <class T>
void sample_rows(const sampling& how, observer<T>& to) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (std::size_t i = 0; i < how.samples / kRow; ++i) {
    for (const double scale : {0.1, 3.0, 100.0}) {
      for (std::size_t k = 0; k < kRow; ++k) to.see(static_cast<T>(scale * unit(random)));
    }
  }
  to.finish();
}
template <class T, class W>
void softmax_rows(const T* x, W* out, bool logarithm) {
  for (std::size_t at = 0; at < observer<T>::block; at += kRow) {
    W total = 0;
    const W largest = *std::max_element(x + at, x + at + kRow);
    for (std::size_t i = at; i < at + kRow; ++i) total += out[i] = exact::exp(W(x[i]) - largest);
    for (std::size_t i = at; i < at + kRow; ++i)
      out[i] = logarithm ? largest + exact::log(total) : out[i] / total;
  }
}

}  // namespace

std::vector<instruction_set> instruction_sets() {
  std::vector<instruction_set> out = {{"baseline", baseline_functions()}};
#ifdef FREEFALL_NUMERICS_X86
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    out.push_back({"AVX2", avx2_functions()});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    out.push_back({"AVX-512", avx512_functions()});
#endif
  return out;
}

std::vector<instruction_set> peers() {
  std::vector<instruction_set> out;
#ifdef FREEFALL_NUMERICS_PEERS
  for (const instruction_set& set : instruction_sets()) {
    if (set.name == std::string_view("AVX2"))
      out.insert(out.end(),
                 {set, {"Highway", highway_avx2_functions()}, {"libmvec", libmvec_avx2_functions()}});
    if (set.name == std::string_view("AVX-512"))
      out.insert(out.end(),
                 {set, {"Highway", highway_avx512_functions()}, {"libmvec", libmvec_avx512_functions()}});
  }
#endif
  return out;
}

template <class T>
std::vector<measurement> measure(const sampling& how, const std::vector<instruction_set>& sets) {
  using W = typename wider<T>::type;
  std::vector<measurement> out;
  for (const row<W>& r : rows<T>()) {
    out.push_back({r.name, r.floor, r.bound, {}});
    const auto exact = [&](const T* x, const T* y, W* to) {
      for (std::size_t i = 0; i < observer<T>::block; ++i) to[i] = r.value(W(x[i]), W(y[i]), W(T(1e-16)));
    };
    observer<T> observe(out.size() - 1, r.floor, exact, sets, how.moderate, out.back().by_set);
    sample<T>(r, how, observe);
  }
  for (const bool logarithm : {false, true}) {
    out.push_back({logarithm ? "log_sum_exp" : "softmax", 1, kRowBound, {}});
    observer<T> observe(
        out.size() - 1, 1, [&](const T* x, const T*, W* to) { softmax_rows(x, to, logarithm); }, sets,
        how.moderate, out.back().by_set);
    sample_rows(how, observe);
  }
  return out;
}
std::vector<std::vector<double>> nanoseconds(const std::vector<instruction_set>& sets) {
  constexpr std::size_t n = 1024, rounds = 200, calls = 20;
  // At whole lines of the cache, and not at the same place of a page: a load would wait for a store to
  // another.
  struct array {
    alignas(64) double values[n], apart[80];
    double* data() { return values; }
    double& operator[](std::size_t i) { return values[i]; }
  };
  static array x, y, positive, uniform, order, out;
  std::mt19937_64 random(4);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = std::uniform_real_distribution<double>(-5, 5)(random);
    y[i] = std::uniform_real_distribution<double>(-5, 5)(random);
    positive[i] = std::fabs(x[i]) + 1e-3;
    uniform[i] = std::uniform_real_distribution<double>(0.01, 0.99)(random);
    order[i] = static_cast<double>(1 + i % 4);
  }
  const auto time = [&](loop<double> function, const double* a, const double* b) {
    if (function == nullptr) return std::numeric_limits<double>::quiet_NaN();
    double best = std::numeric_limits<double>::infinity();
    for (std::size_t r = 0; r < rounds; ++r) {
      const auto start = std::chrono::steady_clock::now();
      for (std::size_t c = 0; c < calls; ++c) function(n, a, b, out.data());
      const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / (n * calls));
    }
    return best;
  };
  std::vector<std::vector<double>> all;
  const auto append = [&](const double* a, const double* b) {
    auto& row = all.emplace_back();
    for (const instruction_set& s : sets) row.push_back(time(s.functions[all.size() - 1].in_double, a, b));
  };
  for (const auto& r : rows<double>()) {
    switch (r.domain) {
      case arguments::any:
      case arguments::angle:
        // Logarithms of negative numbers are no work.
        append(r.name.starts_with("log") || r.name == "sqrt" ? positive.data() : x.data(), y.data());
        break;
      case arguments::positive:
      case arguments::power: append(positive.data(), y.data()); break;
      case arguments::uniform: append(uniform.data(), y.data()); break;
      case arguments::order: append(order.data(), positive.data()); break;
    }
  }
  append(x.data(), y.data());  // softmax, log_sum_exp
  append(x.data(), y.data());
  return all;
}

template std::vector<measurement> measure<float>(const sampling&, const std::vector<instruction_set>&);
template std::vector<measurement> measure<double>(const sampling&, const std::vector<instruction_set>&);

}  // namespace freefall::numerics
