#include "codegen/equality/equality.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "codegen/equality/field_interpret.hpp"
#include "codegen/ir/expand.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::equality {
namespace {

using namespace ir;

constexpr std::size_t kFieldPoints = 3, kNumericPoints = 96;
constexpr long double kTolerance = 1e-12L;

std::vector<const Axis*> axes_of(Expr a, Expr b) {
  std::vector<const Axis*> out;
  const auto add = [&](const Axis* axis) {
    if (axis != nullptr && std::find(out.begin(), out.end(), axis) == out.end()) out.push_back(axis);
  };
  for (const Expr e : topological({a, b})) {
    add(e->axis);
    for (const Index& i : e->free) add(i.axis);
    for (const Index& i : e->bound) add(i.axis);
    if (e->tensor != nullptr) {
      for (const Axis* axis : e->tensor->axes) add(axis);
      add(e->tensor->index_of);  // bounds its values
    }
  }
  std::sort(out.begin(), out.end(), [](const Axis* x, const Axis* y) { return x->name < y->name; });
  return out;
}

// Small and pairwise different where that is affordable, so that no transpose hides.
Sizes different_sizes(const std::vector<const Axis*>& axes, std::size_t turn) {
  static constexpr std::size_t kExtents[] = {2, 3, 5, 4, 7};
  Sizes out;
  for (std::size_t i = 0; i < axes.size(); ++i)
    out.extents[axes[i]->name] = kExtents[(i + turn) % (axes.size() > 3 ? 4 : 5)];
  return out;
}

long double unit(std::uint64_t seed, std::string_view name, std::uint64_t i) {
  std::uint64_t h = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  h = (h ^ (i + 1) * 0xbf58476d1ce4e5b9ULL) * 0x94d049bb133111ebULL;
  h ^= h >> 29;
  h *= 0xbf58476d1ce4e5b9ULL;
  return static_cast<long double>((h ^ (h >> 32)) >> 11) / 9007199254740992.0L;
}

// Functions whose first argument is positive, and which are continued in some way, if at all, to others.
constexpr Function kOfPositive[] = {Function::log,       Function::sqrt,
                                    Function::pow,       Function::log1p,
                                    Function::xlogx,     Function::log_probability,
                                    Function::log_gamma, Function::digamma,
                                    Function::trigamma,  Function::continuous_bernoulli_quantile};

// Functions without negative values.
constexpr Function kNotNegative[] = {Function::exp,  Function::sigmoid, Function::softplus, Function::relu,
                                     Function::step, Function::abs,     Function::less,     Function::equal};

template <std::size_t N>
bool is_one_of(Function f, const Function (&list)[N]) {
  return std::find(std::begin(list), std::end(list), f) != std::end(list);
}

// Adds the arrays whose signs can reach the value of e.
void add_arrays_of_sign(Expr e, std::set<const Node*>& seen, std::set<const Tensor*>& out) {
  if (!seen.insert(e.get()).second) return;
  if (e->tensor != nullptr) out.insert(e->tensor);
  if (e->op == Op::Map && is_one_of(e->function, kNotNegative)) return;
  for (std::size_t i = 0; i < e->args.size(); ++i) {
    const bool squared =
        e->op == Op::Product && e->weights[i].is_integer() && e->weights[i].numerator() % 2 == 0;
    if (!squared) add_arrays_of_sign(e->args[i], seen, out);
  }
}

// Arrays that must be positive: what such functions read, and probabilities.
std::set<const Tensor*> positive_arrays(Expr a, Expr b) {
  std::set<const Tensor*> out;
  std::set<const Node*> seen;
  for (const Expr e : topological({a, b})) {
    if (e->op == Op::Access && e->tensor->one_of) out.insert(e->tensor);
    if (e->op == Op::Map && e->function == Function::polygamma) add_arrays_of_sign(e->args[1], seen, out);
    if (e->op != Op::Map || !is_one_of(e->function, kOfPositive)) continue;
    add_arrays_of_sign(e->args[0], seen, out);
  }
  return out;
}

// Of arrays that need not be positive: `opposite` is `random` with every sign turned, so that the two
// together see each kink and each choice from both sides. `near_zero` is random too, and all values are
// small: functions have series there, which are the other branch of a choice.
enum class Signs { positive, random, opposite, near_zero };
constexpr std::size_t kSigns = 4;

// Values between 0.2 and 1.2, near zero a twentieth of that, inside the domain of every function, with their
// signs. Matrices under Inverse and LogDet get a heavy diagonal, and the number of an outcome is one of those
// of its axis.
Environment<long double> random_point(Expr a, Expr b, const Sizes& sizes, std::uint64_t seed, Signs signs) {
  Environment<long double> out(sizes);
  std::set<const Tensor*> positive = positive_arrays(a, b), definite;
  std::set<const Node*> seen;
  for (const Expr e : topological({a, b})) {
    if (e->op != Op::Inverse && e->op != Op::LogDet) continue;
    for (const Tensor* t : tensors_of(e->args[0])) definite.insert(t);
    add_arrays_of_sign(e->args[0], seen, positive);
  }
  for (const Expr e : topological({a, b})) {
    const Tensor* t = e->tensor;
    if (t == nullptr || out.contains(t)) continue;
    std::vector<long double> data(out.count(*t));
    const bool either = signs != Signs::positive && !positive.contains(t);
    for (std::size_t i = 0; i < data.size(); ++i) {
      data[i] = 0.2L + unit(seed, t->name, i);
      if (signs == Signs::near_zero) data[i] /= 20;
      if (either && (unit(seed + 31, t->name, i) < 0.5L) != (signs == Signs::opposite)) data[i] = -data[i];
      if (t->index_of != nullptr)
        data[i] = std::floor(unit(seed, t->name, i) * static_cast<long double>(sizes.of(*t->index_of)));
    }
    if (definite.contains(t) && t->axes.size() >= 2 && t->axes.back() == t->axes[t->axes.size() - 2]) {
      const std::size_t n = sizes.of(*t->axes.back());
      for (std::size_t i = 0; i < data.size(); ++i) {
        if (i % n == i / n % n) data[i] += static_cast<long double>(2 * n);
      }
    }
    out.set(t, std::move(data));
  }
  out.set_draw([seed](std::string_view stream, const std::vector<std::int64_t>& element) {
    std::uint64_t i = 0;
    for (const std::int64_t x : element) i = i * 1000003 + static_cast<std::uint64_t>(x);
    return 0.001L + 0.998L * unit(seed + 77, stream, i);
  });
  return out;
}

bool close(long double x, long double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return x == y || (std::isnan(x) && std::isnan(y));
  return std::fabs(x - y) <= kTolerance * std::max({1.0L, std::fabs(x), std::fabs(y)});
}

// The first element at which the two differ in extended precision, if any. Where one has no value at the
// point (the inverse of a matrix that has none), the point tells nothing.
struct NumericPoint {
  bool tells = false;
  std::optional<Counterexample> difference;
};
NumericPoint compare_at(Expr derived, Expr reference, const Sizes& sizes, std::uint64_t seed, Signs signs) {
  const Environment<long double> point = random_point(derived, reference, sizes, seed, signs);
  decltype(evaluate(derived, point)) x, y;
  try {
    x = evaluate(derived, point);
    y = evaluate(reference, derived->free, point);
  } catch (const std::domain_error&) {
    return {};
  }
  for (std::size_t i = 0; i < x.data.size(); ++i) {
    if (close(x.data[i], y.data[i])) continue;
    if (signs != Signs::positive && (std::isnan(x.data[i]) || std::isnan(y.data[i])))
      continue;  // outside the domain of one
    Counterexample out;
    out.sizes = sizes;
    out.derived = x.data[i];
    out.reference = y.data[i];
    std::size_t rest = i;
    out.element.resize(x.extents.size());
    for (std::size_t k = x.extents.size(); k-- > 0; rest /= x.extents[k])
      out.element[k] = rest % x.extents[k];
    return {true, out};
  }
  return {true, {}};
}

// Over all assignments of extents 1 to 3, smallest number of values first.
std::optional<Counterexample> smallest_counterexample(Expr derived, Expr reference,
                                                      const std::vector<const Axis*>& axes, Signs signs) {
  const std::size_t tried = std::min<std::size_t>(axes.size(), 6);
  std::vector<std::vector<std::size_t>> all = {{}};
  for (std::size_t a = 0; a < tried; ++a) {
    std::vector<std::vector<std::size_t>> longer;
    for (const auto& some : all) {
      for (std::size_t extent = 1; extent <= 3; ++extent) {
        longer.push_back(some);
        longer.back().push_back(extent);
      }
    }
    all = std::move(longer);
  }
  const auto volume = [](const std::vector<std::size_t>& v) {
    std::size_t out = 1;
    for (const std::size_t e : v) out *= e;
    return out;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& x, const auto& y) { return volume(x) < volume(y); });
  for (const auto& extents : all) {
    Sizes sizes;
    for (std::size_t a = 0; a < axes.size(); ++a) sizes.extents[axes[a]->name] = a < tried ? extents[a] : 2;
    if (auto found = compare_at(derived, reference, sizes, 1, signs).difference) return found;
  }
  return {};
}

// Terms of a normal form: the members of a sum, or the whole.
std::vector<Expr> terms_of(Expr e) {
  std::vector<Expr> out;
  if (e->op != Op::Sum) return {e};
  for (std::size_t i = 0; i < e->args.size(); ++i) out.push_back(e->weights[i] * e->args[i]);
  if (!e->value.is_zero()) out.push_back(make_constant(*e->context, e->value));
  return out;
}

std::vector<std::string> terms_missing(const std::vector<Expr>& from, const std::vector<Expr>& in) {
  std::vector<std::string> out;
  for (const Expr e : from) {
    if (std::find(in.begin(), in.end(), e) == in.end()) out.push_back(print(e));
  }
  return out;
}

std::string element_text(const Counterexample& c, Expr derived) {
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < c.element.size(); ++k)
    parts.push_back(fmt::format("{} = {}", str(derived->free[k]), c.element[k]));
  return parts.empty() ? "" : fmt::format(" at {}", fmt::join(parts, ", "));
}

}  // namespace

const char* name(Verdict verdict) {
  static constexpr const char* kNames[] = {"proven", "proven up to probability", "tested", "refuted"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Result compare_rules(Expr derived, Expr reference) {
  for (const Index& i : reference->free) {
    if (!derived->depends_on(i))
      throw std::invalid_argument(
          fmt::format("the reference varies over the axis '{}', the derived rule does not", str(i)));
  }
  Result out;
  const auto x = try_expand(derived), y = try_expand(reference);
  if (derived == reference || (x && y && *x == *y)) {
    out.verdict = Verdict::proven;
    return out;
  }
  const auto axes = axes_of(derived, reference);
  const bool same_indices = derived->free == reference->free;
  bool equal = same_indices;
  double error = 1;
  try {
    for (std::size_t k = 0; k < kFieldPoints && equal; ++k) {
      const FieldPoint point{different_sizes(axes, k), 1000 + k};
      equal = field_evaluate(derived, point) == field_evaluate(reference, point);
      error *= (degree_bound(derived, point.sizes) + degree_bound(reference, point.sizes)) /
               static_cast<double>(Field::kPrime);
    }
  } catch (const std::domain_error&) {
    equal = false;  // something divides by zero in the field; the numbers decide
  }
  if (equal) {
    out.verdict = Verdict::probable;
    out.error_probability = std::min(error, 1.0);
    out.points = kFieldPoints;
    return out;
  }
  for (std::size_t k = 0; k < kNumericPoints; ++k) {
    const auto signs = static_cast<Signs>(k % kSigns);
    const std::size_t turn = signs == Signs::opposite ? k - 1 : k;
    const NumericPoint point = compare_at(derived, reference, different_sizes(axes, turn), turn + 1, signs);
    out.points += point.tells;
    if (!point.difference) continue;
    out.verdict = Verdict::refuted;
    out.counterexample = smallest_counterexample(derived, reference, axes, signs);
    if (!out.counterexample) out.counterexample = point.difference;
    if (x && y) {
      const auto in_x = terms_of(*x), in_y = terms_of(*y);
      out.counterexample->only_derived = terms_missing(in_x, in_y);
      out.counterexample->only_reference = terms_missing(in_y, in_x);
    }
    return out;
  }
  if (out.points == 0)
    throw std::domain_error("two rules cannot be compared: at no random point both have a value");
  out.verdict = Verdict::tested;
  return out;
}

bool seem_equal(Expr a, Expr b) {
  if (a == b) return true;
  if (a->free != b->free) return false;
  const Sizes sizes = different_sizes(axes_of(a, b), 0);
  try {
    const FieldPoint point{sizes, 1};
    return field_evaluate(a, point) == field_evaluate(b, point);
  } catch (const std::domain_error&) {
    const NumericPoint at = compare_at(a, b, sizes, 1, Signs::positive);
    return at.tells && !at.difference && !compare_at(a, b, sizes, 2, Signs::random).difference &&
           !compare_at(a, b, sizes, 2, Signs::opposite).difference;
  }
}

std::string describe(const Result& r, Expr derived) {
  switch (r.verdict) {
    case Verdict::proven: return "proven: the same normal form";
    case Verdict::probable:
      return fmt::format(
          "proven up to probability {:.1e}: equal at {} random points of the field of 2^61 - 1 elements",
          r.error_probability, r.points);
    case Verdict::tested:
      return fmt::format("tested: equal at {} random points in extended precision; not proven", r.points);
    case Verdict::refuted: break;
  }
  const Counterexample& c = *r.counterexample;
  std::vector<std::string> sizes;
  for (const auto& [axis, extent] : c.sizes.extents) sizes.push_back(fmt::format("{} = {}", axis, extent));
  std::string out = fmt::format("refuted: with {}{} the derived rule is {:.12g}, the reference {:.12g}",
                                fmt::join(sizes, ", "), element_text(c, derived),
                                static_cast<double>(c.derived), static_cast<double>(c.reference));
  for (const std::string& t : c.only_derived) out += "\n  only derived:   " + t;
  for (const std::string& t : c.only_reference) out += "\n  only reference: " + t;
  return out;
}

}  // namespace freefall::equality
