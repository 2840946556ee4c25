#include "codegen/calculus/derive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/descent.hpp"
#include "codegen/elaborate/dependency_order.hpp"
#include "codegen/elaborate/hold_predictions.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

class Deriver {
 public:
  Deriver(const Program& program, Derivation& out)
      : program_(program), out_(out), live_{program, out.elaboration, {}} {}

  void run(const Kernel& kernel) {
    kernel_ = kernel.name;
    counters_ = 0;
    in_force_ = live_;
    out_.procedures.push_back({kernel.name, block(kernel.body), kernel.origin});
  }

 private:
  Steps block(const Block& statements) {
    Steps out;
    const elaborate::Held outside = in_force_;
    for (const Statement& s : statements) {
      origin_ = s.origin;
      std::visit([&](const auto& action) { append(out, action); }, s.action);
    }
    in_force_ = outside;
    return out;
  }

  // The value of an expression in which functionals and gradients stand as symbols.
  Expr resolve(const elaborate::Held& held, Expr e) const {
    const Expr derived = transform(e, [&](Expr n) {
      if (n->op != Op::Access || n->tensor->role != Role::output) return n;
      const auto at = std::find_if(program_.gradients.begin(), program_.gradients.end(),
                                   [&](const Gradient& g) { return g.symbol == n->tensor; });
      if (at == program_.gradients.end()) return n;
      const Expr value = gradients(held, resolve(held, at->functional), {at->variable})[0];
      const auto own = canonical_indices(at->variable);
      Substitution to_place;
      for (std::size_t p = 0; p < own.size(); ++p) to_place.emplace_back(own[p], n->subscripts[p]);
      return substitute(value, to_place);
    });
    return elaborate::resolve(held.elaboration, derived);
  }

  // Differentiates with respect to the variables and to their copies in held predictions.
  static std::vector<Expr> gradients(const elaborate::Held& held, Expr functional,
                                     std::vector<const Tensor*> of) {
    const std::size_t n = of.size();
    std::vector<std::pair<std::size_t, std::size_t>> also;
    for (std::size_t i = 0; i < n; ++i) {
      if (const Tensor* copy = held.copy_of(of[i])) {
        also.emplace_back(i, of.size());
        of.push_back(copy);
      }
    }
    std::vector<Expr> out = calculus::gradients(functional, of);
    for (const auto& [variable, copy] : also) out[variable] = out[variable] + out[copy];
    out.resize(n);
    return out;
  }

  void append(Steps& out, const Forward& forward) {
    const Model& model = program_.models[forward.model];
    std::vector<const Tensor*> latent;
    for (const auto& m : program_.families[forward.family].members) latent.push_back(m.variable);
    append_means(out, model, latent);
  }

  void append(Steps& out, const Predict& predict) {
    append_means(out, program_.models[predict.model], predict.variables);
  }

  void append(Steps& out, const Descend& descend) {
    const DescentRow& row = *find_descent(descend.descent.method);
    Context& context = *program_.context;
    const Expr functional = resolve(in_force_, descend.functional);
    const std::vector<Expr> gradients = this->gradients(in_force_, functional, descend.targets);
    std::vector<Expr> unmodified = gradients;
    if (!in_force_.copies.empty()) {
      unmodified = this->gradients(live_, resolve(live_, descend.functional), descend.targets);
    }
    std::vector<Expr> settings;
    for (const Setting& setting : row.settings) settings.push_back(value_of(descend.descent, setting));
    Assign assign;
    Expr steps;
    if (row.counts_steps) {
      const std::string suffix = counters_++ == 0 ? "" : fmt::format("{}", counters_);
      const Tensor* counter = context.tensor(fmt::format("{}_steps{}", kernel_, suffix), {}, Role::state);
      steps = element(context, counter);
      assign.simultaneous.push_back({counter, steps + Number(1), counter->name + " += 1"});
    }
    for (std::size_t i = 0; i < descend.targets.size(); ++i) {
      context.origin = origin_;
      std::vector<Assignment> updates;
      name_part("dF_d" + descend.targets[i]->name, gradients[i], canonical_indices(descend.targets[i]));
      row.step(context, descend.targets[i], gradients[i], settings, steps, updates);
      out_.rules.push_back({kernel_,
                            descend.targets[i],
                            functional,
                            gradients[i],
                            descend.descent.method,
                            updates,
                            origin_,
                            Expr(),
                            {}});
      if (!(unmodified[i] == gradients[i])) {
        out_.rules.back().unmodified = unmodified[i];
        out_.rules.back().modification = modification();
      }
      for (Assignment& u :
           updates) {  // of a target and of what the method keeps beside it, over the same axes
        u.tick = time_;
        u.value = at_tick(u.value, time_);
      }
      assign.simultaneous.insert(assign.simultaneous.end(), updates.begin(), updates.end());
    }
    context.origin = {};
    out.push_back({assign});
  }

  // What is held, in the user's names.
  std::string modification() const {
    std::vector<std::string> models;
    for (const auto& c : in_force_.copies) {
      const std::string& name = program_.models[c.model].name;
      if (std::find(models.begin(), models.end(), name) == models.end()) models.push_back(name);
    }
    return fmt::format("predictions of '{}' held", fmt::join(models, "', '"));
  }

  void append(Steps& out, const Hold& hold) {
    const auto of_model = [&](const auto& copy) { return copy.model == hold.model; };
    if (std::none_of(in_force_.copies.begin(), in_force_.copies.end(), of_model)) {
      in_force_ = elaborate::hold_predictions(in_force_, hold.model);
      for (const NamedPart& part : in_force_.elaboration.names) {
        const auto reads = tensors_of(part.expression);
        const bool frozen = std::any_of(reads.begin(), reads.end(),
                                        [](const Tensor* t) { return t->role == Role::temporary; });
        if (frozen) name_part(part.name + "_held", part.expression, part.order);
      }
      const std::string& model = program_.models[hold.model].name;
      out_.elaboration.ledger.push_back({"held predictions",
                                         fmt::format("kernel {}, model {}", kernel_, model),
                                         "rules are derived with live predictions, then predictions and "
                                         "their derivatives keep the values of this "
                                         "point; such a rule is not a gradient of F"});
    }
    Assign copy;
    for (const auto& c : in_force_.copies) {
      if (c.model == hold.model)
        copy.simultaneous.push_back({c.held, element(*program_.context, c.live),
                                     fmt::format("{} = {}, held", c.held->name, c.live->name)});
    }
    if (!copy.simultaneous.empty()) out.push_back({copy});
  }

  void append(Steps& out, const EachTick& each) {
    const Axis* outside = time_;
    time_ = each.axis;
    out.push_back({Sweep{each.axis, each.backwards, block(each.body)}});
    time_ = outside;
  }

  void append(Steps& out, const InOrder& order) {
    std::vector<Statement> parts;
    for (const Statement& s : order.body) {
      const auto* descend = std::get_if<Descend>(&s.action);
      for (const Tensor* t : descend == nullptr ? std::vector<const Tensor*>{} : descend->targets)
        parts.push_back({Descend{descend->functional, {t}, descend->descent}, s.origin});
      if (descend == nullptr) parts.push_back(s);
    }
    if (order.children_first) {
      std::vector<const Tensor*> targets;
      for (const Statement& s : parts) targets.push_back(std::get<Descend>(s.action).targets[0]);
      const std::vector<const Tensor*> sorted = parents_first(targets);
      const auto rank = [&](const Statement& s) {
        return std::find(sorted.begin(), sorted.end(), std::get<Descend>(s.action).targets[0]) -
               sorted.begin();
      };
      std::stable_sort(parts.begin(), parts.end(),
                       [&](const Statement& a, const Statement& b) { return rank(a) > rank(b); });
    }
    for (Step& step : block(parts)) out.push_back(std::move(step));
  }

  void append(Steps& out, const Simultaneously& together) {
    Assign all;
    for (const Step& step : block(together.body)) {
      const auto& assignments = std::get<Assign>(step.action).simultaneous;
      all.simultaneous.insert(all.simultaneous.end(), assignments.begin(), assignments.end());
    }
    out.push_back({all});
  }

  // Targets in an order in which no variable comes before one its density reads; what no density draws comes
  // first.
  std::vector<const Tensor*> parents_first(const std::vector<const Tensor*>& targets) const {
    std::vector<const Tensor*> drawn, out;
    for (const Model& model : program_.models) {
      for (const auto& stage : elaborate::dependency_order(model, targets).stages) {
        for (const Factor* f : stage.factors) {
          if (std::find(drawn.begin(), drawn.end(), f->variable) == drawn.end()) drawn.push_back(f->variable);
        }
      }
    }
    for (const Tensor* t : targets) {
      if (std::find(drawn.begin(), drawn.end(), t) == drawn.end()) out.push_back(t);
    }
    out.insert(out.end(), drawn.begin(), drawn.end());
    return out;
  }

  void append(Steps& out, const Repeat& repeat) {
    out.push_back({Loop{repeat.count, {}, {}, block(repeat.body)}});
  }

  void append(Steps& out, const Until& until) {
    Loop loop{until.at_most, until.tolerance, {}, block(until.body)};
    for (const Tensor* t : assigned(loop.body)) {
      if (t->role == Role::variable || t->role == Role::parameter) loop.watched.push_back(t);
    }
    out.push_back({loop});
  }

  void append(Steps& out, const Evaluate& evaluate) {
    const Expr value = resolve(in_force_, evaluate.value);
    out.push_back({Assign{
        {{evaluate.result, value, fmt::format("{} = {}", evaluate.result->name, print(evaluate.value))}}}});
  }

  Step mean_assignment(const Factor& f, const Axis* time) const {
    const Expr mean = elaborate::find_density(f.density)->mean(f);
    return {Assign{{{f.variable, at_tick(mean, time),
                     fmt::format("{0} = E[{0} | parents] = {1}", f.variable->name, print(mean)), time}}}};
  }

  static Expr at_tick(Expr e, const Axis* time) {
    return time == nullptr ? e : substitute(e, {{Index{time, 0}, Subscript(tick_of(time))}});
  }

  // Variables take their means, parents first; those that depend on earlier ticks of each other tick by tick.
  void append_means(Steps& out, const Model& model, const std::vector<const Tensor*>& wanted) const {
    for (const auto& stage : elaborate::dependency_order(model, wanted).stages) {
      Steps steps;
      for (const Factor* f : stage.factors) steps.push_back(mean_assignment(*f, stage.time));
      if (stage.time != nullptr) {
        out.push_back({Sweep{stage.time, false, std::move(steps)}});
      } else {
        out.insert(out.end(), steps.begin(), steps.end());
      }
    }
  }

  // The first expression of a name keeps it; another gradient for the same target gets a number.
  void name_part(std::string name, Expr e, std::vector<Index> order) {
    auto& names = out_.names;
    int number = 1;
    for (const NamedPart& known : names) {
      if (known.expression == e) return;
      if (known.name == name || known.name.starts_with(name + "_")) ++number;
    }
    names.push_back({number == 1 ? name : fmt::format("{}_{}", name, number), e, std::move(order)});
  }

  Expr value_of(const Descent& descent, const Setting& setting) const {
    for (const auto& [name, value] : descent.settings) {
      if (name == setting.name) return resolve(in_force_, value);
    }
    return make_constant(*program_.context, *setting.standard);
  }

  const Program& program_;
  Derivation& out_;
  const elaborate::Held live_;  // nothing held
  elaborate::Held in_force_;    // what the statements so far hold
  std::string kernel_;
  Origin origin_;
  const Axis* time_ = nullptr;  // of the loop over ticks the statements stand in
  int counters_ = 0;
};

}  // namespace

Derivation derive(const Program& program) {
  Derivation out;
  out.elaboration = elaborate::elaborate(program);
  out.names = out.elaboration.names;
  Deriver deriver(program, out);
  for (const Kernel& kernel : program.kernels) deriver.run(kernel);
  return out;
}

}  // namespace freefall::calculus
