// Joint densities of continuous variables: one model, or two.

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Network : public ProgramParts {
 public:
  explicit Network(ProgramParts parts) : ProgramParts(std::move(parts)) {}

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

 private:
  Names endings_;  // of models, families and free energies
  std::vector<std::pair<std::string, std::string>> lagged_;
};

}  // namespace

ProgramParts network_program(ProgramParts parts) {
  Network out(std::move(parts));
  out.network();
  return out;
}

}  // namespace freefall::fuzz
