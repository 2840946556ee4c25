#include "tests/fuzz/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "codegen/calculus/hessian.hpp"
#include "codegen/emit/emit_library.hpp"
#include "codegen/equality/equality.hpp"
#include "codegen/equality/mutate.hpp"
#include "codegen/equality/references.hpp"
#include "codegen/ir/expand.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/report/rules_text.hpp"
#include "tests/fuzz/reference_energy.hpp"
#include "tests/support/central_difference.hpp"

namespace freefall::fuzz {
namespace {

using namespace ir;

// Long double rounds at 5e-20. A value whose condition is at most kLargestCondition and that takes some
// hundred roundings is known to 1e-13.
constexpr long double kPassTolerance = 1e-12L;
constexpr long double kLargestCondition = 1e5L;

// Characters. What an expression shares is written out in its text, which may be millions of times as long.
constexpr std::size_t kLongestText = 200'000;

using Real = long double;

struct Failure {
  std::string stage, text;
};

void each_value(const calculus::Steps& steps, const std::function<void(Expr)>& f) {
  for (const calculus::Step& step : steps) {
    if (const calculus::Steps* body = calculus::body_of(step)) {
      each_value(*body, f);
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous) f(a.value);
    }
  }
}

void each_value(const loop::Operations& operations, const std::function<void(Expr)>& f) {
  for (const loop::Operation& o : operations) {
    if (const auto* nest = std::get_if<loop::Nest>(&o.action)) {
      for (const loop::Store& s : nest->stores) f(s.value);
    } else if (const loop::Operations* body = loop::body_of(o)) {
      each_value(*body, f);
    }
  }
}

template <class Kernels>
const auto& named(const Kernels& kernels, std::string_view name) {
  return *std::find_if(kernels.begin(), kernels.end(), [&](const auto& k) { return k.name == name; });
}

class PassCheck {
 public:
  PassCheck(const Subject& subject, Outcome& out)
      : subject_(subject), context_(*subject.program.context), out_(out) {}

  void run() {
    std::string stage = plan::passes()[0].name;
    try {
      const auto compilation = plan::compile(
          subject_.program, subject_.sizes, [&](const plan::Pass& pass, const plan::Compilation& c) {
            after(pass, c);
            const auto at = static_cast<std::size_t>(&pass - plan::passes().data());
            stage = at + 1 < plan::passes().size() ? plan::passes()[at + 1].name : "emit";
            return true;
          });
      emission(compilation);
      stage = "references";
      references();
    } catch (const ModelError&) {
      throw;
    } catch (const Failure&) {
      throw;
    } catch (const std::exception& error) {
      throw Failure{stage, error.what()};
    }
  }

 private:
  void after(const plan::Pass& pass, const plan::Compilation& c) {
    round_trips(c);
    if (expected_.empty()) {
      derived_ = c;
      try {
        expected_ = interpret_schedules(subject_, c);
      } catch (const std::domain_error&) {  // not positive definite at these values: nothing to compare
        domain_ = true;
      }
      derivatives(c);
      return;
    }
    if (domain_) return;
    if (const std::string wrong = wrong_value(subject_, derived_, interpret(subject_, c), expected_, out_);
        !wrong.empty())
      throw Failure{pass.name, wrong};
  }

  // ---- text ----

  // Ticks, names of temporaries such as "inverse[x]" and frozen points are the compiler's own.
  static bool is_written(Expr e) {
    const auto nodes = topological({e});
    return std::none_of(e->free.begin(), e->free.end(), calculus::is_tick) &&
           std::all_of(nodes.begin(), nodes.end(), [](Expr n) {
             return n->op != Op::Freeze &&
                    (n->tensor == nullptr || n->tensor->name.find('[') == std::string::npos);
           });
  }

  void round_trips(const plan::Compilation& c) {
    const auto round_trip = [&](Expr e) {
      if (!seen_.insert(e.get()).second) return;
      std::string text;
      try {
        text = print(e);
        if (!is_written(e)) return;
        if (text.size() > kLongestText) {
          ++out_.long_texts;
          return;
        }
        if (!(parse(context_, text) == e)) throw Failure{"print", "is parsed as another expression: " + text};
      } catch (const ParseError& error) {
        throw Failure{"print", fmt::format("is not parsed: {}\n{}", error.what(), text)};
      }
    };
    if (c.kernels.empty()) {
      for (const auto& p : c.planned) each_value(p.steps, round_trip);
      for (const auto& f : c.derivation.elaboration.functionals) round_trip(f.value);
      for (const auto& r : c.derivation.rules) round_trip(r.gradient);
    } else {
      for (const auto& k : c.kernels) each_value(k.operations, round_trip);
    }
  }

  void emission(const plan::Compilation& c) {
    const auto first = emit::emit_library(c), second = emit::emit_library(c);
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i].text != second[i].text) throw Failure{"emit", "writes other bytes the second time"};
    }
    if (report::rules_text(c).empty()) throw Failure{"emit", "the report is empty"};
    for (const auto& k : c.kernels) {
      const loop::Cost cost = loop::cost(k.operations, c.sizes);
      if (!(cost.operations >= 0) || !(cost.bytes >= 0)) throw Failure{"emit", "a cost is not a number"};
    }
  }

  // ---- derivatives ----

  Environment<Real> environment(const plan::Compilation& c) const {
    Sizes used{subject_.sizes.extents};
    for (const auto& [plate, count] : subject_.copies) used.extents[plate] = count;
    Environment<Real> out(used);
    for (const Tensor& t : context_.tensors()) {
      const bool in_lanes = std::any_of(t.axes.begin(), t.axes.end(),
                                        [&](const ir::Axis* x) { return !used.extents.contains(x->name); });
      if (in_lanes) continue;  // of an earlier compilation
      const auto given = subject_.values.find(t.name);
      std::vector<Real> packed;
      for (const std::size_t at : test::used_elements(&t, subject_.sizes, subject_.copies))
        packed.push_back(given == subject_.values.end() ? 0 : given->second[at]);
      out.set(&t, packed);
    }
    // Held copies stand for the variables at a point of the schedule; here they are where the variables are.
    for (const auto& r : c.derivation.rules) {
      for (const Tensor* t : tensors_of(r.functional)) {
        if (const Tensor* live = live_of(t)) out.set(t, out.get(live));
      }
    }
    // Frozen points, too, are here: of functionals, and of the densities they are made of.
    std::vector<Expr> all;
    for (const auto& f : c.derivation.elaboration.functionals) all.push_back(f.value);
    for (const Model& m : subject_.program.models) {
      for (const Factor& f : m.factors) {
        for (const auto& [name, value] : f.arguments) all.push_back(value);
      }
    }
    for (const Expr n : topological(all)) {
      if (n->op == Op::Freeze) out.freeze(n->name);
    }
    return out;
  }

  // The variable whose held copy t is, or null.
  const Tensor* live_of(const Tensor* t) const {
    const std::size_t at = t->name.rfind("_held");
    return t->role != Role::temporary || at == std::string::npos
               ? nullptr
               : context_.find_tensor(t->name.substr(0, at));
  }

  // Elaborated functionals against the definitions of the densities.
  void energies(const plan::Compilation& c, const Environment<Real>& at) {
    const auto& declared = subject_.program.functionals;
    for (std::size_t i = 0; i < declared.size(); ++i) {
      try {
        const auto expected = reference_energy(subject_.program, declared[i], at);
        if (!expected || !std::isfinite(*expected)) continue;
        ++out_.energies;
        const Real found = evaluate_scalar(c.derivation.elaboration.functionals[i].value, at);
        if (!(std::fabs(found - *expected) <= 1e-11L * std::max(1.0L, std::fabs(*expected))))
          throw Failure{"elaborate",
                        fmt::format("{} is {:.14Lg}, by the definitions of the densities {:.14Lg}",
                                    declared[i].symbol->name, found, *expected)};
      } catch (const std::domain_error&) {  // not positive definite
      }
    }
  }

  void derivatives(const plan::Compilation& c) {
    Environment<Real> at = environment(c);
    energies(c, at);
    decompositions(c, at);
    std::vector<std::pair<Expr, Expr>> seen;
    std::mt19937_64 random(1);
    for (const auto& rule : c.derivation.rules) {
      if (std::find(seen.begin(), seen.end(), std::pair(rule.functional, rule.gradient)) != seen.end())
        continue;
      seen.emplace_back(rule.functional, rule.gradient);
      try {
        normal_form(rule.gradient, at);
        if (rule.method == "solve") stationary(rule, at);
        if (rule.modification.find("presynaptic") == std::string::npos && !is_presynaptic(c, rule))
          slopes(rule, at, random);
      } catch (const std::domain_error&) {  // not positive definite
      }
    }
  }

  // The sums a functional is said to be equal to.
  void decompositions(const plan::Compilation& c, const Environment<Real>& at) {
    for (const auto& f : c.derivation.elaboration.functionals) {
      for (const auto& sum : f.decompositions) {
        std::vector<Expr> terms;
        std::vector<Number> signs;
        for (const auto& [sign, name] : sum) {
          const auto term =
              std::find_if(f.terms.begin(), f.terms.end(), [&](const auto& t) { return t.first == name; });
          if (term == f.terms.end()) throw Failure{"elaborate", "a sum has an unknown term: " + name};
          terms.push_back(term->second);
          signs.emplace_back(sign);
        }
        try {
          const auto expected = evaluate(f.value, f.value->free, at).data;
          const auto found = evaluate(make_sum(context_, terms, signs), f.value->free, at).data;
          ++out_.energies;
          if (test::distance(found, expected) > 1e-11L)
            throw Failure{"elaborate",
                          fmt::format("{} is not equal to a sum it is said to be equal to", f.symbol->name)};
        } catch (const std::domain_error&) {  // not positive definite
        }
      }
    }
  }

  // ---- references ----

  // Each rule as its own reference, from its text, which is proven; and with a mistake that changes its value
  // here, which is refuted. So are the references of the program, as declared.
  void references() {
    verdicts(subject_.program);
    if (derived_.derivation.rules.empty()) return;
    constexpr std::size_t kMostRules = 3, kMostNodes = 60;
    Environment<Real> at = environment(derived_);
    std::mt19937_64 random(11);
    std::set<std::pair<std::string, const Tensor*>> seen;
    for (const calculus::Rule& rule : derived_.derivation.rules) {
      if (seen.size() == kMostRules) break;
      const Expr value = calculus::thaw(rule.method == "solve" ? rule.updates[0].value : rule.gradient);
      if (topological({value}).size() > kMostNodes || !is_written(value)) continue;
      if (!seen.emplace(rule.kernel, rule.target).second) continue;
      Program stated = subject_.program;
      stated.references.clear();
      const auto state = [&](Expr e, bool holds) {
        stated.references.push_back({stated.rule(rule.kernel, rule.target), e, holds, {}, {}});
      };
      state(parse(context_, print(value)), true);
      std::vector<equality::Mutation> wrong = equality::mutations(value);
      std::shuffle(wrong.begin(), wrong.end(), random);
      for (const equality::Mutation& m : wrong) {
        if (stated.references.size() == 2) break;
        if (differ(value, m.expression, rule.target, at)) state(m.expression, false);
      }
      verdicts(stated);
    }
  }

  // Whether two expressions have different values here, far beyond rounding.
  static bool differ(Expr a, Expr b, const Tensor* over, const Environment<Real>& at) {
    if (a->free != b->free) return false;
    try {
      const std::vector<Index> own = canonical_indices(over);
      const auto x = evaluate(a, own, at), y = evaluate(b, own, at);
      Real size = 0, most = 0;
      for (std::size_t k = 0; k < x.data.size(); ++k) {
        if (over->zero_diagonal && k % (x.extents[0] + 1) == 0) continue;
        size = std::max(size, std::fabs(x.data[k]));
        most = std::max(most, std::fabs(x.data[k] - y.data[k]));
        if (!std::isfinite(x.data[k]) || !std::isfinite(y.data[k])) return false;
      }
      return most > 1e-4L * std::max(size, 1e-2L);
    } catch (const std::domain_error&) {  // not positive definite
      return false;
    }
  }

  void verdicts(const Program& program) {
    Program one = program;
    for (const Reference& reference : program.references) {
      one.references = {reference};
      try {
        const auto checked = equality::compare_references(one, derived_.derivation)[0];
        ++out_.verdicts;
        if (checked.as_declared()) continue;
        throw Failure{"references", fmt::format("{} although it is declared {}: {}\n{}",
                                                equality::name(checked.result.verdict),
                                                reference.holds ? "to hold" : "wrong", print(checked.stated),
                                                equality::describe(checked.result, checked.derived))};
      } catch (const ModelError&) {  // a kernel with two rules for one variable
        ++out_.without_verdict;
      } catch (const std::domain_error&) {  // a mistake has left a rule without a value at any point
        ++out_.without_verdict;
      }
    }
  }

  // A closed form leaves no slope; on a simplex, one slope for all indices.
  void stationary(const calculus::Rule& rule, Environment<Real>& at) {
    const std::vector<Index> own = canonical_indices(rule.target);
    const auto slope = [&] { return evaluate(rule.gradient, own, at); };
    const std::vector<Real> before = at.get(rule.target);
    Real size = 1e-2L;
    for (const Real g : slope().data) size = std::max(size, std::fabs(g));
    at.set(rule.target, evaluate(rule.updates[0].value, own, at).data);
    const Value<Real> after = slope();
    at.set(rule.target, before);
    std::map<std::vector<std::size_t>, std::pair<Real, Real>> range;  // by copy: least and largest slope
    for (std::size_t k = 0; k < after.data.size(); ++k) {
      std::vector<std::size_t> copy;
      std::size_t rest = k;
      for (std::size_t p = own.size(); p-- > 0; rest /= after.extents[p]) {
        if (!rule.target->one_of || own[p].axis->plate) copy.push_back(rest % after.extents[p]);
      }
      const Real level = rule.target->one_of ? after.data[k] : 0;
      const auto [entry, fresh] = range.try_emplace(copy, level, level);
      entry->second.first = std::min(entry->second.first, after.data[k]);
      entry->second.second = std::max(entry->second.second, after.data[k]);
    }
    for (const auto& [copy, r] : range) {
      if (std::isnan(r.second - r.first) || r.second - r.first <= 1e-9L * size) continue;
      throw Failure{"solve", fmt::format("dF/d{} in kernel {} is {:.6Lg} to {:.6Lg} at the stationary point",
                                         rule.target->name, rule.kernel, r.first, r.second)};
    }
  }

  static bool is_presynaptic(const plan::Compilation& c, const calculus::Rule& rule) {
    return std::any_of(c.derivation.elaboration.ledger.begin(), c.derivation.elaboration.ledger.end(),
                       [&](const auto& a) {
                         return a.name == "not a gradient of F" &&
                                a.place == fmt::format("kernel {}, {}", rule.kernel, rule.target->name);
                       });
  }

  void normal_form(Expr gradient, const Environment<Real>& at) {
    constexpr std::size_t kMostTerms = 500;
    const auto expanded = try_expand(gradient, kMostTerms);
    if (!expanded || topological({*expanded}).size() > 4000) return;
    const auto expected = evaluate(gradient, gradient->free, at).data;
    const auto found = evaluate(*expanded, gradient->free, at).data;
    if (test::distance(found, expected) > kPassTolerance) {
      // Multiplied out, terms may cancel: compare with half the digits of each.
      Real largest = 0;
      for (const Expr n : topological({*expanded})) {
        for (const Real x : evaluate(n, n->free, at).data) largest = std::max(largest, std::fabs(x));
      }
      if (!(largest < 1e4L)) return;
      if (const Real off = test::distance(found, expected); off > 1e-9L)
        throw Failure{"expand", fmt::format("the normal form is off by {:.3g} of its value, with terms up to "
                                            "{:.3g}: {}",
                                            static_cast<double>(off), static_cast<double>(largest),
                                            print(gradient).substr(0, 500))};
    }
    if (topological({gradient}).size() > 60) return;
    const auto result = equality::compare_rules(gradient, *expanded);
    if (result.verdict == equality::Verdict::refuted)
      throw Failure{"equality", fmt::format("refutes a normal form: {}\n{}", print(gradient),
                                            equality::describe(result, gradient))};
  }

  // Some elements of the gradient of a rule. The derivative by differences comes with its own error; a kink
  // shows in the two one-sided differences, and where either is large the element is left out.
  void slopes(const calculus::Rule& rule, Environment<Real>& at, std::mt19937_64& random) {
    const Expr functional = make_contract(rule.functional->free, rule.functional);
    for (const Expr n : topological({functional})) {
      if (n->op == Op::Freeze) at.freeze(n->name);
    }
    const std::vector<Real> gradient = evaluate(rule.gradient, canonical_indices(rule.target), at).data;
    std::vector<const Tensor*> moved = {rule.target};
    for (const Tensor* t : tensors_of(functional)) {
      if (live_of(t) == rule.target) moved.push_back(t);
    }
    const std::vector<Real> point = at.get(rule.target);
    Real size = 1e-2L;
    for (const Real g : gradient) size = std::max(size, std::fabs(g));
    const std::size_t tried = std::min<std::size_t>(point.size(), 4);
    for (std::size_t n = 0; n < tried; ++n) {
      const std::size_t k = tried == point.size() ? n : random() % point.size();
      if (rule.target->zero_diagonal && k % (at.sizes().of(*rule.target->axes[0]) + 1) == 0) continue;
      const auto value = [&](Real t) {
        auto other = point;
        other[k] += t;
        for (const Tensor* m : moved) at.set(m, other);
        return evaluate_scalar(functional, at);
      };
      constexpr Real kOneSided = 1e-7L;
      const Real here = value(0), right = (value(kOneSided) - here) / kOneSided,
                 left = (here - value(-kOneSided)) / kOneSided;
      const auto difference = test::derivative_at_zero(value, 0.02L);
      const bool clear = std::fabs(right - left) <= 1e-4L * size && difference.error <= 1e-10L * size &&
                         std::fabs(difference.value - right) <= 1e-4L * size;
      ++(clear ? out_.slopes : out_.unclear_slopes);
      if (!clear || std::fabs(difference.value - gradient[k]) <= 1e-8L * size) continue;
      for (const Tensor* m : moved) at.set(m, point);
      throw Failure{"gradient",
                    fmt::format("dF/d{} in kernel {}, element {}: derived {:.12Lg}, by differences {:.12Lg}",
                                rule.target->name, rule.kernel, k, gradient[k], difference.value)};
    }
    for (const Tensor* m : moved) at.set(m, point);
  }

  const Subject& subject_;
  Context& context_;
  Outcome& out_;
  plan::Compilation derived_;
  Results expected_;
  bool domain_ = false;
  std::set<const Node*> seen_;
};

test::Arrays<Real> disturbed(const Subject& subject, Real disturbance) {
  std::mt19937_64 random(3);
  auto values = subject.values;
  if (disturbance == 0) return values;
  for (auto& [name, v] : values) {
    for (Real& x : v) x *= 1 + (random() % 2 == 0 ? disturbance : -disturbance);
  }
  return values;
}

// The steps with rounding errors of 1e-15 in every state and parameter they assign. A state that stands at
// its prediction has an error of exactly zero, and whether it stays so is a matter of rounding for any input;
// at a kink there, so is what follows.
calculus::Steps rounded(calculus::Steps steps, Context& context, std::mt19937_64& random) {
  for (calculus::Step& step : steps) {
    if (calculus::Steps* body = calculus::body_of(step)) {
      *body = rounded(*body, context, random);
      continue;
    }
    for (calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous) {
      const bool state = a.target->role == Role::variable || a.target->role == Role::parameter;
      if (!state || a.target->zero_diagonal || a.target->one_of || a.target->index_of != nullptr) continue;
      const auto error = [&] { return Number::ratio(random() % 2 == 0 ? 1 : -1, 1'000'000'000'000'000); };
      a.value = make_sum(context, {(Number(1) + error()) * a.value, make_constant(context, 1)},
                         {Number(1), error()});
    }
  }
  return steps;
}

}  // namespace

Results interpret_schedules(const Subject& subject, const plan::Compilation& c, Real disturbance) {
  Results out;
  auto values = disturbed(subject, disturbance);
  const auto run = [&](const calculus::Procedure& p) {
    return test::run_steps<Real>(p.steps, *subject.program.context, values, subject.sizes, subject.copies);
  };
  if (c.is_prepared != nullptr) values = run(named(c.planned, "prepare"));
  for (const auto& p : c.planned) out[p.name] = run(p);
  return out;
}

Results interpret(const Subject& subject, const plan::Compilation& c) {
  if (c.kernels.empty()) return interpret_schedules(subject, c);
  Results out;
  auto values = subject.values;
  const auto run = [&](const loop::Kernel& k) {
    return test::run_operations<Real>(k.operations, *subject.program.context, values, c.sizes,
                                      subject.copies);
  };
  if (c.is_prepared != nullptr) values = run(named(c.kernels, "prepare"));
  for (const auto& k : c.kernels) out[k.name] = run(k);
  return out;
}

std::string wrong_value(const Subject& subject, const plan::Compilation& derived, const Results& found,
                        const Results& expected, Outcome& counts) {
  const auto& omitted = subject.sizes.omitted;
  for (const auto& [kernel, arrays] : expected) {
    for (const auto& [name, values] : arrays) {
      if (std::find(omitted.begin(), omitted.end(), name) != omitted.end()) continue;
      ++counts.compared;
      const Real distance = test::distance(found.at(kernel).at(name), values);
      if (distance <= kPassTolerance) continue;
      const Real measured = condition(subject, derived, kernel, name);
      if (measured <= kLargestCondition)
        return fmt::format("'{}' of kernel {} changes by {:.3g} of its size; its condition is {:.3g}", name,
                           kernel, static_cast<double>(distance), static_cast<double>(measured));
      ++counts.ill_conditioned;
    }
  }
  return {};
}

Real condition(const Subject& subject, const plan::Compilation& derived, const std::string& kernel,
               const std::string& array) {
  constexpr Real kUnbounded = std::numeric_limits<Real>::infinity();
  const calculus::Procedure& procedure = named(derived.planned, kernel);
  const auto run = [&]<class T>(T, Real disturbance) {
    const auto v = test::run_steps<T>(procedure.steps, *subject.program.context,
                                      disturbed(subject, disturbance), subject.sizes, subject.copies)
                       .at(array);
    return std::vector<Real>(v.begin(), v.end());
  };
  try {
    const auto expected = run(Real(), 0);
    const auto used =
        test::used_elements(subject.program.context->find_tensor(array), subject.sizes, subject.copies);
    // A result that the kernel does not write is not a number; one that it writes has no value then.
    const auto written = calculus::assigned(procedure.steps);
    const bool writes =
        std::any_of(written.begin(), written.end(), [&](const Tensor* t) { return t->name == array; });
    for (const std::size_t k : used) {
      if (std::isinf(expected[k]) || (writes && std::isnan(expected[k]))) return kUnbounded;
    }
    Real out = test::distance(run(double(), 0), expected) / 1.1e-16L;
    for (const Real disturbance : {1e-6L, -1e-6L, 1e-9L, -1e-9L, 1e-12L, -1e-12L})
      out = std::max(out, test::distance(run(Real(), disturbance), expected) / std::fabs(disturbance));
    constexpr Real kJump = 1e-6L;
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
      std::mt19937_64 random(seed);
      Context& context = *subject.program.context;
      const auto steps = rounded(procedure.steps, context, random);
      const auto other = test::run_steps<Real>(steps, context, subject.values, subject.sizes, subject.copies);
      if (test::distance(other.at(array), expected) > kJump) return kUnbounded;
    }
    return out;
  } catch (const std::domain_error&) {
    return kUnbounded;
  }
}

plan::Compilation derive_only(const Subject& subject) {
  return plan::compile(subject.program, subject.sizes,
                       [](const plan::Pass&, const plan::Compilation&) { return false; });
}

Outcome check_passes(const std::vector<Line>& lines) {
  Outcome out;
  try {
    const Subject subject = build(lines);
    PassCheck(subject, out).run();
  } catch (const Malformed& error) {
    out.kind = Outcome::Kind::malformed;
    out.text = error.what();
  } catch (const ModelError& error) {
    out.kind = Outcome::Kind::rejected;
    out.text = error.what();
  } catch (const Failure& failure) {
    return Outcome::failure(failure.stage, failure.text);
  } catch (const std::exception& error) {
    return Outcome::failure("build", error.what());
  }
  return out;
}

}  // namespace freefall::fuzz
