// Checks of a program that need no sizes, but for schedules (check_schedule.hpp). The DSL makes the same
// checks at compile time; programs built at run time through the untyped builder get them here, with the same
// advice.

#include <algorithm>
#include <set>

#include "codegen/elaborate/check_schedule.hpp"
#include "codegen/elaborate/check_words.hpp"
#include "codegen/elaborate/density.hpp"
#include "codegen/elaborate/dependency_order.hpp"
#include "codegen/elaborate/dirichlet.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/elaborate/outcomes.hpp"
#include "codegen/ir/reserved_names.hpp"

namespace freefall::ir {
namespace {

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

void check_reference(const Program& program, const Reference& reference) {
  bool of_held_rule = false;
  for (const RuleSymbol& rule : program.rules) {
    if (reads(reference.value, rule.symbol))
      fail(reference.origin,
           "a reference is stated without the rules it is compared with, and this one reads {}",
           rule.symbol->name);
    if (!reads(reference.quantity, rule.symbol)) continue;
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
    at_place(place_of(program, k), [&] { check_schedule(program, k); });
  }
  for (const Reference& r : program.references) check_reference(program, r);
  if (program.kernels.empty())
    fail({}, "the program '{}' has no kernels; add at least one kernel<\"name\">(...)", program.name());
}

}  // namespace freefall::ir
