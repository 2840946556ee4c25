#include "codegen/plan/eliminate_omitted.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "codegen/plan/generic_form.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Steps;

constexpr int kOuter = 9800, kInner = 9850;  // levels of indices nobody else uses

// A number of a matrix that is read from the second cache, and from memory, takes as long as so many
// products: a core multiplies a vector or two in a cycle and gets half a one, or a sixteenth.
constexpr double kFromCache = 2, kFromMemory = 16;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}
bool reads(Expr e, const Tensor* t) { return contains(tensors_of(e), t); }

bool is_constant(Expr e) {
  const auto all = tensors_of(e);
  const auto nodes = topological({e});
  return std::all_of(
             all.begin(), all.end(),
             [](const Tensor* t) { return t->role == Role::constant || t->role == Role::prepared; }) &&
         std::none_of(nodes.begin(), nodes.end(), [](Expr n) {
           return n->op == Op::Draw || std::any_of(n->free.begin(), n->free.end(), calculus::is_tick);
         });
}

// ---- sums of products ----

// weight times the sum over `summed` of the product of `constants` and `others`.
struct Term {
  Number weight = 1;
  std::vector<Index> summed;
  std::vector<Expr> constants, others;
};

Expr product(Context& context, const std::vector<Expr>& factors) {
  return factors.empty() ? make_constant(context, 1) : make_product(context, factors);
}

void add_factors(Expr e, Term& into) {
  const bool is_product = e->op == Op::Product;
  for (std::size_t i = 0; i < (is_product ? e->args.size() : 1); ++i) {
    const Expr f = is_product ? make_product(*e->context, {e->args[i]}, {e->weights[i]}) : e;
    (is_constant(f) ? into.constants : into.others).push_back(f);
  }
}

// Its bound indices become free ones of the level and above.
Term open(Expr e, int level) {
  Term out;
  if (e->op != Op::Contract) {
    add_factors(e, out);
    return out;
  }
  Substitution names;
  for (std::size_t k = 0; k < e->bound.size(); ++k) {
    out.summed.push_back({e->bound[k].axis, level + static_cast<int>(k)});
    names.emplace_back(e->bound[k], Subscript(out.summed.back()));
  }
  add_factors(substitute(e->args[0], names), out);
  return out;
}

// The value of an array as one term, over its canonical indices.
Term term_of(Expr value) {
  const bool is_scaled = value->op == Op::Sum && value->args.size() == 1 && value->value.is_zero();
  Term out = open(is_scaled ? value->args[0] : value, kInner);
  if (is_scaled) out.weight = value->weights[0];
  return out;
}

// Of the indices summed over, those that constants alone depend on.
std::vector<Index> of_constants(const Term& term) {
  std::vector<Index> out;
  for (const Index& i : term.summed) {
    const auto depends = [&](Expr f) { return f->depends_on(i); };
    if (std::any_of(term.constants.begin(), term.constants.end(), depends) &&
        std::none_of(term.others.begin(), term.others.end(), depends))
      out.push_back(i);
  }
  return out;
}

// The term with what constants alone depend on summed first; null if that is nothing.
Expr by_constants(const Term& term, Context& context) {
  const std::vector<Index> first = of_constants(term);
  if (first.empty()) return {};
  std::vector<Index> last = term.summed;
  std::erase_if(last,
                [&](const Index& i) { return std::find(first.begin(), first.end(), i) != first.end(); });
  const Expr matrix = make_contract(first, product(context, term.constants));
  return term.weight * make_contract(last, matrix * product(context, term.others));
}

// ---- what the steps cost ----

// A branch has the storage of the axis whose values it has.
Expr over_own_axes(Expr e) {
  Substitution own;
  int level = kOuter;
  for (const Index& i : e->free) {
    if (i.axis->values_of != nullptr) own.emplace_back(i, Subscript(Index{i.axis->values_of, level++}));
  }
  return generic_form(own.empty() ? e : substitute(e, own)).key;
}

struct Cost {
  double products = 0;  // multiplications
  double reads = 0;     // numbers of matrices of constants, as often as they are read
  double held = 0;      // those numbers, once

  void add(const Cost& other, double times = 1) {
    products += times * other.products;
    reads += times * other.reads;
    held += other.held;
  }
};

class Costs {
 public:
  explicit Costs(const Specialisation& sizes) : sizes_(sizes) {}

  bool less(const Steps& a, const Steps& b) const {
    const Cost left = of(a), right = of(b);
    return left.products <= right.products && time(left) < time(right);
  }

 private:
  // With a half of the second cache for everything else.
  double time(const Cost& c) const {
    const double in_cache = static_cast<double>(sizes_.machine.cache_bytes) / 2;
    const bool fits = c.held * static_cast<double>(bytes(sizes_.scalar)) <= in_cache;
    return c.products + (fits ? kFromCache : kFromMemory) * c.reads;
  }

  Cost of(const Steps& steps) const {
    Cost out;
    std::set<const Node*> found;  // looked up only; equal expressions are computed once
    for (const calculus::Step& step : steps) {
      if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
        out.add(of(loop->body), static_cast<double>(loop->count));
      } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
        out.add(of(sweep->body), static_cast<double>(sizes_.extent(sweep->axis)));
      } else {
        for (const Assignment& a : std::get<Assign>(step.action).simultaneous) {
          for (const Expr e : topological({a.value})) {
            if (e->op == Op::Contract && !is_constant(e)) out.add(of_new(e, found));
          }
        }
      }
    }
    return out;
  }

  Cost of_new(Expr contraction, std::set<const Node*>& found) const {
    if (!found.insert(generic_form(contraction).key.get()).second) return {};
    const Term term = open(contraction, kOuter);
    const std::vector<Index> first = of_constants(term);
    const Expr matrix = make_contract(first, product(*contraction->context, term.constants));
    const Expr rest = product(*contraction->context, term.others);
    std::vector<Index> all;
    std::set_union(matrix->free.begin(), matrix->free.end(), rest->free.begin(), rest->free.end(),
                   std::back_inserter(all));
    const bool is_new = found.insert(over_own_axes(matrix).get()).second;
    const double read = is_new ? volume(matrix->free) : 0;
    return {volume(all), read, read};
  }

  double volume(const std::vector<Index>& indices) const {
    double out = 1;
    for (const Index& i : indices) {
      if (!calculus::is_tick(i)) out *= static_cast<double>(sizes_.extent(i.axis));
    }
    return out;
  }

  const Specialisation& sizes_;
};

// ---- taking an array out ----

// Every read of the array is inside it: at an index over each of its axes, which no read of zero replaces.
bool is_read_inside(Expr value, const Tensor* t) {
  const auto nodes = topological({value});
  return std::all_of(nodes.begin(), nodes.end(), [&](Expr n) {
    if (n->tensor != t) return true;
    if (n->op != Op::Access) return false;
    for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
      if (!n->subscripts[p].is_plain()) return false;
      const Axis* axis = n->subscripts[p].plain().axis;
      if (axis != t->axes[p] && axis->values_of != t->axes[p] && t->axes[p]->values_of != axis) return false;
    }
    return true;
  });
}

Expr at(Expr value, Expr access) {
  const auto own = canonical_indices(access->tensor);
  Substitution names;
  for (std::size_t p = 0; p < own.size(); ++p) names.emplace_back(own[p], access->subscripts[p]);
  return substitute(value, names);
}

class Elimination {
 public:
  Elimination(Context& context, const Specialisation& sizes)
      : context_(context), costs_(sizes), sizes_(sizes) {}

  Steps run(Steps steps) const {
    while (const auto shorter = without_one(steps)) steps = *shorter;
    return steps;
  }

 private:
  // The last first: what it is made from may go then too.
  std::optional<Steps> without_one(const Steps& steps) const {
    for (std::size_t n = steps.size(); n-- > 0;) {
      const auto* group = std::get_if<Assign>(&steps[n].action);
      if (group == nullptr) continue;
      for (const Assignment& a : group->simultaneous) {
        const auto& names = sizes_.omitted;
        if (a.tick != nullptr || std::find(names.begin(), names.end(), a.target->name) == names.end())
          continue;
        if (const auto shorter = without(steps, n, a)) return shorter;
      }
    }
    return std::nullopt;
  }

  std::optional<Steps> without(const Steps& steps, std::size_t at_step, const Assignment& a) const {
    const auto nodes = topological({a.value});
    if (a.target->zero_diagonal || assignments(steps, a.target) != 1 || steers_loops(steps, a.target) ||
        std::any_of(nodes.begin(), nodes.end(), [](Expr n) { return n->op == Op::Draw; }))
      return std::nullopt;
    Steps out = steps;
    auto& group = std::get<Assign>(out[at_step].action).simultaneous;
    std::erase_if(group, [&](const Assignment& other) { return other.target == a.target; });
    std::size_t last = at_step;
    for (std::size_t n = 0; n < steps.size(); ++n) {
      if (contains(calculus::read({steps[n]}), a.target)) last = n;
    }
    if (last != at_step) {
      if (changes(steps, at_step, last, a)) return std::nullopt;
      const auto replaced = replaced_reads(out, a, steps);
      if (!replaced) return std::nullopt;
      out = *replaced;
    }
    if (std::get<Assign>(out[at_step].action).simultaneous.empty())
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(at_step));
    return out;
  }

  static std::size_t assignments(const Steps& steps, const Tensor* t) {
    std::size_t out = 0;
    for (const calculus::Step& step : steps) {
      if (const Steps* body = calculus::body_of(step)) {
        out += assignments(*body, t);
      } else {
        for (const Assignment& a : std::get<Assign>(step.action).simultaneous) out += a.target == t ? 1 : 0;
      }
    }
    return out;
  }

  // The number of passes depends on it.
  static bool steers_loops(const Steps& steps, const Tensor* t) {
    return std::any_of(steps.begin(), steps.end(), [&](const calculus::Step& step) {
      const auto* loop = std::get_if<calculus::Loop>(&step.action);
      const Steps* body = calculus::body_of(step);
      return (loop != nullptr && (contains(loop->watched, t) || loop->while_positive == t)) ||
             (body != nullptr && steers_loops(*body, t));
    });
  }

  // Something that the value reads changes before the array was read for the last time.
  static bool changes(const Steps& steps, std::size_t first, std::size_t last, const Assignment& a) {
    for (std::size_t n = first; n <= last; ++n) {
      if (n == last && calculus::body_of(steps[n]) == nullptr) return false;  // reads before it changes
      for (const Tensor* t : calculus::assigned({steps[n]})) {
        if (t != a.target && reads(a.value, t)) return true;
      }
    }
    return false;
  }

  // `out`, which has no assignment of the array, without reads of it; or nothing where that does not pay.
  std::optional<Steps> replaced_reads(const Steps& out, const Assignment& a, const Steps& before) const {
    std::vector<Expr> values;
    values_that_read(out, a.target, values);
    if (!std::all_of(values.begin(), values.end(), [&](Expr v) { return is_read_inside(v, a.target); }))
      return std::nullopt;
    if (is_read_once(out, values, a.target) && !is_expensive(a.value))
      return rewritten(out, [&](Expr v) {
        return transform(v, [&](Expr n) { return n->tensor == a.target ? at(a.value, n) : n; });
      });
    const Steps linear = rewritten(out, [&](Expr v) { return reads(v, a.target) ? linear_in(v, a) : v; });
    std::vector<Expr> left;
    values_that_read(linear, a.target, left);
    if (!left.empty() || !costs_.less(linear, before)) return std::nullopt;
    return linear;
  }

  static void values_that_read(const Steps& steps, const Tensor* t, std::vector<Expr>& into) {
    for (const calculus::Step& step : steps) {
      if (const Steps* body = calculus::body_of(step)) {
        values_that_read(*body, t, into);
        continue;
      }
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous) {
        if (reads(a.value, t)) into.push_back(a.value);
      }
    }
  }

  // At one place, and neither in a loop nor in a sum, where it would be computed many times.
  static bool is_read_once(const Steps& steps, const std::vector<Expr>& values, const Tensor* t) {
    if (values.size() != 1 || std::any_of(steps.begin(), steps.end(), [&](const calculus::Step& step) {
          return calculus::body_of(step) != nullptr && contains(calculus::read({step}), t);
        }))
      return false;
    std::ptrdiff_t places = values[0]->tensor == t ? 1 : 0;
    for (const Expr e : topological({values[0]})) {
      if (!e->bound.empty() && reads(e, t)) return false;
      places += std::count_if(e->args.begin(), e->args.end(), [&](Expr a) { return a->tensor == t; });
    }
    return places == 1;
  }

  template <class F>
  static Steps rewritten(const Steps& steps, const F& value) {
    Steps out = steps;
    for (calculus::Step& step : out) {
      if (Steps* body = calculus::body_of(step)) {
        *body = rewritten(*body, value);
      } else {
        for (Assignment& a : std::get<Assign>(step.action).simultaneous) a.value = value(a.value);
      }
    }
    return out;
  }

  // Sums over an index of the array, linear in it, become sums over what it was made from; other reads stay.
  Expr linear_in(Expr root, const Assignment& a) const {
    const Term made = term_of(a.value);
    return transform(root, [&](Expr e) {
      if (e->op != Op::Contract) return e;
      Term joined = open(e, kOuter);
      const auto of_array = [&](Expr f) { return reads(f, a.target); };
      const auto found = std::find_if(joined.others.begin(), joined.others.end(), of_array);
      if (found == joined.others.end() || (*found)->op != Op::Access ||
          std::count_if(joined.others.begin(), joined.others.end(), of_array) != 1)
        return e;
      const Expr access = *found;
      joined.others.erase(found);
      joined.weight = made.weight;
      joined.summed.insert(joined.summed.end(), made.summed.begin(), made.summed.end());
      for (const Expr f : made.constants) joined.constants.push_back(at(f, access));
      for (const Expr f : made.others) joined.others.push_back(at(f, access));
      const Expr shorter = by_constants(joined, context_);
      return shorter ? shorter : e;
    });
  }

  Context& context_;
  Costs costs_;
  const Specialisation& sizes_;
};

}  // namespace

Steps eliminate_omitted(const Steps& steps, Context& context, const Specialisation& sizes) {
  return sizes.omitted.empty() ? steps : Elimination(context, sizes).run(steps);
}

}  // namespace freefall::plan
