#include "tests/support/random_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>

#include "codegen/ir/print.hpp"

namespace freefall::test {
namespace {

using namespace ir;

class Maker {
 public:
  explicit Maker(const RandomProgramOptions& options)
      : options_(options), random_(options.seed), context_(*out_.program.context) {}

  RandomProgram run() {
    choose_axes();
    choose_factors();
    add_kernels();
    fill();
    describe();
    return std::move(out_);
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  long double uniform(long double low, long double high) {
    return low + (high - low) * static_cast<long double>(random_() >> 11U) / 9007199254740992.0L;
  }

  // ---- axes and variables ----

  const Axis* axis(const std::string& name, std::size_t extent, bool plate = false) {
    out_.sizes.extents[name] = extent;
    return context_.axis(name, plate);
  }

  void choose_axes() {
    out_.sizes.name = "random_model";
    const std::size_t plates = one_in(8) ? 0 : one_in(8) ? 2 : 1;
    for (std::size_t p = 0; p < plates; ++p) {
      const std::string name = p == 0 ? "batch" : "trial";
      shared_.push_back(axis(name, 1 + below(options_.most_copies), true));
      out_.copies[name] = 1 + below(out_.sizes.extents[name]);
    }
    // An ordinary axis that all variables share, such as the position in an image; its name may sort first or
    // last.
    if (one_in(5)) shared_.push_back(axis(one_in(2) ? "place" : "zone", 1 + below(3)));
    const std::size_t layers = 2 + below(4);
    for (std::size_t l = 0; l <= layers; ++l) {
      const bool same = l > 0 && one_in(4);  // an elementwise link is possible
      units_.push_back(same ? units_.back() : axis(fmt::format("unit{}", l), 1 + below(options_.widest)));
      std::vector<const Axis*> axes = shared_;
      axes.push_back(units_.back());
      x_.push_back(context_.tensor(fmt::format("x{}", l), axes, Role::variable));
    }
  }

  const Tensor* parameter(const std::string& name, std::vector<const Axis*> axes) {
    out_.parameters.push_back(context_.tensor(name, std::move(axes), Role::parameter));
    return out_.parameters.back();
  }

  // ---- means ----

  Expr activate(Expr e) {
    constexpr Function kSmooth[] = {Function::tanh, Function::sigmoid, Function::softplus,
                                    Function::gelu, Function::silu,    Function::sin};
    switch (below(4)) {
      case 0: return e;
      case 1: return make_map(Function::tanh, {e});
      case 2: return make_map(options_.smooth ? Function::sigmoid : Function::relu, {e});
      default: return make_map(kSmooth[below(std::size(kSmooth))], {e});
    }
  }

  // W x[from], read over the axis of layer `to`.
  Expr product(std::size_t from, std::size_t to, Expr activity) {
    const Tensor* w = parameter(fmt::format("W{}_{}", from, to), {units_[to], units_[from]});
    const Index row{units_[to], units_[to] == units_[from] ? 1 : 0}, column{units_[from], 0};
    const Expr sum = make_contract({column}, make_access(context_, w, {row, column}) * activity);
    return row.level == 0 ? sum : substitute(sum, {{row, Subscript(Index{units_[to], 0})}});
  }

  Expr mean(std::size_t l) {
    const Expr below_it = element(context_, x_[l - 1]);
    const Expr bias = one_in(2) ? element(context_, parameter(fmt::format("b{}", l), {units_[l]}))
                                : make_constant(context_, 0);
    if (units_[l] == units_[l - 1] && !one_in(3)) {
      if (one_in(2)) return below_it + bias;
      return activate(element(context_, parameter(fmt::format("gain{}", l), {units_[l]})) * below_it + bias);
    }
    const bool inside = one_in(2);  // W f(x) + b instead of f(W x + b)
    Expr drive = product(l - 1, l, inside ? activate(below_it) : below_it) + bias;
    if (l >= 2 && one_in(5)) drive = drive + product(l - 2, l, element(context_, x_[l - 2]));
    if (!inside && one_in(8)) {
      const Index unit{units_[l], 0}, other{units_[l], 1};
      return make_softmax(other, substitute(drive, {{unit, Subscript(other)}}), Subscript(unit));
    }
    return inside ? drive : activate(drive);
  }

  // ---- spreads ----

  void positive(const Tensor* t) { positive_.push_back(t); }

  void add_spread(Factor& f, std::size_t l) {
    const Axis* unit = units_[l];
    const std::string name = fmt::format("s{}", l);
    const auto give = [&](const char* kind, Expr e) { f.arguments.emplace_back(kind, e); };
    const char* either = one_in(2) ? "precision" : "covariance";
    switch (below(9)) {
      case 0:
      case 1: return;
      case 2: {
        const Tensor* s = context_.tensor(name, {}, Role::input);
        positive(s);
        return give(one_in(2) ? "precision" : "variance", element(context_, s));
      }
      case 3: {
        const Tensor* s = parameter(name, {unit});
        positive(s);
        return give(one_in(2) ? "precision" : "variance", element(context_, s));
      }
      case 4: return give("precision", make_map(Function::exp, {element(context_, parameter(name, {unit}))}));
      case 5: return give("variance", make_map(Function::exp, {element(context_, parameter(name, {}))}));
      case 6: {
        const Tensor* s = parameter(name, {unit, unit});
        matrices_.push_back(s);
        return give(either, element(context_, s));
      }
      case 7: {  // one matrix for each value of the shared ordinary axis, its axes in any order
        std::vector<const Axis*> axes = {unit, unit};
        if (!shared_.empty() && !shared_.back()->plate)
          axes.insert(one_in(2) ? axes.begin() : axes.end(), shared_.back());
        const Tensor* s = parameter(name, axes);
        matrices_.push_back(s);
        return give(either, element(context_, s));
      }
      default: {  // exp(g) delta(i, j) + a_i a_j
        const Index i{unit, 0}, j{unit, 1};
        const Expr a = element(context_, parameter(name, {unit}));
        const Expr g = make_map(Function::exp, {element(context_, parameter(name + "_log", {}))});
        return give(either, g * make_delta(context_, Subscript(i), Subscript(j)) +
                                a * substitute(a, {{i, Subscript(j)}}));
      }
    }
  }

  // ---- model and kernels ----

  void choose_factors() {
    Model model{"random_model", {}};
    Family family;
    const auto make_latent = [&](std::size_t l) {
      family.members.push_back({x_[l], "delta", {}});
      out_.latent.push_back(x_[l]);
    };
    if (one_in(4)) {
      Factor prior{x_[0], "normal", {{"mean", make_constant(context_, static_cast<int>(below(2)))}}, {}};
      add_spread(prior, 0);
      model.factors.push_back(prior);
      make_latent(0);
    }
    for (std::size_t l = 1; l < x_.size(); ++l) {
      Factor f{x_[l], "normal", {{"mean", mean(l)}}, {}};
      add_spread(f, l);
      model.factors.push_back(f);
      if (l + 1 < x_.size()) make_latent(l);
    }
    out_.program.models.push_back(model);
    out_.program.families.push_back(family);
  }

  Descent method(const char* rate) {
    const Expr e = element(context_, context_.tensor(rate, {}, Role::input));
    switch (below(4)) {
      case 0: return {"adam", {{"rate", e}}};
      case 1: return {"momentum", {{"rate", e}, {"momentum", make_constant(context_, Number::ratio(4, 5))}}};
      default: return {"sgd", {{"rate", e}}};
    }
  }

  Block settle(Expr f) {
    const Descent euler{"euler",
                        {{"rate", element(context_, context_.tensor("inference_rate", {}, Role::input))}}};
    Block body;
    if (one_in(4)) {  // one after the other instead of all at once
      for (const Tensor* t : out_.latent) body.push_back({Descend{f, {t}, euler}, {}});
    } else {
      body.push_back({Descend{f, out_.latent, euler}, {}});
    }
    if (one_in(4)) return {{Until{1e-4, options_.passes, body}, {}}};
    return {{Repeat{options_.passes, body}, {}}};
  }

  void add_kernels() {
    const Expr f = out_.free_energy();
    Expr per_sample = f;
    for (const Axis* a : shared_) {
      if (a->plate) per_sample = per_sample / make_extent(context_, a);
    }
    auto& kernels = out_.program.kernels;
    kernels.push_back({"predict", {{Forward{0, 0}, {}}, {Predict{0, {x_.back()}}, {}}}, {}});
    Block infer = {{Forward{0, 0}, {}}};
    for (const Statement& s : settle(f)) infer.push_back(s);
    kernels.push_back({"infer", infer, {}});
    Block train = infer;
    const Statement learn{Descend{per_sample, out_.parameters, method("learning_rate")}, {}};
    if (one_in(3)) {
      Block nested = settle(f);
      nested.push_back(learn);
      train.push_back({Repeat{2, nested}, {}});
    } else {
      train.push_back(learn);
    }
    kernels.push_back({"train", train, {}});
    kernels.push_back(
        {"energy", {{Evaluate{context_.tensor("energy", {}, Role::output), per_sample}, {}}}, {}});
  }

  // ---- values ----

  void fill() {
    for (const Tensor& t : context_.tensors()) {
      if (t.role == Role::output) continue;
      std::vector<long double> v(out_.sizes.size(&t));
      for (long double& e : v) e = uniform(-0.8L, 0.8L);
      if (std::find(positive_.begin(), positive_.end(), &t) != positive_.end()) {
        for (long double& e : v) e = uniform(0.5L, 2.0L);
      }
      if (t.name == "inference_rate") v = {static_cast<long double>(options_.inference_rate)};
      if (t.name == "learning_rate") v = {0.01L};
      out_.values[t.name] = v;
    }
    for (const Tensor* t : matrices_) fill_matrix(t);
    for (const Tensor* t : x_) forget_unused(t);
  }

  // 2 delta(i, j) + a(i) a(j): symmetric positive definite for each value of the other axis.
  void fill_matrix(const Tensor* t) {
    std::vector<std::size_t> extents;
    for (const Axis* a : t->axes) extents.push_back(out_.sizes.extent(a));
    const bool other_first = t->axes.size() == 3 && t->axes[0] != t->axes[1];
    const std::size_t n = extents[other_first ? 1 : 0],
                      others = t->axes.size() == 3 ? extents[other_first ? 0 : 2] : 1;
    auto& v = out_.values[t->name];
    for (std::size_t o = 0; o < others; ++o) {
      std::vector<long double> a(n);
      for (long double& e : a) e = uniform(-0.7L, 0.7L);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j)
          v[other_first ? (o * n + i) * n + j : (i * n + j) * others + o] = a[i] * a[j] + (i == j ? 2 : 0);
      }
    }
  }

  void forget_unused(const Tensor* t) {
    auto& v = out_.values[t->name];
    for (std::size_t k = 0; k < v.size(); ++k) {
      std::size_t rest = k;
      for (std::size_t p = t->axes.size(); p-- > 0;) {
        const std::size_t extent = out_.sizes.extent(t->axes[p]), at = rest % extent;
        rest /= extent;
        const auto used = out_.copies.find(t->axes[p]->name);
        if (used != out_.copies.end() && at >= used->second)
          v[k] = std::numeric_limits<long double>::quiet_NaN();
      }
    }
  }

  void describe() {
    out_.text = fmt::format("random program, seed {}:", options_.seed);
    for (const auto& [name, extent] : out_.sizes.extents) {
      const auto used = out_.copies.find(name);
      out_.text += used == out_.copies.end() ? fmt::format(" {}={}", name, extent)
                                             : fmt::format(" {}={} of {}", name, used->second, extent);
    }
    for (const Factor& f : out_.program.models[0].factors) {
      out_.text += fmt::format("\n  {} ~ normal", f.variable->name);
      for (const auto& [name, value] : f.arguments) out_.text += fmt::format(" {} {}", name, print(value));
    }
  }

  RandomProgramOptions options_;
  std::mt19937_64 random_;
  RandomProgram out_;
  Context& context_;
  std::vector<const Axis*> shared_, units_;
  std::vector<const Tensor*> x_, positive_, matrices_;
};

}  // namespace

RandomProgram random_program(const RandomProgramOptions& options) { return Maker(options).run(); }

}  // namespace freefall::test
