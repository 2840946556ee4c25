#include "codegen/calculus/derive.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/fire.hpp"
#include "codegen/calculus/hessian.hpp"
#include "codegen/calculus/presynaptic.hpp"
#include "codegen/calculus/resolve.hpp"
#include "codegen/calculus/simplex_point.hpp"
#include "codegen/calculus/stationary.hpp"
#include "codegen/calculus/stationary_counts.hpp"
#include "codegen/calculus/stationary_point.hpp"
#include "codegen/elaborate/dependency_order.hpp"
#include "codegen/elaborate/hold_predictions.hpp"
#include "codegen/elaborate/outcomes.hpp"

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
    draws_.clear();
    in_force_ = live_;
    Steps steps = at_place(place_of(program_, kernel), [&] { return block(kernel.body); });
    keep_previous_values(steps);
    out_.procedures.push_back({kernel.name, std::move(steps), kernel.origin});
  }

 private:
  Steps block(const Block& statements) {
    Steps out;
    const elaborate::Held outside = in_force_;
    for (const Statement& s : statements) {
      origin_ = s.origin;
      at_place(s.origin, [&] { std::visit([&](const auto& action) { append(out, action); }, s.action); });
    }
    in_force_ = outside;
    return out;
  }

  void append(Steps& out, const Forward& forward) {
    const Model& model = program_.models[forward.model];
    std::vector<const Tensor*> latent;
    for (const auto& m : program_.families[forward.family].members) latent.push_back(m.variable);
    append_means(out, model, latent);
    append_parameters(out, model, program_.families[forward.family]);
  }

  // What q keeps beside its variables becomes that of their densities.
  void append_parameters(Steps& out, const Model& model, const Family& family) const {
    Assign assign;
    for (const Factor& f : model.factors) {
      for (const Family::Member& m : family.members) {
        const elaborate::FamilyRow& row = *elaborate::find_family(m.density);
        if (m.variable != f.variable || row.parameters == nullptr) continue;
        const Tensor* state = row.parameters(*program_.context, m);
        const Expr value = row.parameters_of(f);
        assign.simultaneous.push_back(
            {state, value, fmt::format("{} = {}, q is the density itself", state->name, print(value))});
      }
    }
    if (!assign.simultaneous.empty()) out.push_back({assign});
  }

  void append(Steps& out, const Predict& predict) {
    append_means(out, program_.models[predict.model], predict.variables);
  }

  void append(Steps& out, const Descend& descend) {
    const DescentRow& row = *find_descent(descend.descent.method);
    Context& context = *program_.context;
    const Expr functional = resolve(in_force_, descend.functional);
    std::vector<Expr> gradients = calculus::gradients(in_force_, functional, descend.targets);
    std::vector<Expr> unmodified = gradients;
    std::string changed;
    if (!in_force_.copies.empty()) {
      unmodified = calculus::gradients(live_, resolve(live_, descend.functional), descend.targets);
      changed = modification();
    }
    if (descend.presynaptic != nullptr) {
      changed += fmt::format("{}presynaptic({})", changed.empty() ? "" : ", ", descend.presynaptic->name);
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
      std::vector<const Axis*> each;  // every element counts its own
      if (moves_element(descend.targets[0])) each.push_back(time_);
      const Tensor* counter = context.tensor(fmt::format("{}_steps{}", kernel_, suffix), each, Role::state);
      steps = element(context, counter);
      assign.simultaneous.push_back(here({counter, steps + Number(1), counter->name + " += 1"}));
    }
    for (std::size_t i = 0; i < descend.targets.size(); ++i) {
      context.origin = origin_;
      std::vector<Assignment> updates;
      const Expr gradient = thaw(gradients[i]);
      name_part("dF_d" + descend.targets[i]->name, gradient, canonical_indices(descend.targets[i]));
      row.step(context, descend.targets[i], gradients[i], settings, steps,
               moves_element(descend.targets[i]) ? time_ : nullptr, updates);
      for (Assignment& u : updates) u.value = thaw(u.value);
      out_.rules.push_back({kernel_,
                            descend.targets[i],
                            functional,
                            gradient,
                            descend.descent.method,
                            updates,
                            origin_,
                            Expr(),
                            {}});
      if (!(unmodified[i] == gradients[i])) {
        out_.rules.back().unmodified = thaw(unmodified[i]);
        out_.rules.back().modification = changed;
      }
      // Of a target and of what the method keeps beside it, over the same axes.
      for (Assignment& u : updates) assign.simultaneous.push_back(here(std::move(u)));
    }
    context.origin = {};
    out.push_back({assign});
  }

  void append(Steps& out, const Solve& solve) {
    if (solve.target != nullptr)
      return solve.target->one_of ? append_on_simplex(out, solve) : append_counts(out, solve);
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
    out_.rules.push_back({kernel_, b, functional, point->gradient, "solve", {update}, origin_, Expr(), {}});
    out.push_back({Assign{{here(update)}}});
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
        {kernel_, solve.target, functional, point->gradient, "solve", {update}, origin_, Expr(), {}});
    out.push_back({Assign{{update}}});
  }

  // The counts of a table of probabilities, then the table, which is their mean.
  void append_counts(Steps& out, const Solve& solve) {
    const std::string& name = solve.target->name;
    const Family::Member& member = *elaborate::find_member_with_parameters(program_, solve.target);
    const elaborate::FamilyRow& row = *elaborate::find_family(member.density);
    const Tensor* counts = row.parameters(*program_.context, member);
    const Expr functional = elaborate::resolve(out_.elaboration, solve.functional);
    program_.context->origin = origin_;
    const auto point = try_stationary_counts(functional, counts);
    program_.context->origin = {};
    if (!point) {
      throw ModelError(
          fmt::format("kernel '{0}' solves for '{1}', but the derivative of the functional by the counts of "
                      "'{1}' is not the "
                      "Fisher information of dirichlet({1}) times the counts minus something that does not "
                      "depend on them, so "
                      "there is no closed form; solve the free energy of a family with dirichlet({1}) itself",
                      kernel_, name));
    }
    name_part("dF_d" + counts->name, point->gradient, canonical_indices(counts));
    const Assignment update{counts, point->value,
                            fmt::format("{0} = {1}, where dF/d{0} = 0", counts->name, print(point->value))};
    const Expr mean = row.mean(*program_.context, member);
    out_.rules.push_back(
        {kernel_, counts, functional, point->gradient, "solve", {update}, origin_, Expr(), {}});
    out.push_back({Assign{{update}}});
    out.push_back({Assign{{{solve.target, mean, fmt::format("{0} = E_q[{0}] = {1}", name, print(mean))}}}});
  }

  // The draw adds Gumbel noise to the logs: the largest of ln p_i - ln(-ln u_i) is at i with probability p_i
  // (Gumbel 1954).
  void append(Steps& out, const Choose& choose) {
    Context& context = *program_.context;
    const std::string& name = choose.target->name;
    Expr score = thaw(resolve(in_force_, choose.scores));
    if (choose.drawn) {
      std::vector<Subscript> own;
      for (const Index& i : canonical_indices(choose.target)) own.emplace_back(i);
      const auto log = [](Expr e) { return make_map(Function::log, {e}); };
      score = log(score) - log(-log(make_draw(context, next_stream(name), own)));
    }
    const Tensor* scores = context.tensor(name + "_scores_", choose.target->axes, Role::temporary);
    append_result(out, {scores, score, fmt::format("scores of {}: {}", name, print(choose.scores))});
    // 1 at the first index whose score is the largest.
    const Index i = elaborate::outcome_index(choose.target), other{i.axis, i.level + 1};
    const Expr here = element(context, scores), there = substitute(here, {{i, Subscript(other)}});
    const auto equal = [](Expr a, Expr b) { return make_map(Function::equal, {a, b}); };
    const Expr largest = make_reduce(Reducer::max, {other}, there);
    const Expr before = make_map(
        Function::less, {make_position(context, Subscript(other)), make_position(context, Subscript(i))});
    const Expr earlier = make_contract({other}, before * equal(there, largest));
    const Expr chosen = equal(here, largest) * equal(earlier, make_constant(context, 0));
    out.push_back({Assign{
        {{choose.target, chosen,
          choose.drawn ? fmt::format("{0} drawn: 1 at the largest of ln p - ln(-ln u)", name)
                       : fmt::format("{0} = 1 at the largest score, the first among equals", name)}}}});
  }

  // Each statement that draws a variable has a stream of its own.
  std::string next_stream(const std::string& name) {
    const int occurrence = ++draws_[name];
    return occurrence == 1 ? name : fmt::format("{}/{}", name, occurrence);
  }

  void append(Steps& out, const Draw& draw) {
    Context& context = *program_.context;
    Assign assign;
    for (const Family::Member& member : program_.families[draw.family].members) {
      const elaborate::FamilyRow& row = *elaborate::find_family(member.density);
      const std::string& name = member.variable->name;
      std::vector<Subscript> own, numbers;
      for (const Index& i : canonical_indices(member.variable)) {
        own.emplace_back(i);
        numbers.emplace_back(i == Index{time_, 0} ? drawn_at_ : i);
      }
      const std::string stream = next_stream(name);
      const auto value = [&](const std::vector<Subscript>& at) {
        return row.sample(context, member, make_draw(context, stream, at));
      };
      assign.simultaneous.push_back(here(
          {member.variable, value(numbers), fmt::format("{0} drawn from q: {1}", name, print(value(own)))}));
    }
    out.push_back({assign});
  }

  void append(Steps& out, const Expect& expect) {
    Assign assign;
    for (const Family::Member& member : program_.families[expect.family].members) {
      const Expr mean = elaborate::find_family(member.density)->mean(*program_.context, member);
      assign.simultaneous.push_back(here(
          {member.variable, mean, fmt::format("{0} = E_q[{0}] = {1}", member.variable->name, print(mean))}));
    }
    out.push_back({assign});
  }

  static bool advances(const Block& block, const Tensor* variable) {
    return std::any_of(block.begin(), block.end(), [&](const Statement& s) {
      return std::visit(
          [&]<class Action>(const Action& action) {
            if constexpr (std::is_same_v<Action, Advance>)
              return std::find(action.tensors.begin(), action.tensors.end(), variable) !=
                     action.tensors.end();
            else if constexpr (requires { action.body; })
              return advances(action.body, variable);
            else
              return false;
          },
          s.action);
    });
  }

  // A variable that the program advances keeps its value from tick to tick, not from change to change.
  bool is_advanced(const Tensor* variable) const {
    return std::any_of(program_.kernels.begin(), program_.kernels.end(),
                       [&](const Kernel& k) { return advances(k.body, variable); });
  }

  // Whatever changes a variable keeps the value it had, where some rule reads it. A visit of all elements is
  // one change: what it keeps are the values before it began.
  void keep_previous_values(Steps& steps) const {
    Steps out;
    for (Step& step : steps) {
      if (auto* loop = std::get_if<Loop>(&step.action)) {
        keep_previous_values(loop->body);
      } else if (auto* sweep = std::get_if<Sweep>(&step.action)) {
        Assign before{kept_values(assigned(sweep->body))};
        if (!before.simultaneous.empty()) out.push_back({std::move(before)});
      } else {
        auto& all = std::get<Assign>(step.action).simultaneous;
        for (Assignment& kept : kept_values(assigned({step}))) all.push_back(std::move(kept));
      }
      out.push_back(std::move(step));
    }
    steps = std::move(out);
  }
  std::vector<Assignment> kept_values(const std::vector<const Tensor*>& changing) const {
    std::vector<Assignment> out;
    for (const auto& [variable, kept] : program_.previous_values) {
      if (is_advanced(variable) || std::find(changing.begin(), changing.end(), variable) == changing.end())
        continue;
      out.push_back({kept, element(*program_.context, variable),
                     fmt::format("{} = {} before", kept->name, variable->name)});
    }
    return out;
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

  // A visit takes the draws of its own number, so that an element visited twice gets two.
  void append(Steps& out, const Scan& scan) {
    time_ = scan.axis;
    drawn_at_ = scan.order == Order::forwards ? tick_of(scan.axis) : visit_of(scan.axis);
    Sweep sweep{scan.axis, scan.order, {}, {}};
    if (is_drawn(scan.order)) sweep.stream = next_stream(scan.axis->name + "/order");
    sweep.body = block(scan.body);
    time_ = nullptr;
    out.push_back({std::move(sweep)});
  }

  // Whether a scan that statements stand in moves the element visited of a tensor, and no others.
  bool moves_element(const Tensor* t) const {
    return time_ != nullptr && std::count(t->axes.begin(), t->axes.end(), time_) > 0;
  }

  // Inside a scan, the assignment of the element visited alone; of all of a tensor that a scan carries on, by
  // what is read at the element visited.
  Assignment here(Assignment a) const {
    if (moves_element(a.target)) a.tick = time_;
    a.value = at_tick(a.value, time_);
    return a;
  }
  Steps here(Steps steps) const {
    for (Step& step : steps) {
      if (auto* inner = body_of(step)) {
        *inner = here(std::move(*inner));
      } else {
        for (Assignment& a : std::get<Assign>(step.action).simultaneous) a = here(std::move(a));
      }
    }
    return steps;
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

  void append(Steps& out, const Fire& fire) {
    const GreedyRule& rule = out_.events[fire.events];
    const FireTensors at = fire_tensors(*program_.context, *rule.events);
    Steps choice;
    append_choice(choice, rule, at);
    choice = here(std::move(choice));
    out.insert(out.end(), choice.begin(), choice.end());
    Loop loop{fire.at_most, {}, {}, {}, at.gain};
    loop.body.push_back({Assign{{spike_of_winner(*rule.events, at)}}});
    Assign happen;
    for (Assignment& a : event_assignments(rule)) happen.simultaneous.push_back(here(std::move(a)));
    for (const Step& step : block(fire.with_each)) {
      const auto& updates = std::get<Assign>(step.action).simultaneous;
      happen.simultaneous.insert(happen.simultaneous.end(), updates.begin(), updates.end());
    }
    loop.body.push_back({happen});
    if (fire.at_most > 1) loop.body.insert(loop.body.end(), choice.begin(), choice.end());
    out.push_back({loop});
  }

  void append(Steps& out, const Evaluate& evaluate) {
    const Expr value = thaw(resolve(in_force_, evaluate.value));
    append_result(out, here({evaluate.result, value,
                             fmt::format("{} = {}", evaluate.result->name, print(evaluate.value))}));
  }

  // Results one after the other are one step, since no rule reads them: what they have in common is computed
  // once.
  static void append_result(Steps& out, Assignment result) {
    Assign* last = out.empty() ? nullptr : std::get_if<Assign>(&out.back().action);
    const bool joins =
        last != nullptr &&
        std::all_of(last->simultaneous.begin(), last->simultaneous.end(), [&](const Assignment& a) {
          return a.target->role == Role::output && a.target != result.target;
        });
    if (joins) {
      last->simultaneous.push_back(std::move(result));
    } else {
      out.push_back({Assign{{std::move(result)}}});
    }
  }

  void append(Steps& out, const SolveFor& solve) {
    const Expr functional = elaborate::resolve(out_.elaboration, solve.functional);
    Assign assign;
    for (const Tensor* target : solve.targets) {
      program_.context->origin = origin_;
      const Stationary point = stationary(functional, target, origin_, time_);
      out_.rules.push_back(
          {kernel_, target, functional, point.gradient, "solve", {point.update}, origin_, Expr(), {}});
      assign.simultaneous.push_back(here(point.update));
    }
    program_.context->origin = {};
    out.push_back({assign});
  }

  void append(Steps& out, const Advance& advance) {
    Context& context = *program_.context;
    Assign assign;
    const auto becomes = [&](const Tensor* to, Expr value) {
      assign.simultaneous.push_back(here({to, value, fmt::format("{} = {}", to->name, print(value))}));
    };
    for (const Tensor* t : advance.tensors) {
      if (const Tensor* before = find_previous(context, t)) {
        becomes(before, element(context, t));
        // It takes its precision with it, where the precision at the previous tick is read.
        if (const Tensor* p = find_precision(context, before))
          becomes(p, element(context, precision_of(context, t)));
      }
      for (const Trace& trace : program_.traces) {
        if (trace.variable == t) becomes(t, trace_tick(trace));
      }
      for (const GreedyRule& rule : out_.events) {
        if (rule.events->voltage == t) becomes(t, rule.tick->keep * element(context, t) + rule.tick->drive);
      }
    }
    out.push_back({assign});
  }

  Step mean_assignment(const Factor& f, const Axis* time) const {
    const elaborate::DensityRow& density = *elaborate::find_density(f.density);
    if (density.mean == nullptr) {
      throw ModelError(
          fmt::format("kernel '{0}' gives '{1}' the mean of its density, but that of {2} is not known; start "
                      "'{1}' from a value of your own, without forward or predict",
                      kernel_, f.variable->name, f.density));
    }
    const Expr mean = density.mean(f);
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
        out.push_back({Sweep{stage.time, Order::forwards, {}, std::move(steps)}});
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
  const Axis* time_ = nullptr;  // whose elements the statements visit one after the other, or null
  Index drawn_at_;              // there: the place of an element in a draw
  int counters_ = 0;
  std::map<std::string, int> draws_;
};

}  // namespace

Derivation derive(const Program& program) {
  Derivation out;
  out.elaboration = elaborate::elaborate(program);
  out.names = out.elaboration.names;
  for (const Events& events : program.events)
    out.events.push_back(at_place(events.origin, [&] {
      return greedy_rule(events, elaborate::resolve(out.elaboration, events.energy), program.traces);
    }));
  Deriver deriver(program, out);
  for (const Kernel& kernel : program.kernels) deriver.run(kernel);
  for (const Procedure& p : out.procedures) {
    for (const Tensor* t : assigned(p.steps)) {
      if (t->role == Role::constant)
        throw ModelError(fmt::format("kernel '{0}' changes '{1}', which is declared constant; declare it as "
                                     "parameter<\"{1}\"> or variable<\"{1}\">",
                                     p.name, t->name),
                         p.origin);
    }
  }
  return out;
}

}  // namespace freefall::calculus
