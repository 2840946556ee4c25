#include "tests/fuzz/generate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/calculus/descent.hpp"
#include "codegen/elaborate/future.hpp"
#include "tests/fuzz/random_text.hpp"

namespace freefall::fuzz {
namespace {

using Names = std::vector<std::string>;

bool contains(const Names& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Line line(Names words, std::string expression = {}, std::vector<Line> children = {}) {
  return {std::move(words), std::move(expression), std::move(children)};
}

std::string indexed(const std::string& array, const Names& indices) {
  return indices.empty() ? array : fmt::format("{}[{}]", array, fmt::join(indices, ", "));
}

std::string sum_over(const Names& indices, const std::string& body) {
  return indices.empty() ? body : fmt::format("sum{{{}}}({})", fmt::join(indices, ", "), body);
}

// What all kinds of programs share: axes, arrays and how one array drives another.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed * 2654435761U + 1), seed_(seed) {}

  std::vector<Line> run() {
    choose_axes();
    constants_ = random_.one_in(4);
    switch (random_.below(14)) {
      case 0: attractor(); break;
      case 1: spikes(); break;
      case 2:
      case 3: outcomes(); break;
      case 4: filter(); break;
      case 5: motion(); break;
      default: network(); break;
    }
    std::vector<Line> out = {line({"seed", fmt::format("{}", seed_ % 1000)}),
                             line({"scalar", random_.one_in(3) ? "float" : "double"})};
    for (auto* part : {&axes_, &arrays_, &models_, &kernels_})
      out.insert(out.end(), part->begin(), part->end());
    return out;
  }

 private:
  // ---- axes and arrays ----

  std::string add_axis(const std::string& name, std::size_t largest) {
    axes_.push_back(line({"axis", name, fmt::format("{}", 1 + random_.below(largest))}));
    pool_.push_back(name);
    return name;
  }

  void choose_axes() {
    const std::size_t plates = random_.one_in(6) ? 0 : random_.one_in(5) ? 2 : 1;
    for (std::size_t p = 0; p < plates; ++p) {
      const std::string name = p == 0 ? "batch" : "trial";
      // Some wide enough for slices in the lanes of vectors.
      const std::size_t capacity = random_.one_in(4) ? 8 + random_.below(13) : 1 + random_.below(4);
      const std::size_t used = random_.one_in(2) ? capacity : 1 + random_.below(capacity);
      axes_.push_back(line({"plate", name, fmt::format("{}", capacity), fmt::format("{}", used)}));
      plates_.push_back(name);
    }
    static const Names names = {"cause", "hidden", "place", "unit", "zone"};
    const std::size_t first = random_.below(2);
    for (std::size_t n = 1 + random_.below(4); n > 0; --n) add_axis(names[first + n - 1], 5);
  }

  Array declare(const std::string& role, const std::string& name, Names axes,
                const std::string& values = {}) {
    Names words = {role, name};
    words.insert(words.end(), axes.begin(), axes.end());
    if (!values.empty()) words.insert(words.end(), {":", values});
    arrays_.push_back(line(words));
    return {name, std::move(axes)};
  }

  // A weight over these axes: a new parameter, one that is already used elsewhere, or an input.
  std::string weight(const Names& axes, const std::string& values = {}) {
    const std::string key = fmt::format("{}:{}", fmt::join(axes, ","), values);
    Names& known = weights_[key];
    if (!known.empty() && random_.one_in(3)) return random_.any(known);
    const bool constant = constants_ && random_.one_in(2), given = constant || random_.one_in(8);
    const std::string name = fmt::format("{}{}",
                                         constant               ? "c"
                                         : given                ? "u"
                                         : values == "definite" ? "S"
                                                                : "W",
                                         ++weight_count_);
    declare(constant ? "constant" : given ? "input" : "parameter", name, axes, values);
    if (!given && values != "definite" && values != "probabilities") parameters_.push_back({name, axes});
    known.push_back(name);
    return name;
  }

  Names some_axes(std::size_t most) {
    Names out;
    for (std::size_t n = random_.below(most + 1); n > 0; --n) {
      const std::string& a = random_.any(pool_);
      if (!contains(out, a)) out.push_back(a);
    }
    return out;
  }
  bool is_plate(const std::string& axis) const { return contains(plates_, axis); }
  Names without_plates(const Names& axes) const {
    Names out;
    for (const std::string& a : axes) {
      if (!is_plate(a)) out.push_back(a);
    }
    return out;
  }

  // ---- expressions ----

  // The influence of x on an array over `target`: what they share stands or is mixed, the rest is summed with
  // a weight, and axes that are new come with the weight.
  std::string drive(const Array& x, const Names& target) {
    Names binders, weight_axes, weight_indices, indices, fresh = without_plates(target);
    for (const std::string& a : x.axes) std::erase(fresh, a);
    const auto weigh = [&](const std::string& axis, const std::string& index) {
      weight_axes.push_back(axis);
      weight_indices.push_back(index);
    };
    for (const std::string& a : x.axes) {
      const bool shared = contains(target, a);
      if (is_plate(a)) {
        indices.push_back(shared ? a : random_.bound(a));
        if (!shared) binders.push_back(indices.back());
      } else if (shared && random_.one_in(2)) {
        indices.push_back(shifted(a, binders, weight_axes, weight_indices));
      } else if (!shared && !fresh.empty() && random_.one_in(6)) {  // a window that moves with a new axis
        const std::string tap_axis = random_.any(pool_), tap = random_.bound(tap_axis);
        indices.push_back(fmt::format("{}{} + {}", random_.one_in(3) ? "2 " : "", fresh.back(), tap));
        fresh.pop_back();
        binders.push_back(tap);
        weigh(tap_axis, tap);
      } else {
        indices.push_back(random_.bound(a));
        binders.push_back(indices.back());
        if (shared) weigh(a, a);
        weigh(a, indices.back());
      }
    }
    for (const std::string& a : fresh) {
      if (!random_.one_in(6))
        weight_axes.insert(weight_axes.begin(), a), weight_indices.insert(weight_indices.begin(), a);
    }
    std::string read = random_.activate(indexed(x.name, indices), 6);
    if (!weight_axes.empty() || random_.one_in(4)) {
      const bool square = weight_axes.size() == 2 && weight_axes[0] == weight_axes[1];
      std::string w =
          indexed(weight(weight_axes, square && random_.one_in(4) ? "zero_diagonal" : ""), weight_indices);
      if (random_.one_in(12)) w = random_.activate(w);
      read = w + " * " + read;
    }
    return sum_over(binders, read);
  }

  // `a`, a neighbour of it, or a window around it.
  std::string shifted(const std::string& a, Names& binders, Names& weight_axes, Names& weight_indices) {
    if (!random_.one_in(5)) return a;
    if (random_.one_in(2)) return fmt::format("{} {} 1", a, random_.one_in(2) ? "+" : "-");
    const std::string axis = random_.any(pool_), tap = random_.bound(axis);
    binders.push_back(tap);
    weight_axes.push_back(axis);
    weight_indices.push_back(tap);
    return fmt::format("{} + {} - 1", a, tap);
  }

  // A scalar or an array of constants, now and then one of the rarer nodes.
  std::string bias(const Names& target) {
    const Names own = without_plates(target);
    switch (random_.below(own.empty() ? 4 : 12)) {
      case 0: return random_.number();
      case 1: return indexed(weight({}), {});
      case 2: {
        const std::string n = random_.number();
        return fmt::format("{} / extent({})", n, random_.any(pool_));
      }
      case 3: return special_scalar();
      case 4: return fmt::format("position({}) / 4", random_.any(own));
      case 5: {
        const std::string& a = random_.any(own);
        return fmt::format("delta({}, {})", a, random_.below(2));
      }
      case 6: {
        const std::string& a = random_.any(own);
        return fmt::format("range({}, {} - 1)", a, random_.any(own));
      }
      case 7: {
        const std::string& a = random_.any(own);
        return fmt::format("gather({}, position({}))", weight({random_.any(pool_)}), a);
      }
      default: return indexed(weight(own), own);
    }
  }

  std::string special_scalar() {
    const std::string& a = random_.any(pool_);
    const std::string i = random_.bound(a), j = random_.bound(a);
    const std::string S = weight({a, a}, "definite"), v = weight({a});
    switch (random_.below(5)) {
      case 0: return fmt::format("log_det{{{0}, {1}}}({2}[{0}, {1}])", i, j, S);
      case 1:
        return fmt::format(
            "sum{{{0}, {1}}}({3}[{0}] * inverse{{{0}, {1}}}({2}[{0}, {1}])[{0}, {1}] * {3}[{1}])", i, j, S,
            v);
      case 2: return fmt::format("log_sum_exp{{{0}}}({1}[{0}])", i, v);
      case 3: return fmt::format("max{{{0}}}({1}[{0}])", i, v);
      default: return fmt::format("sum{{{0}}}({1}[{0}] * softmax{{{0}}}({1}[{0}])[{0}])", i, v);
    }
  }

  // What the density of an array over `target` reads: the influence of its parents, in random places.
  std::string drives(const std::vector<Array>& parents, const Names& target) {
    std::string out;
    for (const Array& x : parents) {
      std::string d = drive(x, target);
      if (random_.one_in(8)) d = fmt::format("({}) * {}", d, RandomText::unit(drive(x, target)));
      out += (out.empty() ? "" : " + ") + d;
    }
    if (out.empty() || random_.one_in(2)) out += (out.empty() ? "" : " + ") + bias(target);
    const Names own = without_plates(target);
    if (!own.empty() && random_.one_in(10))
      return fmt::format("softmax{{{0}}}({1})[{0}]", random_.any(own), out);
    if (random_.one_in(14)) {
      const std::string condition = bias(target);
      return fmt::format("select({}, {}, {})", condition, out, bias(target));
    }
    return random_.activate(out, 5);
  }

  std::vector<Line> spread(const std::vector<Array>& parents, const Names& target) {
    const Names own = without_plates(target);
    const std::string by = random_.one_in(2) ? "precision" : "variance";
    const std::string matrix = random_.one_in(2) ? "precision" : "covariance";
    switch (random_.below(own.empty() ? 5 : 11)) {
      case 0: return {line({by}, weight({}, "positive"))};
      case 1: return {line({by}, fmt::format("exp({})", weight({})))};
      case 2:
        if (!parents.empty()) return {line({by}, random_.positive(drive(random_.any(parents), target)))};
        return {};
      case 3:
      case 4: return {};
      case 5: return {line({by}, indexed(weight(own, "positive"), own))};
      case 6: {
        const std::string& a = random_.any(own);
        return {line({by}, fmt::format("exp({}[{}])", weight({a}), a))};
      }
      case 7:
      case 8: return {full(matrix, random_.any(own), own)};
      case 9: {  // exp(g) delta(i, j) + a_i a_j
        const std::string& a = random_.any(own);
        const std::string v = weight({a});
        return {line({matrix},
                     fmt::format("exp({0}) * delta({1}, {1}') + {2}[{1}] * {2}[{1}']", weight({}), a, v))};
      }
      default:
        if (own.size() < 2) return {full(matrix, own[0], own)};
        return {full(matrix, own[0], {own[0]}), random_.one_in(2)
                                                    ? full("precision", own[1], {own[1]})
                                                    : line({"variance"}, weight({}, "positive"))};
    }
  }

  // A matrix over `a`, now and then one for each value of another axis.
  Line full(const std::string& word, const std::string& a, const Names& own) {
    Names axes = {a, a}, indices = {a, a + "'"};
    if (own.size() > 1 && random_.one_in(3)) {
      const std::string& other = own[0] == a ? own[1] : own[0];
      const bool first = random_.one_in(2);
      axes.insert(first ? axes.begin() : axes.end(), other);
      indices.insert(first ? indices.begin() : indices.end(), other);
    }
    return line({word}, indexed(weight(axes, "definite"), indices));
  }

  // ---- a joint density of continuous variables ----

  struct Variable : Array {
    bool latent = false, drawn = false;
    std::string model = "m";
    std::string family = "delta";
    bool one_of = false;
    bool has_mean = true;  // a density by its energy has none that is known
  };

  // One model, or two of which the second reads the variables of the first.
  void network() {
    std::vector<Variable> all;
    joint("", 2 + random_.below(4), all);
    if (random_.one_in(5)) joint("2", 1 + random_.below(2), all);
    network_kernels(all);
  }

  // A model m, a family q and the free energy F, all with this ending, of variables that go behind the
  // others.
  void joint(const std::string& ending, std::size_t count, std::vector<Variable>& all) {
    std::vector<Line> factors, members;
    const bool plated = !random_.one_in(6);
    const std::size_t first = all.size();
    for (const Variable& x : all) {  // in both families, or given in this one
      if (x.latent && random_.one_in(2)) members.push_back(line({x.name, x.family}));
    }
    for (std::size_t n = 0; n < count; ++n) {
      Variable x;
      x.name = fmt::format("x{}", all.size());
      x.model = "m" + ending;
      for (const std::string& p : plates_) {
        if (plated || random_.one_in(2)) x.axes.push_back(p);
      }
      for (const std::string& a : some_axes(2)) x.axes.push_back(a);
      if (random_.one_in(10)) std::reverse(x.axes.begin(), x.axes.end());
      x.drawn = all.size() > 0 || random_.one_in(3);
      const Names own = without_plates(x.axes);
      const bool last = n + 1 == count;
      x.one_of = own.size() == 1 && last && !all.empty() && random_.one_in(8);
      declare(x.one_of ? "one_of" : "variable", x.name, x.axes,
              x.one_of && random_.one_in(2) ? "outcomes" : "");
      if (x.drawn) factors.push_back(factor(x, all));
      x.has_mean = x.drawn && factors.back().word(1) != "gibbs";
      x.latent = x.drawn && !x.one_of && (last ? random_.one_in(5) : !random_.one_in(5));
      if (x.latent && own.size() <= 1 && random_.one_in(8)) x.family = "gaussian";
      all.push_back(x);
    }
    models_.push_back(line({"model", "m" + ending}, "", factors));
    for (std::size_t n = first; n < all.size(); ++n) {
      if (all[n].latent) members.push_back(line({all[n].name, all[n].family}));
    }
    models_.push_back(line({"family", "q" + ending}, "", members));
    models_.push_back(line({"functional", "F" + ending, "free_energy", "m" + ending, "q" + ending}));
    endings_.push_back(ending);
  }

  Line factor(const Variable& x, const std::vector<Variable>& earlier) {
    std::vector<Array> parents;
    if (!earlier.empty() && !random_.one_in(8)) parents.push_back(earlier.back());
    for (const Variable& y : earlier) {
      if (y.name != earlier.back().name && random_.one_in(3)) parents.push_back(y);
    }
    std::string location = drives(parents, x.axes);
    const Names own = without_plates(x.axes);
    if (!own.empty() && !x.one_of && random_.one_in(8)) {  // the element before along an axis
      const std::string& t = random_.any(own);
      Names at = x.axes;
      for (std::string& i : at) {
        if (i == t) i = t + " - 1";
      }
      const std::string gain = random_.one_in(2) ? weight({}) : "1/2";
      location += fmt::format(" + {} * {}", gain, random_.activate(indexed(x.name, at), 9));
      lagged_.emplace_back(x.name, t);
    }
    if (x.one_of)
      return line({x.name, "categorical"}, "",
                  {line({"probability"}, fmt::format("softmax{{{0}}}({1})[{0}]", own[0], location))});
    if (random_.one_in(8)) return line({x.name, "continuous_bernoulli"}, "", {line({"natural"}, location)});
    if (random_.one_in(12)) {  // an energy given directly
      const std::string energy = random_.one_in(2) ? "1/2 * ({0} - {1})^2" : "softplus({0} * ({1})) + {0}^2";
      return line({x.name, "gibbs"}, "",
                  {line({"energy"}, fmt::format(fmt::runtime(energy), indexed(x.name, x.axes), location))});
    }
    std::vector<Line> arguments = {line({"mean"}, location)};
    for (Line& l : spread(parents, x.axes)) arguments.push_back(std::move(l));
    return line({x.name, "normal"}, "", arguments);
  }

  std::string per_copy(std::string functional) {
    for (const std::string& p : plates_) {
      if (random_.one_in(2)) functional += fmt::format(" / extent({})", p);
    }
    return functional;
  }

  std::string penalty() {
    const Array& w = random_.any(parameters_);
    Names at;
    for (const std::string& a : w.axes) at.push_back(random_.bound(a));
    return sum_over(at, fmt::format("{}^2", indexed(w.name, at)));
  }

  // The descents that take any target and need a rate alone.
  static const Names& methods() {
    static const Names list = [] {
      Names out;
      for (const calculus::DescentRow& row : calculus::descents()) {
        const bool by_rate = std::all_of(row.settings.begin(), row.settings.end(), [](const auto& s) {
          return s.standard.has_value() || s.name == "rate";
        });
        if (by_rate && row.name != "newton") out.emplace_back(row.name);
      }
      return out;
    }();
    return list;
  }

  Line descend(const std::string& functional, const Names& targets, std::string method = {}) {
    if (method.empty()) method = random_.any(methods());
    std::vector<Line> settings = {line({"of"}, functional)};
    if (method == "newton") {
      if (random_.one_in(2)) settings.push_back(line({"rate"}, "1/2"));
    } else {
      settings.push_back(line({"rate"}, random_.one_in(3) ? rate() : "1/20"));
    }
    if (method == "momentum" && random_.one_in(2)) settings.push_back(line({"momentum"}, "4/5"));
    if (method == "adam" && random_.one_in(4)) settings.push_back(line({"beta1"}, "1/2"));
    Names words = {"descend", method};
    words.insert(words.end(), targets.begin(), targets.end());
    return line(words, "", settings);
  }
  std::string rate() {
    if (!rate_) declare("input", "rate", {});
    rate_ = true;
    return "rate^2 / 8";
  }

  // Targets in one statement or several, at once, in order or children first.
  std::vector<Line> settle(const std::string& functional, const Names& targets,
                           const std::string& method = "euler") {
    if (targets.size() == 1 || random_.one_in(2)) return {descend(functional, targets, method)};
    std::vector<Line> each;
    for (const std::string& t : targets)
      each.push_back(descend(functional, {t}, random_.one_in(2) ? method : "momentum"));
    switch (random_.below(4)) {
      case 0: return each;
      case 1: return {line({"in_order"}, "", {descend(functional, targets, method)})};
      case 2: return {line({"children_first"}, "", each)};
      default: return {line({"simultaneously"}, "", each)};
    }
  }

  Line scan(const std::string& axis, std::vector<Line> body) {
    static const Names orders = {"forwards", "backwards", "random", "shuffled"};
    return line({"scan", axis, random_.any(orders)}, "", std::move(body));
  }

  Line loop(std::vector<Line> body) {
    const std::string passes = fmt::format("{}", 1 + random_.below(3));
    return random_.one_in(3) ? line({"until", passes, random_.one_in(2) ? "1" : "20"}, "", std::move(body))
                             : line({"repeat", passes}, "", std::move(body));
  }

  void kernel(const std::string& name, std::vector<Line> body) {
    if (!body.empty()) kernels_.push_back(line({"kernel", name}, "", std::move(body)));
  }

  static std::vector<Line> joined(std::vector<Line> a, const std::vector<Line>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  Line evaluate(const std::string& name, const Names& axes, const std::string& value) {
    Names words = {"evaluate", name};
    words.insert(words.end(), axes.begin(), axes.end());
    return line(words, value);
  }

  void network_kernels(const std::vector<Variable>& all) {
    Names latent;
    std::map<std::string, Names> outcomes;  // by model
    bool points = true, means = true;
    for (const Variable& x : all) {
      if (x.latent) latent.push_back(x.name);
      if (x.drawn && !x.latent && x.has_mean) outcomes[x.model].push_back(x.name);
      points = points && (!x.latent || x.family == "delta");
      means = means && (!x.latent || x.has_mean);
    }
    // Where a latent variable has no mean, inference starts from the values that are there.
    std::vector<Line> start;
    for (const std::string& e : endings_) {
      if (means) start.push_back(line({"forward", "m" + e, "q" + e}));
    }
    const std::string F = endings_.size() == 1 ? "F" : random_.one_in(3) ? "(F - 1/2 * F2)" : "(F + F2)";
    std::string functional = F;
    if (!parameters_.empty() && random_.one_in(6))
      functional = fmt::format("{} + {} * {}", F, random_.positive("0"), penalty());
    kernel("energy", {evaluate("value", {}, per_copy(functional))});
    for (const auto& [model, given] : outcomes) {
      if (!random_.one_in(2)) continue;
      Names words = {"predict", model};
      words.insert(words.end(), given.begin(), given.end());
      kernel("guess_" + model, joined(start, {line(words)}));
    }
    if (!latent.empty()) {
      kernel("infer", joined(start, {loop(settle(functional, latent))}));
      if (points && random_.one_in(3))
        kernel("held", joined(start, {line({"hold", "m"}), loop(settle(functional, latent))}));
      if (random_.one_in(6)) {
        const Variable& x = *std::find_if(all.begin(), all.end(), [](const Variable& v) { return v.latent; });
        if (without_plates(x.axes).size() <= 1) kernel("jump", {descend(F, {x.name}, "newton")});
      }
    }
    for (const auto& [name, t] : lagged_) {
      if (!contains(latent, name)) continue;
      kernel(fmt::format("sweep_{}", name),
             {scan(t, random_.one_in(2) ? std::vector<Line>{descend(functional, {name}, "euler")}
                                        : std::vector<Line>{loop({descend(functional, {name})})})});
    }
    for (const Variable& x : all) {
      if (!x.latent || x.family != "gaussian") continue;
      arrays_.push_back(line({"precision", x.name}));
      if (random_.one_in(2))
        kernel(fmt::format("settle_{}", x.name), {line({"solve_for", x.name + "_precision"}, F)});
    }
    Names targets;
    for (const Array& w : parameters_) {
      if (targets.size() < 3 || random_.one_in(3)) targets.push_back(w.name);
    }
    if (!targets.empty()) {
      std::vector<Line> learn = {descend(per_copy(functional), targets)};
      if (!latent.empty() && random_.one_in(2)) {
        learn = joined(settle(functional, latent), learn);
        if (random_.one_in(2)) learn = {loop({loop(learn)})};
        if (points && random_.one_in(4)) learn.insert(learn.begin(), line({"hold", "m"}));
      }
      kernel("learn", learn);
    }
    if (random_.one_in(3)) gradient_kernels(F, all, latent);
  }

  // Gradients as expressions: their values, and functionals made of them.
  void gradient_kernels(const std::string& F, const std::vector<Variable>& all, const Names& latent) {
    std::vector<Array> of = parameters_;
    for (const Variable& x : all) {
      if (x.latent) of.push_back(x);
    }
    if (of.empty()) return;
    const Array& x = random_.any(of);
    for (const std::string& a : x.axes) {
      if (std::count(x.axes.begin(), x.axes.end(), a) > 1) return;
    }
    models_.push_back(line({"gradient", "slope", x.name}, F));
    kernel("slopes", {evaluate("by", x.axes, indexed("slope", x.axes))});
    Names at;
    for (const std::string& a : x.axes) at.push_back(random_.bound(a));
    const std::string steep = sum_over(at, indexed("slope", at) + "^2");
    if (contains(latent, x.name) && random_.one_in(2)) kernel("flatten", {descend(steep, {x.name}, "euler")});
  }

  // ---- full conditionals of continuous Bernoulli units ----

  void attractor() {
    Names axes = random_.one_in(2) ? plates_ : Names{};
    const std::string unit = random_.any(pool_);
    axes.push_back(unit);
    const Array x = declare("variable", "x", axes);
    const std::string other = random_.bound(unit);
    Names at = axes;
    at.back() = other;
    const std::string J = random_.one_in(4) ? "J" : "J", read = indexed("x", at);
    declare("parameter", J, {unit, unit}, "zero_diagonal");
    parameters_.push_back({J, {unit, unit}});
    std::string natural =
        fmt::format("sum{{{0}}}({1}[{2}, {0}] * {3})", other, J, unit, random_.activate(read));
    natural += " + " + bias(axes);
    if (random_.one_in(2)) natural = weight({}) + " * (" + natural + ")";
    models_.push_back(line({"conditionals", "m"}, "",
                           {line({"x", "continuous_bernoulli"}, "", {line({"natural"}, natural)})}));
    models_.push_back(line({"family", "q"}, "", {line({"x", "continuous_bernoulli"})}));
    models_.push_back(line({"functional", "F", "local_free_energy", "m", "q"}));
    arrays_.push_back(line({"previous", "x"}));
    models_.push_back(line({"functional", "S", "surprise", "x", "continuous_bernoulli"}, "",
                           {line({"natural"}, fmt::format("sum{{{0}}}({1}[{2}, {0}] * {3})", other, J, unit,
                                                          indexed("x_previous", at)))}));
    const std::string local = indexed("F", axes);
    const Line solve = line({"solve"}, local), draw = line({"draw", "q"}), expect = line({"expect", "q"});
    std::vector<Line> train = {solve, draw};
    Line learn = descend("S", {J}, "sgd");
    if (random_.one_in(2)) learn.children.push_back(line({"presynaptic", "x"}));
    train.push_back(learn);
    kernel("train", random_.one_in(2) ? std::vector<Line>{loop(train)} : train);
    kernel("relax", {loop({solve, random_.one_in(2) ? draw : expect})});
    if (random_.one_in(2)) kernel("visit", {loop({scan(unit, {solve, random_.one_in(2) ? draw : expect})})});
    if (random_.one_in(2))
      kernel("twice", {solve, line({"repeat", "2"}, "", {line({"repeat", "2"}, "", {draw}), draw})});
    kernel("energy", {evaluate("local", axes, local), evaluate("value", {}, sum_over(axes, local) + " + S")});
  }

  // ---- categorical variables ----

  struct Outcome : Variable {
    bool number = false;  // given as the number of the outcome, in an array over the plates alone
    const std::string& axis() const { return axes.back(); }
    // Its indicator at an index.
    std::string at(const std::string& index) const {
      Names indices = axes;
      if (!number) {
        indices.back() = index;
        return indexed(name, indices);
      }
      indices.pop_back();
      return fmt::format("equal(position({}), {})", index, indexed(name, indices));
    }
  };

  void outcomes() {
    std::vector<Outcome> all;
    std::vector<Line> factors;
    const bool exact = random_.one_in(2), plated = !random_.one_in(3);
    const std::size_t count = 2 + random_.below(3);
    if (!exact && random_.one_in(2)) tables_.push_back({});  // tables are learned as counts
    for (std::size_t n = 0; n < count; ++n) {
      Outcome s;
      s.name = fmt::format("s{}", n);
      if (plated) s.axes = plates_;
      s.axes.push_back(random_.any(pool_));
      if (n > 0 && s.axis() == all.back().axis() && random_.one_in(2)) s.axes.back() = random_.any(pool_);
      s.drawn = n > 0 || random_.one_in(2);
      s.latent = s.drawn && n + 1 < count;
      s.number = !s.latent && random_.one_in(3);
      declare(s.number ? "index_of" : "one_of", s.name, s.axes,
              !s.number && random_.one_in(2) ? "outcomes" : "");
      if (s.drawn)
        factors.push_back(line({s.name, "categorical"}, "", {line({"probability"}, table(s, all))}));
      all.push_back(s);
    }
    std::vector<Line> members, solves;
    Names latent;
    for (const Array& t : tables_) {
      if (t.name.empty()) continue;
      Names at = t.axes, seen;
      for (std::string& a : at) {
        const auto before = std::count(seen.begin(), seen.end(), a);
        seen.push_back(a);
        a += std::string(static_cast<std::size_t>(before), '\'');
      }
      factors.push_back(line({t.name, "dirichlet"}, "",
                             {line({"concentration"}, indexed(weight(t.axes, "positive"), at))}));
      members.push_back(line({t.name, "dirichlet"}));
      solves.push_back(line({"solve", t.name}, "F"));
    }
    models_.push_back(line({"model", "m"}, "", factors));
    std::vector<Outcome> believed;  // whose probabilities are arrays: no conditional
    for (const Outcome& s : all) {
      if (!s.latent) continue;
      if (!believed.empty() && random_.one_in(4)) {  // q of it given others
        const std::vector<Array> learned = std::move(tables_);
        tables_.clear();
        members.push_back(line({s.name, "conditional"}, table(s, believed)));
        tables_ = learned;
        continue;
      }
      believed.push_back(s);
      members.push_back(line({s.name, exact ? "exact" : "categorical"}));
      latent.push_back(s.name);
      solves.push_back(line({"solve", s.name}, "F"));
    }
    models_.push_back(line({"family", "q"}, "", members));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    const Line forward = line({"forward", "m", "q"});
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    if (!solves.empty()) {
      kernel("perceive", {forward, random_.one_in(2) ? loop(solves) : line({"in_order"}, "", solves)});
    }
    if (!random_.one_in(3)) future(all, plated);
    if (random_.one_in(2)) {
      const std::string& own = all.back().axis();
      declare("one_of", "a", {own}, "outcomes");
      kernel("choose", {line({random_.one_in(2) ? "choose" : "choose_drawn", "a"},
                             indexed(weight({own}, "probabilities"), {own}))});
    }
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {descend(per_copy("F"), targets)});
  }

  // A functional of what is expected: outcomes, or states, that are desired, and the posterior in use.
  void future(const std::vector<Outcome>& all, bool plated) {
    std::vector<elaborate::FutureRow> rows = elaborate::future_functionals();
    if (random_.one_in(3)) std::erase_if(rows, [](const auto& r) { return !r.posterior; });
    const elaborate::FutureRow& row = random_.any(rows);
    std::vector<Line> wanted;
    const Outcome *state = nullptr, *outcome = nullptr;
    for (const Outcome& s : all) {
      if (!s.drawn) continue;
      (s.latent ? state : outcome) = &s;
      if (s.latent == row.over_states)
        wanted.push_back(line({s.name}, indexed(weight({s.axis()}, "probabilities"), {s.axis()})));
    }
    // Of one state, on which the outcome depends, given the outcome.
    const bool fits = state != nullptr && outcome != nullptr && state->axis() != outcome->axis();
    if (row.posterior && !fits) return;
    if (fits && !row.over_states && (row.posterior || random_.one_in(2)))
      wanted.push_back(
          line({"posterior", state->name}, indexed(weight({state->axis(), outcome->axis()}, "probabilities"),
                                                   {state->axis(), outcome->axis()})));
    models_.push_back(line({"functional", "G", std::string(row.word), "m", "q"}, "", wanted));
    Names axes;
    if (plated) axes = plates_;
    kernel("plan", {evaluate("expected", axes, indexed("G", axes))});
  }

  // A table read at outcomes of some of the other variables.
  std::string table(const Outcome& s, const std::vector<Outcome>& others) {
    const std::string& own = s.axis();
    Names axes = {own}, indices = {own}, binders;
    std::string read;
    for (const Outcome& parent : others) {
      if (!(parent.name == others.back().name || random_.one_in(3)) || binders.size() == 2) continue;
      binders.push_back(random_.bound(parent.axis()));
      axes.push_back(parent.axis());
      indices.push_back(binders.back());
      read += " * " + parent.at(binders.back());
    }
    if (random_.one_in(3)) {  // learned through a softmax
      const std::string w = weight(axes), each = random_.bound(own);
      Names in = indices;
      in[0] = each;
      return sum_over(binders, fmt::format("softmax{{{}}}({})[{}]{}", each, indexed(w, in), own, read));
    }
    if (!tables_.empty() && random_.one_in(2)) {  // a table that is itself uncertain
      const std::string name = fmt::format("T{}", ++weight_count_);
      declare("variable", name, axes, "probabilities");
      tables_.push_back({name, axes});
      return sum_over(binders, indexed(name, indices) + read);
    }
    return sum_over(binders, indexed(weight(axes, "probabilities"), indices) + read);
  }

  // ---- generalised coordinates: densities of the motion of a state, descents in the moving frame ----

  void motion() {
    const std::string order = "order";
    axes_.push_back(line({"axis", order, fmt::format("{}", 1 + random_.below(4))}));
    const std::string state = random_.any(pool_), sense = random_.any(pool_);
    const Names shared = random_.one_in(2) ? plates_ : Names{};
    Names x_axes = shared, y_axes = shared;
    x_axes.insert(x_axes.end(), {order, state});
    y_axes.insert(y_axes.end(), {order, sense});
    const Array x = declare("variable", "x", x_axes);
    declare("variable", "y", y_axes);
    const auto through = [&](const std::string& to) {
      const std::string k = random_.bound(state);
      Names at = x_axes;
      at.back() = k;
      const Names axes = {to, state};
      return fmt::format("sum{{{}}}({}[{}, {}] * {})", k, weight(axes), to, k,
                         random_.activate(indexed("x", at)));
    };
    const auto density = [&](const std::string& name, const std::string& to, const Line& drawn) {
      std::string f = through(to);
      if (random_.one_in(3)) f = random_.activate(f + " + " + bias({to}));
      std::vector<Line> arguments;
      if (!drawn.words.empty()) arguments.push_back(drawn);
      arguments.push_back(line({"mean", "generalised", order}, f));
      if (random_.one_in(2)) arguments.push_back(full("covariance", order, {order}));
      const bool matrix = random_.one_in(2);
      if (matrix)
        arguments.push_back(full("precision", to, {to}));
      else if (random_.one_in(2))
        arguments.push_back(line({"precision"}, fmt::format("exp({}[{}])", weight({to}), to)));
      return line({name, "normal"}, "", arguments);
    };
    Names next = x_axes;
    next[next.size() - 2] = order + " + 1";
    const Line moved = line({"drawn"}, fmt::format("range({0}, {0} + 1) * {1}", order, indexed("x", next)));
    models_.push_back(line({"model", "m"}, "", {density("x", state, moved), density("y", sense, {})}));
    models_.push_back(line({"family", "q"}, "", {line({"x", "delta"})}));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    Line frame = descend("F", {"x"}, "moving_frame");
    frame.children.push_back(line({"orders"}, fmt::format("extent({})", order)));
    kernel("infer", {loop({frame})});
    if (random_.one_in(2)) kernel("settle", {loop({descend("F", {"x"})})});
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {frame, descend("F", targets)});
  }

  // ---- filters: ticks, normal posteriors, integrals over the previous state ----

  void filter() {
    const std::string& state = random_.any(pool_);
    const std::string& sense = random_.any(pool_);
    Names shared = random_.one_in(2) ? plates_ : Names{};
    Names x_axes = shared, y_axes = shared;
    x_axes.push_back(state);
    y_axes.push_back(sense);
    const Array x = declare("variable", "x", x_axes), y = declare("variable", "y", y_axes);
    arrays_.push_back(line({"previous_tick", "x"}));
    const Array before = {"x_previous", x_axes};
    const bool gaussian = random_.one_in(2), integrates = gaussian && random_.one_in(2),
               bent = random_.one_in(3);
    const auto through = [&](const Array& from, const Names& to, const char* name) {
      const std::string k = random_.bound(from.axes.back());
      Names at = from.axes;
      at.back() = k;
      const bool constant = constants_ && !random_.one_in(3);
      declare(constant ? "constant" : "parameter", name, {to.back(), from.axes.back()});
      if (!constant) parameters_.push_back({name, {to.back(), from.axes.back()}});
      std::string read = indexed(from.name, at);
      if (bent) read = fmt::format("tanh({})", read);
      return fmt::format("sum{{{}}}({}[{}, {}] * {})", k, name, to.back(), k, read);
    };
    std::vector<Line> of_x = {
        line({"mean"}, through(before, x_axes, "A") + (random_.one_in(2) ? " + " + bias(x_axes) : ""))};
    of_x.push_back(full(random_.one_in(2) ? "covariance" : "precision", state, {state}));
    if (integrates) of_x.push_back(line({"marginalised", "x_previous"}));
    std::vector<Line> of_y = {line({"mean"}, through(x, y_axes, "C"))};
    for (Line& l : spread({}, y_axes)) of_y.push_back(std::move(l));
    if (bent && random_.one_in(2)) of_y.push_back(line({"linearised"}));
    models_.push_back(
        line({"model", "m"}, "", {line({"x", "normal"}, "", of_x), line({"y", "normal"}, "", of_y)}));
    models_.push_back(line({"family", "q"}, "", {line({"x", gaussian ? "gaussian" : "delta"})}));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    if (gaussian) arrays_.push_back(line({"precision", "x"}));
    const Line advance = line({"advance", "x"}), forward = line({"forward", "m", "q"});
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    kernel("tick", {advance, forward, loop(settle("F", {"x"}))});
    kernel("loose", {loop({advance, descend("F", {"x"}, "euler")})});
    if (!bent) {
      std::vector<Line> body = {advance, forward, line({"solve_for", "x"}, "F")};
      if (gaussian) body.push_back(line({"solve_for", "x_precision"}, "F"));
      kernel("exact", body);
    } else if (gaussian) {
      kernel("laplace", {line({"repeat", "2"}, "", {descend("F", {"x"}, "newton")}),
                         line({"solve_for", "x_precision"}, "F")});
    }
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {descend("F", targets)});
  }

  // ---- greedy events of an energy ----

  void spikes() {
    const std::string signal = pool_.front(), neuron = pool_.back();
    const Array x = declare("variable", "x", {signal}), r = declare("variable", "r", {neuron});
    const std::string D = "D", s = weight({signal});
    declare("parameter", D, {signal, neuron});
    const std::string a = random_.bound(signal), b = random_.bound(neuron), c = random_.bound(neuron);
    const bool bent = random_.one_in(4);
    const std::string count = fmt::format("r[{}]", b);
    const char* linear = random_.one_in(2) ? "1/5" : "0.01";
    const char* quadratic = random_.one_in(2) ? "1/10" : "0";
    const std::string energy = fmt::format(
        "1/2 * sum{{{0}}}((x[{0}] - sum{{{1}}}(D[{0}, {1}] * {2}))^2) + {3} * sum{{{4}}}(r[{4}]) + {5} * "
        "sum{{{4}}}(r[{4}]^2)",
        a, b, bent ? "tanh(" + count + ")" : count, linear, c, quadratic);
    arrays_.push_back(line({"trace", "r"}, "", {line({"decay"}, "1/10")}));
    arrays_.push_back(
        line({"trace", "x"}, "",
             {line({"decay"}, "1/10"), line({"drive"}, fmt::format("1/4 * {}[{}]", s, signal))}));
    std::vector<Line> parts = {line({"energy"}, energy)};
    Names moved = {"x", "r"}, learned = {D};
    std::string lesson = energy;
    if (!bent && random_.one_in(2)) {
      declare("variable", "V", {neuron});
      moved.push_back("V");
      parts.push_back(line({"voltage", "V"}));
      if (random_.one_in(2)) {
        declare("parameter", "J", {neuron, neuron});
        parts.push_back(line({"couplings", "J"}));
        learned = {"J"};
        lesson = fmt::format("1/2 * sum{{{0}, {1}}}((V[{0}] + J[{0}, {1}])^2 * r_spike[{1}])", b, c);
      }
    }
    models_.push_back(line({"events", "r"}, "", parts));
    Names advance = {"advance"};
    advance.insert(advance.end(), moved.begin(), moved.end());
    Line fire = line({"fire", "r", fmt::format("{}", 1 + random_.below(3))});
    if (random_.one_in(2)) fire.children.push_back(descend(lesson, learned));
    kernel("tick", {line(advance), fire});
    if (random_.one_in(2)) kernel("run", {line({"repeat", "3"}, "", {line(advance), fire})});
    kernel("energy", {evaluate("value", {}, energy)});
    if (random_.one_in(2)) kernel("learn", {descend(energy, {D})});
  }

  RandomText random_;
  std::uint64_t seed_;
  std::vector<Line> axes_, arrays_, models_, kernels_;
  Names plates_, pool_;
  std::map<std::string, Names> weights_;
  std::vector<Array> parameters_;
  std::vector<Array> tables_;  // drawn from Dirichlet densities; the first is empty where there may be some
  std::size_t weight_count_ = 0;
  bool rate_ = false;
  bool constants_ = false;  // some of what is given stays the same from call to call
  Names endings_;           // of models, families and free energies
  std::vector<std::pair<std::string, std::string>> lagged_;
};

}  // namespace

std::vector<Line> generate(std::uint64_t seed) { return Generator(seed).run(); }

}  // namespace freefall::fuzz
