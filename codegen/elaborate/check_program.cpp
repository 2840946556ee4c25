// Checks of a program that need no sizes. The DSL makes the same checks at compile time; programs built at
// run time through the untyped builder get them here, with the same advice.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "codegen/calculus/descent.hpp"
#include "codegen/calculus/greedy.hpp"
#include "codegen/elaborate/density.hpp"
#include "codegen/elaborate/dependency_order.hpp"
#include "codegen/elaborate/dirichlet.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/elaborate/outcomes.hpp"
#include "codegen/ir/reserved_names.hpp"

namespace freefall::ir {
namespace {

template <class... Args>
[[noreturn]] void fail(const Origin& origin, fmt::format_string<Args...> text, Args&&... args) {
  throw ModelError(fmt::format(text, std::forward<Args>(args)...), origin);
}

std::string list(const std::vector<std::string_view>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class Row>
std::vector<std::string_view> names_of(const std::vector<Row>& rows) {
  std::vector<std::string_view> out;
  for (const Row& r : rows) out.push_back(r.name);
  return out;
}

void check_indices(const Factor& factor, std::string_view location, std::string_view name, Expr e) {
  const auto own = elaborate::indicator_indices(factor.variable);
  for (const Index& i : e->free) {
    const bool mine = std::find(own.begin(), own.end(), i) != own.end();
    const bool matrix = i.level > 0 && name != location &&
                        std::find(own.begin(), own.end(), Index{i.axis, i.level - 1}) != own.end();
    if (!mine && !matrix) {
      fail(factor.origin,
           "the {} of '{}' varies over the axis '{}', which '{}' does not have; sum over that axis, or add "
           "it to '{}'",
           name, factor.variable->name, str(i), factor.variable->name, factor.variable->name);
    }
  }
}

// Several spreads make a Kronecker product: matrices over axes of their own, and at most one that is no
// matrix.
bool is_kronecker(const Factor& factor) {
  std::vector<const Axis*> axes;
  for (const auto& [name, value] : factor.arguments) {
    if (name == "mean") continue;
    const auto primed =
        std::find_if(value->free.begin(), value->free.end(), [](const Index& i) { return i.level > 0; });
    const Axis* axis = primed == value->free.end() ? nullptr : primed->axis;
    if (std::find(axes.begin(), axes.end(), axis) != axes.end()) return false;
    axes.push_back(axis);
  }
  return true;
}

void check_factor(const Factor& factor) {
  if (factor.variable->role != Role::variable) {
    fail(factor.origin, "'{}' is drawn from a density but is not a variable; declare it with variable<...>",
         factor.variable->name);
  }
  const auto* row = elaborate::find_density(factor.density);
  if (row == nullptr) {
    fail(factor.origin, "'{}' is drawn from the unknown density '{}'; known are: {}", factor.variable->name,
         factor.density, list(names_of(elaborate::densities())));
  }
  if (!elaborate::argument(factor, row->arguments[0])) {
    fail(factor.origin, "the {} density of '{}' has no {}", factor.density, factor.variable->name,
         row->arguments[0]);
  }
  if (row->over_outcomes && !elaborate::is_outcome(factor.variable)) {
    fail(factor.origin,
         "'{0}' is drawn from {1} but is not one of the indices of an axis; declare it with "
         "one_of<\"{0}\">(axis)",
         factor.variable->name, factor.density);
  }
  if (!row->over_outcomes && elaborate::is_outcome(factor.variable)) {
    fail(factor.origin,
         "'{}' is one of the indices of an axis and cannot have the density {}; draw it from "
         "categorical(table)",
         factor.variable->name, factor.density);
  }
  for (const auto& [name, value] : factor.arguments) {
    if (std::find(row->arguments.begin(), row->arguments.end(), name) == row->arguments.end()) {
      fail(factor.origin, "the {} density of '{}' has no argument '{}'; it takes: {}", factor.density,
           factor.variable->name, name, list(row->arguments));
    }
    check_indices(factor, row->arguments[0], name, value);
  }
  for (const Tensor* parent : factor.marginalised) {
    if (row->marginal == nullptr) {
      fail(factor.origin, "the {} density of '{}' has no closed form after integrating over '{}'",
           factor.density, factor.variable->name, parent->name);
    }
  }
  if (factor.arguments.size() > 2 && !is_kronecker(factor)) {
    fail(factor.origin, "the {} density of '{}' is given its spread {} times; give one of: {}",
         factor.density, factor.variable->name, factor.arguments.size() - 1, list(row->arguments));
  }
}

// Tables of probabilities are read along the axis of what they are probabilities of.
void check_tables(const Model& model) {
  for (const Factor& table : model.factors) {
    if (table.density != "dirichlet") continue;
    const Index own = elaborate::distribution_index(table.variable);
    for (const Factor& f : model.factors) {
      if (f.density != "categorical") continue;
      const auto reads = tensors_of(f.arguments[0].second);
      const bool read = std::find(reads.begin(), reads.end(), table.variable) != reads.end();
      if (!read || elaborate::outcome_index(f.variable).axis == own.axis) continue;
      fail(f.origin,
           "'{0}' is drawn from dirichlet, so its columns are probabilities over its first axis '{1}', but "
           "'{2}' "
           "reads it as probabilities over '{3}'; declare '{0}' with the axis '{3}' first",
           table.variable->name, own.axis->name, f.variable->name,
           elaborate::outcome_index(f.variable).axis->name);
    }
  }
}

const Factor* factor_of(const Model& model, const Tensor* variable) {
  const auto at = std::find_if(model.factors.begin(), model.factors.end(),
                               [&](const Factor& f) { return f.variable == variable; });
  return at == model.factors.end() ? nullptr : &*at;
}

void check_acyclic(const Model& model) {
  std::vector<const Tensor*> all;
  for (const Factor& f : model.factors) all.push_back(f.variable);
  const elaborate::DependencyOrder order = elaborate::dependency_order(model, all);
  if (order.cyclic.empty()) return;
  std::vector<std::string_view> names;
  for (const Factor* f : order.cyclic) names.push_back(f->variable->name);
  fail(order.cyclic[0]->origin,
       "the variables {} depend on each other in a cycle; a joint density needs an order, parents first",
       list(names));
}

void check_model(const Model& model) {
  if (model.factors.empty())
    fail({}, "the model '{}' has no factors; give it at least one 'variable <<= density'", model.name);
  std::set<const Tensor*> drawn;
  for (const Factor& f : model.factors) {
    check_factor(f);
    if (!drawn.insert(f.variable).second) {
      fail(f.origin, "'{}' is drawn twice in the model '{}'; keep one of the two factors", f.variable->name,
           model.name);
    }
  }
  check_tables(model);
  if (model.joint) check_acyclic(model);
}

void check_family(const Program& program, const Family& family) {
  for (const auto& member : family.members) {
    const std::string& name = member.variable->name;
    if (member.variable->role != Role::variable) {
      fail(member.origin,
           "'{}' stands in the variational family but is not a variable; descend on a parameter instead",
           name);
    }
    if (elaborate::find_family(member.density) == nullptr) {
      fail(member.origin, "'{}' has the unknown family '{}'; known are: {}", name, member.density,
           list(names_of(elaborate::families())));
    }
    if (member.variable->index_of != nullptr)
      fail(member.origin,
           "'{0}' is the number of an outcome, which is given, and has a member in the family; declare it "
           "with "
           "one_of<\"{0}\">({1}) to infer it",
           name, member.variable->index_of->name);
    const bool over_outcomes = elaborate::find_family(member.density)->over_outcomes;
    if (over_outcomes && !member.variable->one_of)
      fail(member.origin,
           "'{0}' has the family '{1}' but is not one of the indices of an axis; declare it with "
           "one_of<\"{0}\">(axis)",
           name, member.density);
    if (!over_outcomes && member.variable->one_of)
      fail(member.origin,
           "'{0}' is one of the indices of an axis and has the family '{1}'; write "
           "categorical({0}) or exact({0})",
           name, member.density);
    if ((member.density == "conditional") != static_cast<bool>(member.table))
      fail(member.origin, "'{}' has the family '{}' {} a table; write conditional({}, table)", name,
           member.density, member.table ? "with" : "without", name);
    const bool has_factor = std::any_of(program.models.begin(), program.models.end(), [&](const Model& m) {
      return factor_of(m, member.variable) != nullptr;
    });
    if (!has_factor)
      fail(member.origin, "'{0}' is latent but no factor draws it; add '{0} <<= density' to the model", name);
  }
}

void check_functional(const Program& program, const Functional& f) {
  if (f.kind == Functional::Kind::surprise) return check_factor(f.factor);
  if (f.kind == Functional::Kind::future && elaborate::find_future_functional(f.word) == nullptr)
    fail(f.origin, "there is no functional '{}'", f.word);
  const Model& model = program.models[f.model];
  if (model.joint == (f.kind != Functional::Kind::local_free_energy)) return;
  if (model.joint)
    fail(f.origin, "'{}' is a joint density, so its free energy is one number; write free_energy(p, q)",
         model.name);
  fail(f.origin,
       "'{}' gives full conditionals and claims no joint density, so it has no free energy as a whole; write "
       "local_free_energy(p, q)",
       model.name);
}

bool reads(Expr e, const Tensor* target) {
  const auto all = tensors_of(e);
  return std::find(all.begin(), all.end(), target) != all.end();
}

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

// The first value of a held point in an expression, or null.
const Tensor* held_in(Expr e) {
  const auto reads = tensors_of(e);
  const auto at = std::find_if(reads.begin(), reads.end(), [](auto t) { return t->role == Role::temporary; });
  return at == reads.end() ? nullptr : *at;
}

struct BlockCheck {
  const Program& program;
  const std::string& kernel;
  Origin origin;

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
    check_scanned(scan.body, scan.axis);
    block(scan.body);
  }
  // What a statement in a loop over the elements of an axis may be, and what it may move.
  void check_scanned(const Block& body, const Axis* axis) const {
    for (const Statement& s : body) {
      if (const Block* inner = body_of(s)) {
        check_scanned(*inner, axis);
        continue;
      }
      const auto moved = moved_elements(s);
      if (!moved)
        fail(s.origin,
             "kernel '{}': a loop over '{}' takes rules of single elements: descend, solve, draw(q), "
             "forward(q), "
             "and loops of them; put other statements before or after it",
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
    calculus::event_index(program.events[fire.events].counts);
    std::set<const Tensor*> moved = {program.events[fire.events].counts, program.events[fire.events].voltage};
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
    for (const Statement& s : body) std::visit(BlockCheck{program, kernel, s.origin}, s.action);
  }
};

// The variables a kernel has rules for.
std::set<const Tensor*> ruled(const Program& program, const Block& block) {
  std::set<const Tensor*> out;
  for (const Statement& s : block) {
    const auto add = [&](const auto& all) { out.insert(all.begin(), all.end()); };
    if (const auto* descend = std::get_if<Descend>(&s.action)) add(descend->targets);
    if (const auto* solve = std::get_if<SolveFor>(&s.action)) add(solve->targets);
    if (const auto* fire = std::get_if<Fire>(&s.action)) add(ruled(program, fire->with_each));
    if (const auto* solve = std::get_if<Solve>(&s.action)) {
      // Solving for a table moves its counts; the table, their mean, follows.
      const Family::Member* counted =
          solve->target == nullptr ? nullptr : elaborate::find_member_with_parameters(program, solve->target);
      if (counted != nullptr) {
        out.insert(elaborate::find_family(counted->density)->parameters(*program.context, *counted));
      } else if (solve->target != nullptr) {
        out.insert(solve->target);
      }
      for (const Functional& f : program.functionals) {
        if (solve->target != nullptr || f.symbol != solve->functional->tensor) continue;
        const Family::Member& member = program.families[f.family].members[0];
        out.insert(elaborate::find_family(member.density)->natural(*program.context, member));
      }
    }
    std::visit(
        [&](const auto& action) {
          if constexpr (requires { action.body; }) add(ruled(program, action.body));
        },
        s.action);
  }
  return out;
}

bool holds(const Block& block) {
  return std::any_of(block.begin(), block.end(), [](const Statement& s) {
    const bool inside = std::visit(
        [](const auto& action) {
          if constexpr (requires { action.body; }) return holds(action.body);
          return false;
        },
        s.action);
    return inside || std::holds_alternative<Hold>(s.action);
  });
}

bool stands_in(const Tensor* symbol, Expr e) {
  const auto reads = tensors_of(e);
  return std::find(reads.begin(), reads.end(), symbol) != reads.end();
}

void check_reference(const Program& program, const Reference& reference) {
  bool of_held_rule = false;
  for (const RuleSymbol& rule : program.rules) {
    if (stands_in(rule.symbol, reference.value))
      fail(reference.origin,
           "a reference is stated without the rules it is compared with, and this one reads {}",
           rule.symbol->name);
    if (!stands_in(rule.symbol, reference.quantity)) continue;
    std::vector<std::string_view> kernels, targets;
    bool known = false, moved = false;
    for (const Kernel& k : program.kernels) {
      kernels.push_back(k.name);
      if (k.name != rule.kernel) continue;
      known = true;
      of_held_rule = of_held_rule || holds(k.body);
      const auto all = ruled(program, k.body);
      moved = all.contains(rule.variable);
      for (const Tensor& t : program.context->tensors()) {
        if (all.contains(&t)) targets.push_back(t.name);
      }
    }
    if (!known)
      fail(reference.origin,
           "the reference for '{}' names the kernel '{}', which the program does not have; it has: {}",
           rule.variable->name, rule.kernel, list(kernels));
    if (!moved)
      fail(reference.origin,
           "the reference for '{0}' names the kernel '{1}', which has no rule for '{0}' ({2}); descend or "
           "solve for "
           "'{0}' there, or name another kernel",
           rule.variable->name, rule.kernel,
           targets.empty() ? "it has none" : fmt::format("it has rules for: {}", fmt::join(targets, ", ")));
  }
  if (const Tensor* t = held_in(reference.value); t != nullptr && !of_held_rule)
    fail(reference.origin,
         "the reference reads '{}', a value held by hold(predictions(p)), but what it is compared with is no "
         "rule "
         "of a kernel that holds predictions; leave out held(...), or name a kernel that does",
         t->name);
  for (const Index& i : reference.value->free) {
    if (!reference.quantity->depends_on(i))
      fail(reference.origin,
           "the reference varies over the axis '{}', which the rule it is compared with does not have; sum "
           "over that "
           "axis",
           str(i));
  }
}

// Names become identifiers of the generated code; those it uses itself are taken.
void check_name(const Program& program, std::string_view name, std::string_view what) {
  const auto& tensors = program.context->tensors();
  const bool prepares =
      std::any_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return t.role == Role::constant; });
  bool taken = is_reserved_name(name) || (prepares && (name.starts_with("prepare") || name == "is_prepared"));
  for (const Axis& axis : program.context->axes()) {
    taken = taken || name == axis.name + "_copies" || name.starts_with("i_" + axis.name) ||
            name.starts_with("s_" + axis.name);
  }
  if (taken)
    fail({}, "the {} '{}' has a name that C++ or the generated kernels use themselves; give it another name",
         what, name);
}

}  // namespace

void check_program(const Program& program) {
  if (program.models.empty() && program.functionals.empty() && program.events.empty())
    fail({}, "the program declares no model");
  for (const Model& m : program.models) check_model(m);
  for (const Family& f : program.families) check_family(program, f);
  for (const Functional& f : program.functionals)
    at_place(place_of(program, f), [&] { check_functional(program, f); });
  for (const Axis& axis : program.context->axes()) check_name(program, axis.name, "axis");
  for (const Tensor& t : program.context->tensors()) {
    if (t.role == Role::variable || t.role == Role::parameter || t.role == Role::input ||
        t.role == Role::constant)
      check_name(program, t.name, "array");
  }
  for (const Kernel& k : program.kernels) {
    check_name(program, k.name, "kernel");
    const Tensor* same = program.context->find_tensor(k.name);
    if (same != nullptr && same->role != Role::output)
      fail(k.origin, "the kernel '{0}' has the name of the array '{0}'; give one of them another", k.name);
  }
  std::set<std::string> names;
  for (const Kernel& k : program.kernels) {
    if (!names.insert(k.name).second)
      fail(k.origin, "two kernels are called '{}'; give one of them another name", k.name);
    if (k.body.empty()) fail(k.origin, "kernel '{}' has no statements", k.name);
    at_place(place_of(program, k), [&] { BlockCheck{program, k.name, k.origin}.block(k.body); });
  }
  for (const Reference& r : program.references) check_reference(program, r);
  if (program.kernels.empty())
    fail({}, "the program '{}' has no kernels; add at least one kernel<\"name\">(...)", program.name());
}

}  // namespace freefall::ir
