#include "codegen/calculus/derive.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/fire.hpp"
#include "codegen/calculus/greedy.hpp"

namespace freefall::calculus {
namespace {

using namespace ir;

class Deriver {
 public:
  Deriver(const Program& program, Derivation& out) : program_(program), out_(out) {}

  void run(const Kernel& kernel) {
    kernel_ = kernel.name;
    counters_ = 0;
    out_.procedures.push_back({kernel.name, block(kernel.body), kernel.origin});
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
    const std::vector<Expr> gradients = calculus::gradients(functional, descend.targets);
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
      out_.rules.push_back(
          {kernel_, descend.targets[i], functional, gradients[i], descend.descent.method, updates, origin_});
      assign.simultaneous.insert(assign.simultaneous.end(), updates.begin(), updates.end());
    }
    context.origin = {};
    out.push_back({assign});
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

  void append(Steps& out, const Tick& tick) {
    Assign assign;
    for (const Tensor* t : tick.variables) {
      for (const Trace& trace : program_.traces) {
        if (trace.variable == t)
          assign.simultaneous.push_back(
              {t, trace_tick(trace), fmt::format("{} = {}", t->name, print(trace_tick(trace)))});
      }
      for (const Events& events : program_.events) {
        if (events.voltage != t) continue;
        const VoltageTick next = voltage_tick(parts_of(events), events.counts, program_.traces);
        const Expr value = next.keep * element(*program_.context, t) + next.drive;
        assign.simultaneous.push_back({t, value, fmt::format("{} = {}", t->name, print(value))});
      }
    }
    out.push_back({assign});
  }

  void append(Steps& out, const Fire& fire) {
    const Events& events = program_.events[fire.events];
    const GreedyParts parts = parts_of(events);
    const FireTensors at = fire_tensors(*program_.context, events);
    append_choice(out, events, parts, at);
    Loop loop{fire.at_most, {}, {}, {}, at.gain};
    loop.body.push_back({Assign{{spike_of_winner(events, at)}}});
    Assign happen;
    happen.simultaneous = event_assignments(events, parts);
    Steps learned;
    for (const Statement& s : fire.with_each) {
      origin_ = s.origin;
      append(learned, std::get<Descend>(s.action));
    }
    for (const Step& step : learned) {
      const auto& updates = std::get<Assign>(step.action).simultaneous;
      happen.simultaneous.insert(happen.simultaneous.end(), updates.begin(), updates.end());
    }
    loop.body.push_back({happen});
    if (fire.at_most > 1) append_choice(loop.body, events, parts, at);
    out.push_back({loop});
  }

  GreedyParts parts_of(const Events& events) const {
    return greedy_parts(elaborate::resolve(out_.elaboration, events.energy), events.counts);
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
