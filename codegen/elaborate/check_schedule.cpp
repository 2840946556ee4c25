#include "codegen/elaborate/check_schedule.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/greedy.hpp"
#include "codegen/elaborate/check_words.hpp"
#include "codegen/elaborate/dirichlet.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/elaborate/outcomes.hpp"

namespace freefall::ir {
namespace {

bool contains(const Program& program, Expr functional, const Tensor* target) {
  for (const Tensor* t : tensors_of(functional)) {
    if (t == target) return true;
    for (const auto& g : program.gradients) {
      if (g.symbol == t && contains(program, g.functional, target)) return true;
    }
    for (const auto& f : program.functionals) {
      if (f.symbol != t) continue;
      const bool joint = f.kind == Functional::Kind::free_energy ||
                         f.kind == Functional::Kind::evidence_lower_bound ||
                         f.kind == Functional::Kind::future;
      for (const Factor& factor : joint ? program.models[f.model].factors : std::vector<Factor>{f.factor}) {
        if (factor.variable == target) return true;
        for (const auto& [name, value] : factor.arguments) {
          if (reads(value, target)) return true;
        }
      }
      if (!joint) continue;
      for (const Family::Member& member : program.families[f.family].members) {
        if (member.table && reads(member.table, target)) return true;
      }
      for (const auto* given : {&f.preferences, &f.posteriors}) {
        for (const auto& [variable, probabilities] : *given) {
          if (reads(probabilities, target)) return true;
        }
      }
    }
  }
  return false;
}

struct BlockCheck {
  const Program& program;
  const std::string& kernel;
  Origin origin;
  const Axis* visited = nullptr;  ///< whose elements the statement is repeated for, one after the other

  void operator()(const Forward&) const {}
  void operator()(const Predict& predict) const {
    for (const Tensor* t : predict.variables) {
      if (factor_of(program.models[predict.model], t) == nullptr) {
        fail(origin, "kernel '{}' predicts '{}', which no factor of '{}' draws", kernel, t->name,
             program.models[predict.model].name);
      }
      if (factor_of(program.models[predict.model], t)->drawn) {
        fail(origin, "kernel '{0}' predicts '{1}', whose density is that of its motion; descend on '{1}'",
             kernel, t->name);
      }
    }
  }
  void operator()(const Descend& descend) const {
    if (const Tensor* t = held_in(descend.functional))
      fail(origin, "kernel '{}' descends a function of '{}'; held values stand in references only", kernel,
           t->name);
    const auto* row = calculus::find_descent(descend.descent.method);
    if (row == nullptr) {
      fail(origin, "kernel '{}' descends by the unknown method '{}'; known are: {}", kernel,
           descend.descent.method, list(names_of(calculus::descents())));
    }
    for (const auto& setting : row->settings) {
      const auto& given = descend.descent.settings;
      const auto at = std::find_if(given.begin(), given.end(),
                                   [&](const NamedExpr& s) { return s.first == setting.name; });
      if (at == given.end() && !setting.standard)
        fail(origin, "kernel '{}': the descent '{}' needs a {}", kernel, row->name, setting.name);
      if (at != given.end() && !at->second->free.empty()) {
        fail(origin, "kernel '{}': the {} of a descent must be a scalar, but it varies over the axis '{}'",
             kernel, setting.name, str(at->second->free[0]));
      }
    }
    if (const Functional* f = maximised(descend.functional)) {
      fail(origin, "kernel '{}' descends '{}', which is to be maximised; descend minus it", kernel,
           f->symbol->name);
    }
    if (!descend.functional->free.empty()) {
      fail(origin,
           "kernel '{}' descends an expression that varies over the axis '{}'; a functional is a scalar, so "
           "sum over that axis",
           kernel, str(descend.functional->free[0]));
    }
    std::set<const Tensor*> seen;
    for (const Tensor* t : descend.targets) {
      if (t->role != Role::variable && t->role != Role::parameter)
        fail(origin, "kernel '{}' descends on '{}', which is neither a variable nor a parameter", kernel,
             t->name);
      if (descend.presynaptic != nullptr && t->role != Role::parameter)
        fail(origin, "kernel '{}': presynaptic({}) is for parameters, and '{}' is none", kernel,
             descend.presynaptic->name, t->name);
      if (!contains(program, descend.functional, t))
        fail(origin, "kernel '{}' descends on '{}', which the functional does not contain", kernel, t->name);
      if (!seen.insert(t).second)
        fail(origin, "kernel '{}' descends twice on '{}' in one statement", kernel, t->name);
    }
  }
  // The functional that an expression is, where that is one to be maximised, or null.
  const Functional* maximised(Expr e) const {
    for (const Functional& f : program.functionals) {
      const auto* future =
          f.kind == Functional::Kind::future ? elaborate::find_future_functional(f.word) : nullptr;
      const bool larger =
          f.kind == Functional::Kind::evidence_lower_bound || (future != nullptr && future->maximised);
      if (larger && e->tensor == f.symbol) return &f;
    }
    return nullptr;
  }
  void operator()(const Choose& choose) const {
    const std::string& name = choose.target->name;
    if (!choose.target->one_of)
      fail(origin,
           "kernel '{0}' chooses '{1}', which is not one of the indices of an axis; declare it with "
           "one_of<\"{1}\">(axis)",
           kernel, name);
    const auto own = canonical_indices(choose.target);
    for (const Index& i : choose.scores->free) {
      if (std::find(own.begin(), own.end(), i) == own.end())
        fail(origin,
             "kernel '{}' chooses '{}' by scores that vary over the axis '{}', which '{}' does not have",
             kernel, name, str(i), name);
    }
    if (!choose.scores->depends_on(elaborate::outcome_index(choose.target)))
      fail(origin, "kernel '{}' chooses '{}' by scores that are the same for all values of '{}'", kernel,
           name, elaborate::outcome_index(choose.target).axis->name);
  }
  void operator()(const Solve& solve) const {
    if (solve.target != nullptr) return solve_on_simplex(solve);
    const auto& all = program.functionals;
    const auto at = std::find_if(all.begin(), all.end(), [&](const Functional& f) {
      return solve.functional == element(*program.context, f.symbol);
    });
    if (at == all.end() || at->kind != Functional::Kind::local_free_energy) {
      fail(origin,
           "kernel '{}' solves an expression that is not a local free energy; write solve(F, q) with "
           "F = local_free_energy(p, q)",
           kernel);
    }
    needs_natural_parameter(at->family, "solves for", has_natural);
  }
  void solve_on_simplex(const Solve& solve) const {
    const std::string& name = solve.target->name;
    if (!solve.target->one_of && elaborate::find_member_with_parameters(program, solve.target) == nullptr)
      fail(origin,
           "kernel '{0}' solves for the probabilities of '{1}', which has none; declare it with one_of, or, "
           "a table "
           "of probabilities, give it the member dirichlet({1})",
           kernel, name);
    if (!solve.functional->free.empty())
      fail(origin, "kernel '{}' solves an expression that varies over the axis '{}'; sum over that axis",
           kernel, str(solve.functional->free[0]));
    if (!contains(program, solve.functional, solve.target))
      fail(origin, "kernel '{}' solves for '{}', which the functional does not contain", kernel, name);
  }
  void operator()(const Draw& draw) const { needs_natural_parameter(draw.family, "draws", has_natural); }
  static bool has_natural(const elaborate::FamilyRow& row) { return row.natural != nullptr; }
  void operator()(const Expect& expect) const {
    needs_natural_parameter(expect.family, "takes the mean of",
                            [](const elaborate::FamilyRow& row) { return row.mean != nullptr; });
  }
  void needs_natural_parameter(std::size_t family, std::string_view what,
                               bool (*has)(const elaborate::FamilyRow&)) const {
    for (const auto& member : program.families[family].members) {
      if (!has(*elaborate::find_family(member.density))) {
        fail(origin,
             "kernel '{}' {} '{}', whose family '{}' has no natural parameter; give it the family of its "
             "density",
             kernel, what, member.variable->name, member.density);
      }
    }
  }
  void operator()(const Repeat& repeat) const { loop(repeat.body, repeat.count, "repeat"); }
  void operator()(const Until& until) const {
    if (!(until.tolerance > 0))
      fail(origin, "kernel '{}': until needs a positive tolerance, found {}", kernel, until.tolerance);
    loop(until.body, until.at_most, "until");
  }
  void operator()(const Hold& hold) const {
    const std::string& model = program.models[hold.model].name;
    bool found = false;
    for (const auto& f : program.functionals) {
      if (f.model != hold.model) continue;
      found = true;
      for (const auto& member : program.families[f.family].members) {
        if (member.density != "delta") {
          fail(origin,
               "kernel '{}' holds the predictions of '{}', whose latent variable '{}' has the family '{}'; "
               "only point "
               "masses have one value to hold: make it delta({})",
               kernel, model, member.variable->name, member.density, member.variable->name);
        }
      }
    }
    if (!found)
      fail(origin,
           "kernel '{}' holds the predictions of '{}', which has no free energy to derive rules from; "
           "declare free_energy(p, q)",
           kernel, model);
  }
  void operator()(const Scan& scan) const {
    const std::string& axis = scan.axis->name;
    if (scan.body.empty())
      fail(origin, "kernel '{}': the loop over the elements of '{}' has no statements", kernel, axis);
    if (scan.axis->plate)
      fail(origin,
           "kernel '{}' visits the copies of the plate '{}' one after the other, but they are independent; "
           "leave out the scan, or scan an axis",
           kernel, axis);
    check_scanned(scan.body, scan.axis, scan.order);
    BlockCheck{program, kernel, origin, scan.axis}.block(scan.body);
  }
  // An index over what is not visited here.
  const Index* not_visited(Expr e) const {
    const auto at =
        std::find_if(e->free.begin(), e->free.end(), [&](const Index& i) { return i != Index{visited, 0}; });
    return at == e->free.end() ? nullptr : &*at;
  }
  void check_drive(const Trace& trace, const Tensor* advanced) const {
    if (!trace.drive) return;
    for (const Index& i : trace.drive->free) {
      const auto& own = trace.variable->axes;
      if (i == Index{visited, 0} || std::find(own.begin(), own.end(), i.axis) != own.end()) continue;
      fail(origin,
           "kernel '{0}' advances '{1}', but the drive of '{2}' has a value for each element of '{3}'; put "
           "it into each_tick({3}, ...), where it takes that of the tick",
           kernel, advanced->name, trace.variable->name, str(i));
    }
  }
  // What a statement in a loop over the elements of an axis may be, and what it may move.
  void check_scanned(const Block& body, const Axis* axis, Order order) const {
    for (const Statement& s : body) {
      if (const Block* inner = body_of(s)) {
        check_scanned(*inner, axis, order);
        continue;
      }
      if (const auto carried = carried_by(s)) {
        for (const Tensor* t : *carried) {
          if (std::count(t->axes.begin(), t->axes.end(), axis) == 0) continue;
          fail(s.origin,
               "kernel '{0}': '{1}' is carried on from each element of '{2}' to the next, and has the axis "
               "'{2}' itself; declare it without, and record<\"...\">({2}, {1}) keeps its values",
               kernel, t->name, axis->name);
        }
        continue;
      }
      if (const auto* evaluate = std::get_if<Evaluate>(&s.action)) {
        const auto& axes = evaluate->result->axes;
        if (order != Order::random && std::count(axes.begin(), axes.end(), axis) > 0) continue;
        fail(
            s.origin,
            "kernel '{0}': the result '{1}' would {3} in the loop over '{2}'; evaluate it behind the loop{4}",
            kernel, evaluate->result->name, axis->name,
            order == Order::random ? "miss the elements that no visit goes to" : "keep its last value alone",
            order == Order::random
                ? ""
                : fmt::format(", or write record<\"{}\">({}, ...)", evaluate->result->name, axis->name));
      }
      const auto moved = moved_elements(s);
      if (!moved)
        fail(
            s.origin,
            "kernel '{}': a loop over '{}' takes rules of single elements (descend, solve, draw(q), "
            "forward(q)), advance, fire, record, and loops of these; put other statements before or after it",
            kernel, axis->name);
      for (const Tensor* t : *moved) {
        if (std::count(t->axes.begin(), t->axes.end(), axis) == 0)
          fail(s.origin,
               "kernel '{0}': '{1}' moves in a loop over '{2}', but has no axis '{2}'; move it before or "
               "after the loop",
               kernel, t->name, axis->name);
      }
    }
  }
  // The body of a statement around others that may stand in a scan, or null.
  static const Block* body_of(const Statement& s) {
    if (const auto* repeat = std::get_if<Repeat>(&s.action)) return &repeat->body;
    if (const auto* until = std::get_if<Until>(&s.action)) return &until->body;
    if (const auto* order = std::get_if<InOrder>(&s.action)) return &order->body;
    if (const auto* together = std::get_if<Simultaneously>(&s.action)) return &together->body;
    return nullptr;
  }
  // What a statement carries on from one element to the next, or nothing when it is no such statement.
  std::optional<std::vector<const Tensor*>> carried_by(const Statement& s) const {
    if (const auto* advance = std::get_if<Advance>(&s.action)) return advance->tensors;
    const auto* fire = std::get_if<Fire>(&s.action);
    if (fire == nullptr) return std::nullopt;
    const Events& events = program.events[fire->events];
    std::vector<const Tensor*> out{events.counts};
    for (const Statement& each : fire->with_each) {
      if (const auto* descend = std::get_if<Descend>(&each.action))
        out.insert(out.end(), descend->targets.begin(), descend->targets.end());
    }
    return out;
  }
  // What a statement moves element by element, or nothing when it is no such rule.
  std::optional<std::vector<const Tensor*>> moved_elements(const Statement& s) const {
    const auto members = [&](std::size_t family) {
      std::vector<const Tensor*> out;
      for (const auto& m : program.families[family].members) out.push_back(m.variable);
      return out;
    };
    if (const auto* descend = std::get_if<Descend>(&s.action)) return descend->targets;
    if (const auto* draw = std::get_if<Draw>(&s.action)) return members(draw->family);
    if (const auto* expect = std::get_if<Expect>(&s.action)) return members(expect->family);
    if (const auto* solve = std::get_if<SolveFor>(&s.action)) {
      for (const Tensor* t : solve->targets) {
        if (t->role != Role::variable) return std::nullopt;
      }
      return solve->targets;
    }
    if (const auto* solve = std::get_if<Solve>(&s.action); solve != nullptr && solve->target == nullptr) {
      for (const Functional& f : program.functionals) {
        if (solve->functional->tensor == f.symbol) return members(f.family);
      }
    }
    return std::nullopt;
  }
  void operator()(const InOrder& order) const {
    if (order.body.empty()) fail(origin, "kernel '{}': in_order has no statements", kernel);
    if (order.children_first) only_descents(order.body, "children_first");
    block(order.body);
  }
  void operator()(const Simultaneously& together) const {
    if (together.body.empty()) fail(origin, "kernel '{}': simultaneously has no statements", kernel);
    only_descents(together.body, "simultaneously");
    block(together.body);
  }
  void only_descents(const Block& body, std::string_view word) const {
    std::set<const Tensor*> seen;
    for (const Statement& s : body) {
      const auto* descend = std::get_if<Descend>(&s.action);
      if (descend == nullptr)
        fail(origin, "kernel '{}': {} takes descents; put other statements before or after it", kernel, word);
      for (const Tensor* t : descend->targets) {
        if (!seen.insert(t).second)
          fail(s.origin, "kernel '{}': '{}' descends twice inside one {}", kernel, t->name, word);
      }
    }
  }
  void operator()(const Evaluate& evaluate) const {
    if (const Tensor* t = held_in(evaluate.value))
      fail(origin, "kernel '{}' evaluates '{}'; held values stand in references only", kernel, t->name);
    if (evaluate.recorded != nullptr && evaluate.recorded != visited)
      fail(origin,
           "kernel '{0}' records '{1}' outside of a loop over '{2}', where it has one value; put it into "
           "each_tick({2}, ...), or write evaluate<\"{1}\">(...)",
           kernel, evaluate.result->name, evaluate.recorded->name);
    for (const Index& i : evaluate.value->free) {
      if (std::find(evaluate.result->axes.begin(), evaluate.result->axes.end(), i.axis) ==
          evaluate.result->axes.end()) {
        fail(origin,
             "kernel '{}': the value of '{}' varies over the axis '{}', which the result does not have",
             kernel, evaluate.result->name, str(i));
      }
    }
  }
  void operator()(const SolveFor& solve) const {
    if (!solve.functional->free.empty()) {
      fail(origin, "kernel '{}' solves an expression that varies over the axis '{}'; sum over that axis",
           kernel, str(solve.functional->free[0]));
    }
    for (const Tensor* t : solve.targets) {
      const bool precision =
          std::any_of(program.families.begin(), program.families.end(), [&](const Family& f) {
            return std::any_of(f.members.begin(), f.members.end(), [&](const auto& m) {
              return m.density == "gaussian" && find_precision(*program.context, m.variable) == t;
            });
          });
      if (!precision && t->role != Role::variable)
        fail(origin, "kernel '{}' solves for '{}', which is neither a variable nor a precision of the family",
             kernel, t->name);
      if (!precision && !contains(program, solve.functional, t))
        fail(origin, "kernel '{}' solves for '{}', which the functional does not contain", kernel, t->name);
    }
  }
  void operator()(const Advance& advance) const {
    for (const Tensor* t : advance.tensors) {
      const bool trace = std::any_of(program.traces.begin(), program.traces.end(),
                                     [&](const Trace& x) { return x.variable == t; });
      for (const Trace& x : program.traces) {
        if (x.variable == t) check_drive(x, t);
      }
      for (const Events& x : program.events) {
        for (const Trace& part : program.traces) {
          if (x.voltage == t && reads(x.energy, part.variable)) check_drive(part, t);
        }
      }
      const bool voltage = std::any_of(program.events.begin(), program.events.end(),
                                       [&](const Events& x) { return x.voltage == t; });
      if (!trace && !voltage && find_previous(*program.context, t) == nullptr) {
        fail(origin,
             "kernel '{0}' advances '{1}', but it is neither a trace nor a voltage and nothing reads "
             "previous({1}); drop it from advance(...)",
             kernel, t->name);
      }
    }
  }
  void operator()(const Fire& fire) const {
    const Events& events = program.events[fire.events];
    calculus::event_index(events.counts);
    if (const Index* i = not_visited(events.energy))
      fail(origin,
           "kernel '{0}' fires '{1}', but the energy has a value for each element of '{2}'; put it into "
           "each_tick({2}, ...), where it takes that of the tick, or sum the energy over '{2}'",
           kernel, events.counts->name, str(*i));
    std::set<const Tensor*> moved = {events.counts, events.voltage};
    for (const Statement& s : fire.with_each) {
      const auto* descend = std::get_if<Descend>(&s.action);
      if (descend == nullptr)
        fail(s.origin, "kernel '{}': on_spike takes descents alone; other statements stand after fire",
             kernel);
      for (const Tensor* t : descend->targets) {
        if (!moved.insert(t).second)
          fail(s.origin,
               "kernel '{}': an event moves '{}' twice; descend it once, and not the counts or the voltage",
               kernel, t->name);
      }
    }
    block(fire.with_each);
  }
  void loop(const Block& body, std::size_t count, std::string_view word) const {
    if (body.empty()) fail(origin, "kernel '{}': {} has no statements", kernel, word);
    if (count == 0) fail(origin, "kernel '{}': {} makes no pass; give it at least 1", kernel, word);
    block(body);
  }
  void block(const Block& body) const {
    for (const Statement& s : body) std::visit(BlockCheck{program, kernel, s.origin, visited}, s.action);
  }
};

}  // namespace

void check_schedule(const Program& program, const Kernel& kernel) {
  BlockCheck{program, kernel.name, kernel.origin}.block(kernel.body);
}

}  // namespace freefall::ir
