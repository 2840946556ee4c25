#include "codegen/calculus/derive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/presynaptic.hpp"
#include "codegen/calculus/simplex_point.hpp"
#include "codegen/calculus/stationary_point.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

class Deriver {
 public:
  Deriver(const Program& program, Derivation& out) : program_(program), out_(out) {}

  void run(const Kernel& kernel) {
    kernel_ = kernel.name;
    counters_ = 0;
    draws_.clear();
    Steps steps = block(kernel.body);
    keep_previous_values(steps);
    out_.procedures.push_back({kernel.name, std::move(steps), kernel.origin});
  }

 private:
  Steps block(const Block& statements) {
    Steps out;
    for (const Statement& s : statements) {
      origin_ = s.origin;
      std::visit([&](const auto& action) { append(out, action); }, s.action);
    }
    return out;
  }

  void append(Steps& out, const Forward& forward) {
    const Model& model = program_.models[forward.model];
    std::vector<const Tensor*> latent;
    for (const auto& m : program_.families[forward.family].members) latent.push_back(m.variable);
    for (const Factor* f : in_dependency_order(model, latent)) out.push_back(mean_assignment(*f));
  }

  void append(Steps& out, const Predict& predict) {
    for (const Factor* f : in_dependency_order(program_.models[predict.model], predict.variables))
      out.push_back(mean_assignment(*f));
  }

  void append(Steps& out, const Descend& descend) {
    const DescentRow& row = *find_descent(descend.descent.method);
    Context& context = *program_.context;
    const Expr functional = elaborate::resolve(out_.elaboration, descend.functional);
    std::vector<Expr> gradients = calculus::gradients(functional, descend.targets);
    std::string modifier;
    if (descend.presynaptic != nullptr) {
      modifier = fmt::format("presynaptic({})", descend.presynaptic->name);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        gradients[i] = presynaptic_gradient(functional, descend.targets[i], descend.presynaptic);
        out_.elaboration.ledger.push_back(
            {"not a gradient of F", fmt::format("kernel {}, {}", kernel_, descend.targets[i]->name),
             fmt::format("the activity it multiplies is read from {}", descend.presynaptic->name)});
      }
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
      out_.rules.push_back({kernel_, descend.targets[i], functional, gradients[i], descend.descent.method,
                            updates, origin_, modifier});
      assign.simultaneous.insert(assign.simultaneous.end(), updates.begin(), updates.end());
    }
    context.origin = {};
    out.push_back({assign});
  }

  void append(Steps& out, const Solve& solve) {
    if (solve.target != nullptr) return append_on_simplex(out, solve);
    const auto& all = program_.functionals;
    const auto declared = std::find_if(
        all.begin(), all.end(), [&](const Functional& f) { return f.symbol == solve.functional->tensor; });
    const Family::Member& member = program_.families[declared->family].members[0];
    const elaborate::FamilyRow& row = *elaborate::find_family(member.density);
    const Tensor* b = row.natural(*program_.context, member);
    const Expr functional = elaborate::resolve(out_.elaboration, solve.functional);
    program_.context->origin = origin_;
    const auto point = try_stationary_point(functional, row, member);
    program_.context->origin = {};
    if (!point) {
      throw ModelError(
          fmt::format("kernel '{}' solves for '{}', but its natural gradient is not {} minus something that "
                      "does not depend on it, "
                      "so there is no closed form; descend the functional instead",
                      kernel_, member.variable->name, b->name));
    }
    name_part("dF_d" + b->name, point->gradient, canonical_indices(b));
    const Assignment update{b, point->value,
                            fmt::format("{} = {}, where dF/d{} = 0", b->name, print(point->value), b->name)};
    out_.rules.push_back({kernel_, b, functional, point->gradient, "solve", {update}, origin_, ""});
    out.push_back({Assign{{update}}});
  }

  void append_on_simplex(Steps& out, const Solve& solve) {
    const std::string& name = solve.target->name;
    const Expr functional = elaborate::resolve(out_.elaboration, solve.functional);
    program_.context->origin = origin_;
    const auto point = try_simplex_point(functional, solve.target);
    program_.context->origin = {};
    if (!point) {
      throw ModelError(fmt::format(
          "kernel '{}' solves for '{}', but the derivative of the functional by the probabilities of "
          "'{}' is not their log plus something that does not depend on them, so there is no closed "
          "form; solve the free energy of a family with categorical({}) itself",
          kernel_, name, name, name));
    }
    name_part("dF_d" + name, point->gradient, canonical_indices(solve.target));
    const Assignment update{
        solve.target, point->value,
        fmt::format("{0} = {1}, where dF/d{0} is the same for all indices", name, print(point->value))};
    out_.rules.push_back(
        {kernel_, solve.target, functional, point->gradient, "solve", {update}, origin_, ""});
    out.push_back({Assign{{update}}});
  }

  void append(Steps& out, const Draw& draw) {
    Context& context = *program_.context;
    Assign assign;
    for (const Family::Member& member : program_.families[draw.family].members) {
      const elaborate::FamilyRow& row = *elaborate::find_family(member.density);
      const std::string& name = member.variable->name;
      const int occurrence = ++draws_[name];  // each statement has a stream of its own
      const std::string stream = occurrence == 1 ? name : fmt::format("{}/{}", name, occurrence);
      std::vector<Subscript> own;
      for (const Index& i : canonical_indices(member.variable)) own.emplace_back(i);
      const Expr value = row.sample(context, member, make_draw(context, stream, own));
      assign.simultaneous.push_back(
          {member.variable, value, fmt::format("{0} drawn from q: {1}", name, print(value))});
    }
    out.push_back({assign});
  }

  void append(Steps& out, const Expect& expect) {
    Assign assign;
    for (const Family::Member& member : program_.families[expect.family].members) {
      const Expr mean = elaborate::find_family(member.density)->mean(*program_.context, member);
      assign.simultaneous.push_back(
          {member.variable, mean, fmt::format("{0} = E_q[{0}] = {1}", member.variable->name, print(mean))});
    }
    out.push_back({assign});
  }

  // Whatever changes a variable keeps the value it had, where some rule reads it.
  void keep_previous_values(Steps& steps) const {
    for (Step& step : steps) {
      if (auto* loop = std::get_if<Loop>(&step.action)) {
        keep_previous_values(loop->body);
        continue;
      }
      auto& all = std::get<Assign>(step.action).simultaneous;
      for (const auto& [variable, kept] : program_.previous_values) {
        const bool changes =
            std::any_of(all.begin(), all.end(), [&](const Assignment& a) { return a.target == variable; });
        if (changes)
          all.push_back({kept, element(*program_.context, variable),
                         fmt::format("{} = {} before", kept->name, variable->name)});
      }
    }
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
    const Expr value = elaborate::resolve(out_.elaboration, evaluate.value);
    out.push_back({Assign{
        {{evaluate.result, value, fmt::format("{} = {}", evaluate.result->name, print(evaluate.value))}}}});
  }

  Step mean_assignment(const Factor& f) const {
    return {Assign{{{f.variable, elaborate::find_density(f.density)->mean(f),
                     fmt::format("{0} = E[{0} | parents] = {1}", f.variable->name,
                                 print(elaborate::find_density(f.density)->mean(f)))}}}};
  }

  // Factors of the wanted variables, parents before children, otherwise in the order of the model.
  static std::vector<const Factor*> in_dependency_order(const Model& model,
                                                        const std::vector<const Tensor*>& wanted) {
    std::vector<const Factor*> waiting, out;
    for (const Factor& f : model.factors) {
      if (std::find(wanted.begin(), wanted.end(), f.variable) != wanted.end()) waiting.push_back(&f);
    }
    const auto blocked = [&](const Factor* f) {
      const auto reads = tensors_of(elaborate::find_density(f->density)->mean(*f));
      return std::any_of(waiting.begin(), waiting.end(), [&](const Factor* other) {
        return std::find(reads.begin(), reads.end(), other->variable) != reads.end();
      });
    };
    while (!waiting.empty()) {
      const auto next = std::find_if_not(waiting.begin(), waiting.end(), blocked);
      if (next == waiting.end()) throw std::logic_error("cycle in a checked model");
      out.push_back(*next);
      waiting.erase(next);
    }
    return out;
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
      if (name == setting.name) return elaborate::resolve(out_.elaboration, value);
    }
    return make_constant(*program_.context, *setting.standard);
  }

  const Program& program_;
  Derivation& out_;
  std::string kernel_;
  Origin origin_;
  int counters_ = 0;
  std::map<std::string, int> draws_;
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
