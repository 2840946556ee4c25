#include "tests/fuzz/reference_energy.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <stdexcept>

#include "codegen/elaborate/density.hpp"
#include "codegen/elaborate/outcomes.hpp"

namespace freefall::fuzz {
namespace {

using namespace ir;
using Real = long double;
using Matrix = std::vector<std::vector<Real>>;

constexpr Real kLogTwoPi = 1.837877066409345483560659472811235279722L;

// The inverse of a symmetric positive definite matrix by elimination without pivots, and the log of its
// determinant.
Matrix inverse(Matrix a, Real& log_det) {
  const std::size_t n = a.size();
  Matrix out(n, std::vector<Real>(n, 0));
  for (std::size_t i = 0; i < n; ++i) out[i][i] = 1;
  log_det = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const Real pivot = a[k][k];
    if (!(pivot > 0)) throw std::domain_error("not positive definite");
    log_det += std::log(pivot);
    for (std::size_t j = 0; j < n; ++j) a[k][j] /= pivot, out[k][j] /= pivot;
    for (std::size_t i = 0; i < n; ++i) {
      const Real factor = i == k ? 0 : a[i][k];
      for (std::size_t j = 0; j < n; ++j) a[i][j] -= factor * a[k][j], out[i][j] -= factor * out[k][j];
    }
  }
  return out;
}

// Values of an expression at places named by their indices.
class Lookup {
 public:
  Lookup(Expr e, const Environment<Real>& at) : value_(evaluate(e, e->free, at)) {}
  bool depends_on(const Index& i) const {
    return std::find(value_.indices.begin(), value_.indices.end(), i) != value_.indices.end();
  }
  Real operator()(const std::vector<Index>& indices, const std::vector<std::size_t>& place) const {
    std::size_t flat = 0;
    for (std::size_t k = 0; k < value_.indices.size(); ++k) {
      const auto p = std::find(indices.begin(), indices.end(), value_.indices[k]) - indices.begin();
      flat = flat * value_.extents[k] + place.at(static_cast<std::size_t>(p));
    }
    return value_.data[flat];
  }

 private:
  Value<Real> value_;
};

// Calls f at every place over the indices.
void each_place(const std::vector<Index>& indices, const Sizes& sizes,
                const std::function<void(const std::vector<std::size_t>&)>& f) {
  std::vector<std::size_t> place(indices.size(), 0);
  for (;;) {
    f(place);
    std::size_t d = indices.size();
    for (; d > 0; --d) {
      if (++place[d - 1] < sizes.of(*indices[d - 1].axis)) break;
      place[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

Real normal(const Factor& f, const Environment<Real>& at, Context& context) {
  const std::vector<Index> own = canonical_indices(f.variable);
  const Lookup x(elaborate::drawn(context, f), at), mean(elaborate::argument(f, "mean"), at);
  struct Spread {
    bool is_precision;
    std::optional<std::size_t> axis;  // of a matrix, as a position in `own`
    Lookup value;
  };
  std::vector<Spread> spreads;
  std::vector<Index> rows, others;
  for (const auto& [name, value] : f.arguments) {
    if (name == "mean") continue;
    Spread s{name == "precision", {}, Lookup(value, at)};
    for (std::size_t p = 0; p < own.size(); ++p) {
      if (s.value.depends_on({own[p].axis, own[p].level + 1})) s.axis = p;
    }
    if (s.axis) rows.push_back(own[*s.axis]);
    spreads.push_back(s);
  }
  for (const Index& i : own) {
    if (std::find(rows.begin(), rows.end(), i) == rows.end()) others.push_back(i);
  }
  // Indices of rows, of columns (primed) and of the rest, so that every part is read at one place.
  std::vector<Index> all = others;
  all.insert(all.end(), rows.begin(), rows.end());
  for (const Index& r : rows) all.push_back({r.axis, r.level + 1});
  Real out = 0;
  each_place(others, at.sizes(), [&](const std::vector<std::size_t>& other) {
    std::vector<std::vector<std::size_t>> places;
    each_place(rows, at.sizes(), [&](const std::vector<std::size_t>& row) { places.push_back(row); });
    const std::size_t n = places.size();
    const auto place = [&](std::size_t i, std::size_t j) {
      std::vector<std::size_t> p = other;
      p.insert(p.end(), places[i].begin(), places[i].end());
      p.insert(p.end(), places[j].begin(), places[j].end());
      return p;
    };
    Matrix precision(n, std::vector<Real>(n, 1));
    for (const Spread& s : spreads) {
      if (!s.axis) {
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < n; ++j) {
            const Real v = s.value(all, place(i, j));
            precision[i][j] *= s.is_precision ? v : 1 / v;
          }
        }
        continue;
      }
      // The matrix of this axis alone; its symmetric part.
      const auto k =
          static_cast<std::size_t>(std::find(rows.begin(), rows.end(), own[*s.axis]) - rows.begin());
      const std::size_t extent = at.sizes().of(*rows[k].axis);
      Matrix m(extent, std::vector<Real>(extent));
      for (std::size_t i = 0; i < extent; ++i) {
        for (std::size_t j = 0; j < extent; ++j) {
          std::vector<std::size_t> p = place(0, 0), q = p;
          p[others.size() + k] = q[others.size() + rows.size() + k] = i;
          p[others.size() + rows.size() + k] = q[others.size() + k] = j;
          m[i][j] = (s.value(all, p) + s.value(all, q)) / 2;
        }
      }
      Real ignored = 0;
      if (!s.is_precision) m = inverse(m, ignored);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) precision[i][j] *= m[places[i][k]][places[j][k]];
      }
    }
    Real log_det = 0;
    inverse(precision, log_det);
    out += (static_cast<Real>(n) * kLogTwoPi - log_det) / 2;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const auto here = place(i, i), there = place(j, j);
        out += (x(all, here) - mean(all, here)) * precision[i][j] * (x(all, there) - mean(all, there)) / 2;
      }
    }
  });
  return out;
}

// Each element of x by the log of its density.
Real elementwise(const Factor& f, std::string_view argument, const Environment<Real>& at, Context& context,
                 Real (*negative_log)(Real x, Real argument)) {
  const std::vector<Index> own = canonical_indices(f.variable);
  const Lookup x(element(context, f.variable), at), of(elaborate::argument(f, argument), at);
  Real out = 0;
  each_place(own, at.sizes(),
             [&](const std::vector<std::size_t>& p) { out += negative_log(x(own, p), of(own, p)); });
  return out;
}

// Density e^(b x) b / (e^b - e^-b) on [-1, 1].
Real continuous_bernoulli(Real x, Real b) {
  const Real normaliser = std::fabs(b) < 1e-4L ? 2 * (1 + b * b / 6) : (std::exp(b) - std::exp(-b)) / b;
  return std::log(normaliser) - b * x;
}
Real categorical(Real x, Real probability) { return -x * std::log(std::fmax(probability, 1e-16L)); }

// An outcome given as a number reads its own probability.
Real numbered(const Factor& f, const Environment<Real>& at, Context& context) {
  const std::vector<Index> own = canonical_indices(f.variable);
  std::vector<Index> of_probability = own;
  of_probability.push_back({f.variable->index_of, 0});
  const Lookup x(element(context, f.variable), at), p(elaborate::argument(f, "probability"), at);
  Real out = 0;
  each_place(own, at.sizes(), [&](std::vector<std::size_t> place) {
    const Real value = x(own, place);
    place.push_back(static_cast<std::size_t>(std::llround(value)));
    out += categorical(1, p(of_probability, place));
  });
  return out;
}

// Of outcomes: ln q - ln p summed over every value that the variables can take together, each with its
// probability. A given one_of counts as its array says; nothing is learned of it.
class OutcomesEnergy {
 public:
  OutcomesEnergy(const Program& program, const Functional& functional, const Environment<Real>& at)
      : model_(program.models[functional.model]), family_(program.families[functional.family]), at_(at) {
    for (const Factor& f : model_.factors) {
      for (const Tensor* t : tensors_of(f.arguments[0].second)) add(t);
      add(f.variable);
    }
  }

  std::optional<Real> run() {
    for (const Factor& f : model_.factors) {
      if (f.density != "categorical") return std::nullopt;
    }
    for (const auto& m : family_.members) {
      if (m.density != "categorical" && m.density != "conditional") return std::nullopt;
    }
    // All have the same copies, or the values of one copy would not tell those of another.
    for (const Tensor* t : values_) {
      if (plates(t) != plates(values_[0])) return std::nullopt;
    }
    if (values_.empty()) return std::nullopt;
    std::vector<Index> indices;
    for (const Tensor* t : values_)
      indices.push_back({elaborate::outcome_index(t).axis, static_cast<int>(indices.size())});
    Real out = 0;
    each_place(indices, at_.sizes(), [&](const std::vector<std::size_t>& value) { out += at_value(value); });
    return out;
  }

 private:
  void add(const Tensor* t) {
    if (t->one_of && std::find(values_.begin(), values_.end(), t) == values_.end()) values_.push_back(t);
  }
  static std::vector<Index> plates(const Tensor* t) {
    std::vector<Index> out;
    for (const Index& i : canonical_indices(t)) {
      if (i.axis->plate) out.push_back(i);
    }
    return out;
  }
  const Family::Member* member(const Tensor* t) const {
    const auto m = std::find_if(family_.members.begin(), family_.members.end(),
                                [&](const auto& member) { return member.variable == t; });
    return m == family_.members.end() ? nullptr : &*m;
  }

  // What all copies together have of this value of all variables.
  Real at_value(const std::vector<std::size_t>& value) const {
    Environment<Real> here = at_;
    std::map<const Tensor*, std::size_t> of;
    for (std::size_t v = 0; v < values_.size(); ++v) {
      of[values_[v]] = value[v];
      here.set(values_[v], indicator(values_[v], value[v]));
    }
    const std::vector<Index> copies = plates(values_[0]);
    // e along the axis of the variable at its value, for each copy
    const auto chosen = [&](Expr e, const Tensor* t, const Environment<Real>& in) {
      std::vector<Index> indices = copies;
      indices.push_back(elaborate::outcome_index(t));
      const Lookup table(e, in);
      const Lookup number(element(*e->context, t), in);
      std::vector<Real> out;
      each_place(copies, at_.sizes(), [&](std::vector<std::size_t> place) {
        const std::size_t k = t->one_of ? of.at(t) : static_cast<std::size_t>(number(copies, place));
        place.push_back(k);
        out.push_back(table(indices, place));
      });
      return out;
    };
    std::vector<Real> weight, energy;
    const auto count = [&](std::vector<Real>& total, const std::vector<Real>& by_copy, auto&& f, Real start) {
      total.resize(by_copy.size(), start);
      for (std::size_t c = 0; c < by_copy.size(); ++c) total[c] = f(total[c], by_copy[c]);
    };
    for (const Tensor* t : values_) {
      const Family::Member* m = member(t);
      const std::vector<Real> q =
          m != nullptr && m->table ? chosen(m->table, t, here) : chosen(element(context(), t), t, at_);
      count(weight, q, [](Real w, Real p) { return w * p; }, 1);
      if (m != nullptr) count(energy, q, [](Real e, Real p) { return p == 0 ? e : e + std::log(p); }, 0);
    }
    for (const Factor& f : model_.factors) {
      count(
          energy, chosen(f.arguments[0].second, f.variable, here),
          [](Real e, Real p) { return e - std::log(std::fmax(p, 1e-16L)); }, 0);
    }
    Real out = 0;
    for (std::size_t c = 0; c < energy.size(); ++c) out += weight[c] * energy[c];
    return out;
  }

  std::vector<Real> indicator(const Tensor* t, std::size_t value) const {
    std::vector<Real> out(at_.count(*t));
    std::size_t inner = 1;
    const Axis* own = elaborate::outcome_index(t).axis;
    for (std::size_t p = t->axes.size(); t->axes[--p] != own;) inner *= at_.sizes().of(*t->axes[p]);
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = k / inner % at_.sizes().of(*own) == value ? 1 : 0;
    return out;
  }
  Context& context() const { return *model_.factors[0].arguments[0].second->context; }

  const Model& model_;
  const Family& family_;
  const Environment<Real>& at_;
  std::vector<const Tensor*> values_;  // whose values are summed over
};

}  // namespace

std::optional<Real> reference_energy(const Program& program, const Functional& functional,
                                     const Environment<Real>& at) {
  if (functional.kind != Functional::Kind::free_energy) return std::nullopt;
  if (const auto of_outcomes = OutcomesEnergy(program, functional, at).run()) return of_outcomes;
  for (const auto& member : program.families[functional.family].members) {
    if (member.density != "delta") return std::nullopt;
  }
  Context& context = *program.context;
  Real out = 0;
  for (const Factor& f : program.models[functional.model].factors) {
    // A table read at outcomes is the log of one row, not of their mixture.
    const bool mixed = f.density == "categorical" && [&] {
      const auto reads = tensors_of(f.arguments[0].second);
      return std::any_of(reads.begin(), reads.end(), [](const Tensor* t) { return t->one_of; });
    }();
    if (!f.marginalised.empty() || f.linearised || mixed) return std::nullopt;
    if (f.density == "normal") {
      out += normal(f, at, context);
    } else if (f.density == "continuous_bernoulli") {
      out += elementwise(f, "natural", at, context, continuous_bernoulli);
    } else if (f.density == "categorical") {
      out += f.variable->index_of != nullptr ? numbered(f, at, context)
                                             : elementwise(f, "probability", at, context, categorical);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace freefall::fuzz
