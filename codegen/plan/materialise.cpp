#include "codegen/plan/materialise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "codegen/ir/indicator.hpp"
#include "codegen/plan/contraction_order.hpp"
#include "codegen/plan/generic_form.hpp"
#include "codegen/plan/shared_values.hpp"
#include "codegen/plan/work.hpp"

namespace freefall::plan {
namespace {

using namespace ir;
using calculus::Assign;
using calculus::Assignment;
using calculus::Step;
using calculus::Steps;

bool is_plain_access(Expr e) {
  return e->op == Op::Access && std::all_of(e->subscripts.begin(), e->subscripts.end(),
                                            [](const Subscript& s) { return s.is_plain(); });
}

bool includes(const std::vector<Index>& large, const std::vector<Index>& small) {
  return std::includes(large.begin(), large.end(), small.begin(), small.end());
}

class Materialiser {
 public:
  Materialiser(Context& context, const Specialisation& sizes, const PrintOptions& names)
      : context_(context), sizes_(sizes), names_(names), temporaries_(context) {}

  Steps run(const Steps& steps) {
    Steps out;
    for (std::size_t n = 0; n < steps.size(); ++n) {
      const Step& step = steps[n];
      if (const Steps* inside = calculus::body_of(step)) {
        const Temporaries at_entry = temporaries_;
        for (const Tensor* t : calculus::assigned(*inside)) temporaries_.invalidate(t);
        Step copy = step;
        Steps& body = *calculus::body_of(copy);
        body = run(*inside);
        for (const Tensor* t : calculus::assigned(body)) temporaries_.invalidate(t);
        forget_made_in(body);
        const auto* loop = std::get_if<calculus::Loop>(&step.action);
        const auto carried =
            loop == nullptr || loop->count == 0 || loop->while_positive != nullptr
                ? std::vector<const Tensor*>{}
                : carried_values(body, at_entry,
                                 {steps.begin() + static_cast<std::ptrdiff_t>(n) + 1, steps.end()});
        if (!carried.empty()) body = rotate(body, carried, at_entry, out);
        out.push_back(copy);
      } else {
        out_ = &out;
        assign(std::get<Assign>(step.action));
      }
    }
    return out;
  }

 private:
  // A buffer filled inside a loop may hold the value of an earlier pass when the loop ends; do not rely on it
  // after.
  void forget_made_in(const Steps& body) {
    for (const Tensor* t : calculus::assigned(body)) {
      if (t->role == Role::temporary) temporaries_.drop(t);
    }
  }

  // ---- values carried from one pass of a loop to the next ----

  // Values computed at the start of a pass from what the pass before has left, and either there before the
  // loop or wanted after it: computed at the end of a pass instead, in place of either. In order; empty if
  // that would cost more than it saves.
  std::vector<const Tensor*> carried_values(const Steps& body, const Temporaries& at_entry,
                                            const Steps& after) const {
    std::vector<const Assignment*> leading;
    for (const Step& step : body) {
      const auto* assign = std::get_if<Assign>(&step.action);
      if (assign == nullptr || !made_.contains(assign->simultaneous[0].target)) break;
      leading.push_back(&assign->simultaneous[0]);
    }
    const auto position = [&](const Tensor* t) {
      const auto at =
          std::find_if(leading.begin(), leading.end(), [&](const auto* a) { return a->target == t; });
      return static_cast<std::size_t>(at - leading.begin());
    };
    std::vector<bool> carried(leading.size(), false);
    double change = 0;
    for (std::size_t i = leading.size(); i-- > 0;) {
      const GenericForm& form = made_.at(leading[i]->target);
      const bool there = at_entry.find(form) != nullptr, wanted = is_wanted(form, after);
      if (!carried[i] && !there && !wanted) continue;
      if (leading[i]->value->op == Op::Draw || reads_made(form.key)) return {};
      carried[i] = true;
      change += work(*leading[i], sizes_) * ((there ? 0 : 1) - (wanted ? 1 : 0));
      for (const Tensor* t : tensors_of(leading[i]->value)) {
        if (const std::size_t p = position(t); p < i) carried[p] = true;
      }
    }
    std::vector<const Tensor*> out;
    for (std::size_t i = 0; i < leading.size(); ++i) {
      if (carried[i]) out.push_back(leading[i]->target);
    }
    return change > 0 ? std::vector<const Tensor*>{} : out;
  }

  // True for a value that is known by the buffers it was made from.
  bool reads_made(Expr e) const {
    const auto all = tensors_of(e);
    return std::any_of(all.begin(), all.end(), [&](const Tensor* t) { return made_.contains(t); });
  }

  // True if a later step reads the value before anything it depends on changes.
  static bool is_wanted(const GenericForm& form, const Steps& after) {
    const auto reads = tensors_of(form.key);
    for (const Step& step : after) {
      const auto* group = std::get_if<Assign>(&step.action);
      if (group == nullptr) return false;
      for (const Assignment& a : group->simultaneous) {
        for (const Expr e : topological({a.value})) {
          if (e->op == form.key->op && generic_form(e).key == form.key) return true;
        }
      }
      for (const Assignment& a : group->simultaneous) {
        if (std::find(reads.begin(), reads.end(), a.target) != reads.end()) return false;
      }
    }
    return false;
  }

  // The carried values are computed before the loop, where they may be at hand or simpler, and at the end of
  // each pass into the same place; after the loop they hold.
  Steps rotate(const Steps& body, const std::vector<const Tensor*>& carried, const Temporaries& at_entry,
               Steps& before) {
    Temporaries after = std::exchange(temporaries_, at_entry);
    out_ = &before;
    std::unordered_map<const Tensor*, const Tensor*> place;
    for (const Tensor* t : carried) {
      const GenericForm& form = made_.at(t);
      preferred_ = t->axes;
      const auto own = canonical_indices(t);
      Substitution to_own;
      for (std::size_t p = 0; p < own.size(); ++p) to_own.emplace_back(after.order(t)[p], own[p]);
      const Expr value = lower(substitute(form.key, to_own));
      const bool at_hand = value == element(context_, value->op == Op::Access ? value->tensor : t) &&
                           value->tensor->role == Role::temporary && value->tensor->axes == t->axes;
      place[t] = at_hand ? value->tensor : t;
      if (!at_hand) emit(t, form, value, after.order(t));
      temporaries_.adopt(form, place[t], after.order(t));
    }
    preferred_.clear();
    Steps out, last;
    for (const Step& step : body) {
      Step moved = in_places(step, place);
      const auto* assign = std::get_if<Assign>(&moved.action);
      const bool is_carried =
          assign != nullptr && place.contains(std::get<Assign>(step.action).simultaneous[0].target);
      (is_carried ? last : out).push_back(moved);
    }
    out.insert(out.end(), last.begin(), last.end());
    temporaries_ = std::move(after);
    for (const Tensor* t : carried) temporaries_.adopt(made_.at(t), place[t], temporaries_.order(t));
    return out;
  }

  // The step with tensors renamed.
  Step in_places(const Step& step, const std::unordered_map<const Tensor*, const Tensor*>& place) const {
    Step out = step;
    if (Steps* body = calculus::body_of(out)) {
      for (Step& inside : *body) inside = in_places(inside, place);
      return out;
    }
    for (Assignment& a : std::get<Assign>(out.action).simultaneous) {
      if (const auto at = place.find(a.target); at != place.end()) a.target = at->second;
      a.value = transform(a.value, [&](Expr e) {
        const auto at = e->op == Op::Access ? place.find(e->tensor) : place.end();
        return at == place.end() ? e : make_access(context_, at->second, e->subscripts);
      });
    }
    return out;
  }

  void assign(const Assign& group) {
    const Assignment& first = group.simultaneous[0];
    if (first.value->op == Op::Draw && first.target->role == Role::temporary) {  // a buffer of draws already
      out_->push_back({group});
      temporaries_.invalidate(first.target);
      return;
    }
    for (const Assignment& a : group.simultaneous) shared_.count(a.value);
    std::vector<Assignment> stores;
    for (const Assignment& a : group.simultaneous) {
      preferred_ = a.target->axes;
      stores.push_back({a.target, lower(a.value), a.label, a.tick});
    }
    preferred_.clear();
    shared_ = {};
    store_all(stores);
    if (group.simultaneous.size() == 1) remember(group.simultaneous[0]);
  }

  // After x := e, a later e is read from x, until x or what e reads changes.
  void remember(const Assignment& a) {
    const auto& free = a.value->free;
    const bool covers =
        free.size() == a.target->axes.size() && std::none_of(free.begin(), free.end(), calculus::is_tick);
    if (covers && is_expensive(a.value) && !reads(a.value, a.target))
      temporaries_.hold(generic_form(a.value), a.target);
  }

  // ---- expressions ----

  // The pointwise expression equal to e that reads buffers in place of what needs one.
  Expr lower(Expr root) {
    std::unordered_map<const Node*, Expr> done;
    // Binder bodies are lowered where their buffer is made, so the traversal stops at binders.
    std::vector<std::pair<Expr, bool>> stack{{root, false}};
    while (!stack.empty()) {
      const auto [e, ready] = stack.back();
      stack.pop_back();
      if (done.contains(e.get())) continue;
      if (const Tensor* held = is_expensive(e) ? temporaries_.find(generic_form(e)) : nullptr) {
        done[e.get()] = temporaries_.read(held, generic_form(e));
      } else if (needs_buffer(e->op)) {
        done[e.get()] = buffered(e);
      } else if (const Expr shorter = !ready && e->op == Op::Sum ? with_held_sums(e) : e; !(shorter == e)) {
        done[e.get()] = lower(shorter);
      } else if (!ready) {
        stack.emplace_back(e, true);
        for (std::size_t i = e->args.size(); i-- > 0;) stack.emplace_back(e->args[i], false);
      } else {
        std::vector<Expr> args;
        for (const Expr a : e->args) args.push_back(done.at(a.get()));
        const Expr rebuilt = args == e->args ? e : rebuild(e, args);
        done[e.get()] = shared_.deserves_buffer(e) ? stored(e, rebuilt) : rebuilt;
      }
    }
    return done.at(root.get());
  }

  // A sum that contains all members of one that is held, in proportion, reads it instead: the prediction
  // error in the gradient of its own variable.
  Expr with_held_sums(Expr e) const {
    Expr out = e;
    for (const auto& [held, tensor] : temporaries_.sums()) {
      if (out->op != Op::Sum) break;
      const GenericForm form = generic_form(out);
      const auto ratio = multiple_of(held, form.key);
      if (!ratio || !is_expensive(held)) continue;
      const GenericForm part{held, held->free};
      const Expr rest = form.key - *ratio * held + *ratio * temporaries_.read(tensor, part);
      Substitution back;
      for (std::size_t i = 0; i < form.indices.size(); ++i)
        back.emplace_back(form.key->free[i], form.indices[i]);
      out = substitute(rest, back);
    }
    return out;
  }

  // r such that r times each member of `part` is a member of `whole`; empty if there is none.
  static std::optional<Number> multiple_of(Expr part, Expr whole) {
    std::optional<Number> ratio;
    if (whole->op != Op::Sum || part->args.size() > whole->args.size()) return ratio;
    for (std::size_t i = 0; i < part->args.size(); ++i) {
      const auto at = std::find(whole->args.begin(), whole->args.end(), part->args[i]);
      if (at == whole->args.end()) return std::nullopt;
      const Number& weight = whole->weights[static_cast<std::size_t>(at - whole->args.begin())];
      if (!ratio) {
        if (!(weight == part->weights[i]) && !(weight == -part->weights[i])) return std::nullopt;
        ratio = weight == part->weights[i] ? Number(1) : Number(-1);
      } else if (!(weight == *ratio * part->weights[i])) {
        return std::nullopt;
      }
    }
    return ratio;
  }

  // A read of the buffer that holds `form`, which is made from `value` if there is none. `form` is in the
  // original expression, so that later uses find it; `value` is what computes it.
  Expr stored(Expr form_of, Expr value) {
    const GenericForm form = generic_form(form_of);
    const Tensor* held = temporaries_.find(form);
    if (held == nullptr) {
      held = temporaries_.make(form, order_for(value), hint(form_of));
      const auto& order = temporaries_.order(held);
      const auto own = canonical_indices(held);
      Substitution to_own;
      for (std::size_t p = 0; p < own.size(); ++p) {
        const auto at =
            std::find(form.key->free.begin(), form.key->free.end(), order[p]) - form.key->free.begin();
        to_own.emplace_back(form.indices[static_cast<std::size_t>(at)], own[p]);
      }
      emit(held, form, substitute(value, to_own), order);
      made_.emplace(held, form);
    }
    return temporaries_.read(held, form);
  }

  // The axes of a buffer in order: as preferred, those that are not preferred behind. A product with some of
  // these keeps the index along which its larger factor is contiguous for the end.
  std::vector<const Axis*> order_for(Expr value) const {
    const auto is_preferred = [&](const Index& i) {
      return std::find(preferred_.begin(), preferred_.end(), i.axis) != preferred_.end();
    };
    if (value->op != Op::Contract || value->args[0]->op != Op::Product || value->args[0]->args.size() != 2 ||
        std::all_of(value->free.begin(), value->free.end(), is_preferred))
      return preferred_;
    const auto& factors = value->args[0]->args;
    const Expr larger = volume(factors[1]) > volume(factors[0]) ? factors[1] : factors[0];
    if (!is_plain_access(larger) || larger->subscripts.empty()) return preferred_;
    const Index row = larger->subscripts.back().plain();
    if (!value->depends_on(row)) return preferred_;
    std::vector<const Axis*> out = preferred_;
    for (const Index& i : value->free) {
      if (!is_preferred(i)) out.push_back(i.axis);
    }
    std::erase(out, row.axis);
    out.push_back(row.axis);
    return out;
  }

  // Appends `buffer := value`, both over the buffer's own indices; `order` has those of the form's key for
  // them.
  void emit(const Tensor* buffer, const GenericForm& form, Expr value, const std::vector<Index>& order) {
    const auto own = canonical_indices(buffer);
    Substitution key_to_own;
    for (std::size_t p = 0; p < own.size(); ++p) key_to_own.emplace_back(order[p], own[p]);
    const std::string text =
        print(element(context_, buffer)) + " = " + print(substitute(form.key, key_to_own), names_);
    out_->push_back({Assign{{{buffer, value, text}}}});
  }

  // A readable name for a buffer.
  static std::string hint(Expr e) {
    if (e->op == Op::Map && e->args.size() == 1) {
      const auto reads = tensors_of(e);
      const std::string of = reads.size() == 1 ? "_" + reads[0]->name : "";
      return std::string(row(e->function).name) + of;
    }
    switch (e->op) {
      case Op::Contract: return "product";
      case Op::Reduce: return name(e->reducer);
      case Op::Inverse: return "inverse";
      case Op::LogDet: return "log_det";
      default: return "value";
    }
  }

  Expr buffered(Expr e) {
    const GenericForm form = generic_form(e);
    if (const Tensor* held = temporaries_.find(form)) return temporaries_.read(held, form);
    switch (e->op) {
      case Op::Contract: return contract(e);
      case Op::Reduce: return reduce(e);
      case Op::Inverse: return inverse(e);
      case Op::LogDet: return log_det(e);
      case Op::Draw: return draw(e);
      default: throw std::logic_error("buffered: not a binder");
    }
  }

  // Binder labels become free indices while the body is lowered; sums over them bind them again.
  struct Opened {
    std::vector<Index> indices;
    Expr body;
  };
  static Opened open(Expr e) {
    Opened out;
    Substitution s;
    for (const Index& b : e->bound) {
      out.indices.push_back({b.axis, kOpenedLevel - b.level});
      s.emplace_back(b, out.indices.back());
    }
    out.body = substitute(e->args[0], s);
    return out;
  }

  // The sum of a few products along contiguous rows is no work for a buffer: it is written out where it is
  // read, and goes into the loop there.
  std::optional<Expr> written_out_sum(Expr e) const {
    constexpr std::size_t kLongRow = 8;
    const Expr body = e->args[0];
    if (!has_few_terms(e, sizes_) || body->op != Op::Product) return std::nullopt;
    const Index* row = nullptr;  // along which all arrays are contiguous
    for (std::size_t i = 0; i < body->args.size(); ++i) {
      const Expr f = body->args[i];
      if (!is_plain_access(f) || !body->weights[i].is_one()) return std::nullopt;
      if (!std::any_of(e->free.begin(), e->free.end(),
                       [&](const Index& free) { return !calculus::is_tick(free) && f->depends_on(free); }))
        continue;
      const Index& last = f->subscripts.back().plain();
      if (!e->depends_on(last) || (row != nullptr && !(*row == last))) return std::nullopt;
      row = &last;
    }
    if (row == nullptr || is_counted(row->axis) || sizes_.extent(row->axis) < kLongRow) return std::nullopt;
    std::vector<Expr> out{body};
    for (const Index& b : e->bound) {
      std::vector<Expr> each;
      for (const Expr part : out) {
        for (std::size_t k = 0; k < sizes_.extent(b.axis); ++k)
          each.push_back(substitute(part, {{b, Subscript(static_cast<std::int64_t>(k))}}));
      }
      out = std::move(each);
    }
    return make_sum(context_, out);
  }

  Expr contract(Expr e) {
    if (const auto sum = written_out_sum(e)) return *sum;
    const Opened opened = open(e);
    if (opened.body->op != Op::Product)
      return stored_sum(e, make_contract(opened.indices, lower(opened.body)));
    std::vector<Expr> factors;
    for (std::size_t i = 0; i < opened.body->args.size(); ++i) {
      factors.push_back(make_product(context_, {opened.body->args[i]}, {opened.body->weights[i]}));
    }
    if (const auto split = matrix_and_vector(factors, opened.indices))
      return stored_sum(e, make_contract(opened.indices, split->first * operand(split->second)));
    std::vector<Expr> operands = merge_operands(factors);
    if (operands.size() == 1) return stored_sum(e, make_contract(opened.indices, lower(operands[0])));
    std::vector<Expr> sources = operands;  // as they stand in e, so that what is stored is found again
    const std::vector<Index> shared = sum_single_operands(opened.indices, operands, sources);
    std::vector<std::vector<Index>> sets;
    for (const Expr o : operands) sets.push_back(o->free);
    const auto order = contraction_order(sets, shared, sizes_);
    for (std::size_t step = 0; step < order.size(); ++step) {
      const Pairing& p = order[step];
      const Expr left = operand(operands[p.left]), right = operand(operands[p.right]);
      const Expr value = make_contract(p.bound, left * right);
      if (step + 1 == order.size()) return stored_sum(e, value);
      sources.push_back(make_contract(p.bound, sources[p.left] * sources[p.right]));
      operands.push_back(stored_sum(sources.back(), value));
    }
    throw std::logic_error("contract: no pairing");
  }

  // An index that one operand alone depends on is summed there, before the products. Returns the other
  // indices.
  std::vector<Index> sum_single_operands(const std::vector<Index>& summed, std::vector<Expr>& operands,
                                         std::vector<Expr>& sources) {
    std::vector<Index> shared = summed;
    for (std::size_t n = 0; n < operands.size(); ++n) {
      std::vector<Index> own;
      for (const Index& i : shared) {
        const auto users =
            std::count_if(operands.begin(), operands.end(), [&](Expr o) { return o->depends_on(i); });
        if (users == 1 && operands[n]->depends_on(i)) own.push_back(i);
      }
      if (own.empty() || own.size() == operands[n]->free.size()) continue;
      std::erase_if(shared,
                    [&](const Index& i) { return std::find(own.begin(), own.end(), i) != own.end(); });
      sources[n] = make_contract(own, sources[n]);
      operands[n] = stored_sum(sources[n], make_contract(own, lower(operands[n])));
    }
    return shared;
  }

  // Lowering may bring out a coefficient or split the sum, and a sum over indices of single factors is a
  // product of sums; each contraction that is left gets a buffer.
  Expr stored_sum(Expr e, Expr value) {
    if (value->op == Op::Contract) return stored(e, value);
    std::vector<std::pair<Expr, Expr>> reads;
    for (const Expr n : topological({value})) {
      if (n->op == Op::Contract) reads.emplace_back(n, stored(n, n));
    }
    return stored(e, replace(value, reads));
  }

  // One factor is a matrix as it stands and the others a vector along the sum: the vector is worth a buffer,
  // since a product of the two is one of the runtime's while a sum over elements worked out in place is not.
  std::optional<std::pair<Expr, Expr>> matrix_and_vector(const std::vector<Expr>& factors,
                                                         const std::vector<Index>& summed) const {
    if (summed.size() != 1 || summed[0].axis->plate) return std::nullopt;
    const auto is_matrix = [&](Expr f) {
      return is_plain_access(f) && f->free.size() == 2 && f->subscripts.size() == 2 &&
             f->depends_on(summed[0]) &&
             std::none_of(f->free.begin(), f->free.end(), [](const Index& i) { return i.axis->plate; });
    };
    const auto matrix = std::find_if(factors.begin(), factors.end(), is_matrix);
    if (matrix == factors.end()) return std::nullopt;
    Expr rest = make_constant(context_, 1);
    for (auto f = factors.begin(); f != factors.end(); ++f) {
      if (f != matrix) rest = rest * *f;
    }
    if (rest->free != std::vector<Index>{summed[0]}) return std::nullopt;
    return std::pair{*matrix, rest};
  }

  // Factors whose indices are among those of another are multiplied into it: pointwise work is cheap. An
  // indicator goes into every operand that it keeps finite.
  std::vector<Expr> merge_operands(std::vector<Expr> factors) const {
    for (Expr& f : factors) {
      if (!needs_indicator(f)) continue;
      for (const Expr other : factors) {
        if (is_indicator(other) && includes(f->free, other->free)) f = f * other;
      }
    }
    std::stable_sort(factors.begin(), factors.end(), [&](Expr a, Expr b) { return volume(a) > volume(b); });
    std::vector<Expr> out;
    for (const Expr f : factors) {
      Expr* best = nullptr;
      for (Expr& o : out) {
        if (includes(o->free, f->free) && (best == nullptr || volume(o) <= volume(*best))) best = &o;
      }
      if (best == nullptr) {
        out.push_back(f);
      } else {
        *best = *best * f;
      }
    }
    return out;
  }

  double volume(Expr e) const {
    double out = 1;
    for (const Index& i : e->free) out *= static_cast<double>(sizes_.extent(i.axis));
    return out;
  }

  // An operand of a matrix product is a plain access; anything else is stored first.
  Expr operand(Expr e) {
    if (is_plain_access(e)) return e;
    const Expr lowered = lower(e);
    return is_plain_access(lowered) ? lowered : stored(e, lowered);
  }

  // log-sum-exp and softmax subtract the maximum first, so that no exponential overflows.
  Expr reduce(Expr e) {
    const Opened opened = open(e);
    Expr body = lower(opened.body);
    if (e->reducer == Reducer::max) return stored(e, make_reduce(Reducer::max, opened.indices, body));
    if (is_expensive(body)) body = stored(opened.body, body);  // several loops read it
    const Expr source_max = make_reduce(Reducer::max, opened.indices, opened.body);
    const Expr largest = stored(source_max, make_reduce(Reducer::max, opened.indices, body));
    const Expr source_sum =
        make_contract(opened.indices, make_map(Function::exp, {opened.body - source_max}));
    const Expr total =
        stored(source_sum, make_contract(opened.indices, make_map(Function::exp, {body - largest})));
    if (e->reducer == Reducer::log_sum_exp) return stored(e, largest + make_map(Function::log, {total}));
    // Outside its axis a softmax is zero, as an array is.
    const Expr inside = make_range(context_, opened.indices[0].axis, e->subscripts[0]);
    const Expr at = substitute(body, {{opened.indices[0], e->subscripts[0]}});
    return stored(e, inside * make_map(Function::exp, {at - largest}) / total);
  }

  // Matrix functions take the symmetric part of their matrix, as an array whose last two axes are its own.
  Expr matrix(const Opened& opened) {
    const Index row = opened.indices[0], column = opened.indices[1];
    const Expr transposed = substitute(opened.body, {{row, column}, {column, row}});
    const Expr symmetric =
        transposed == opened.body ? opened.body : Number::ratio(1, 2) * (opened.body + transposed);
    if (!symmetric->depends_on(row)) return written_out(opened, symmetric);
    const auto outer = std::exchange(preferred_, matrix_last(opened));
    const Expr out = operand(symmetric);
    preferred_ = outer;
    // What is held already, for another reader, may have its axes in another order.
    const auto& at = out->subscripts;
    const bool is_last = std::all_of(at.end() - 2, at.end(), [&](const Subscript& s) {
      return s == Subscript(row) || s == Subscript(column);
    });
    return is_last ? out : written_out(opened, out);
  }

  // An array of the matrix, whose last axes are its own; elements may all have one value.
  Expr written_out(const Opened& opened, Expr value) {
    std::vector<Index> indices = value->free;
    std::erase_if(indices, [&](const Index& i) {
      return calculus::is_tick(i) ||
             std::find(opened.indices.begin(), opened.indices.end(), i) != opened.indices.end();
    });
    indices.insert(indices.end(), opened.indices.begin(), opened.indices.end());
    std::vector<const Axis*> axes;
    for (const Index& i : indices) axes.push_back(i.axis);
    const Tensor* buffer = context_.temporary("matrix", axes);
    Substitution to_own;
    const auto own = canonical_indices(buffer);
    for (std::size_t p = 0; p < own.size(); ++p) to_own.emplace_back(indices[p], own[p]);
    const Expr lowered = lower(value);
    out_->push_back(
        {Assign{{{buffer, substitute(lowered, to_own),
                  print(element(context_, buffer)) + " = " + print(substitute(value, to_own), names_)}}}});
    return make_access(context_, buffer, std::vector<Subscript>(indices.begin(), indices.end()));
  }

  static std::vector<const Axis*> matrix_last(const Opened& opened) {
    std::vector<const Axis*> out;
    for (const Index& i : opened.body->free) {
      if (i.axis != opened.indices[0].axis) out.push_back(i.axis);
    }
    out.push_back(opened.indices[0].axis);
    return out;
  }

  // The whole inverse is stored; e reads one element of it.
  Expr inverse(Expr e) {
    const Opened opened = open(e);
    const Expr body = matrix(opened);
    const Index row{opened.indices[0].axis, 5000}, column{opened.indices[1].axis, 5001};
    const Expr whole = make_inverse(e->bound[0], e->bound[1], e->args[0], Subscript(row), Subscript(column));
    const Expr value =
        make_inverse(opened.indices[0], opened.indices[1], body, Subscript(row), Subscript(column));
    const auto outer = std::exchange(preferred_, matrix_last(opened));
    const Expr read = stored(whole, value);
    preferred_ = outer;
    return substitute(read, {{row, e->subscripts[0]}, {column, e->subscripts[1]}});
  }

  Expr log_det(Expr e) {
    const Opened opened = open(e);
    return stored(e, make_log_det(opened.indices[0], opened.indices[1], matrix(opened)));
  }

  // The numbers stand in the order of the draw's own indices, which says which number an element gets.
  Expr draw(Expr e) {
    const GenericForm form = generic_form(e);
    std::vector<Index> order;
    for (const Subscript& s : e->subscripts) order.push_back(s.plain());
    const Tensor* numbers = temporaries_.make_in_order(form, order, "uniform");
    const auto own = canonical_indices(numbers);
    Substitution to_own;
    for (std::size_t p = 0; p < own.size(); ++p) to_own.emplace_back(order[p], own[p]);
    emit(numbers, form, substitute(e, to_own), temporaries_.order(numbers));
    return temporaries_.read(numbers, form);
  }

  // ---- stores ----

  static bool reads(Expr e, const Tensor* t) {
    const auto all = tensors_of(e);
    return std::find(all.begin(), all.end(), t) != all.end();
  }

  // True if the value reads the target at an element that is stored too, but not the one being stored.
  static bool reads_elsewhere(const Assignment& a) {
    const Expr own = calculus::target_element(a);
    const auto nodes = topological({a.value});
    return std::any_of(nodes.begin(), nodes.end(), [&](Expr n) {
      return n->tensor == a.target && !(n == own) && !reads_another_tick(n, a);
    });
  }

  // An assignment of one tick stores nothing at the others.
  static bool reads_another_tick(Expr access, const Assignment& a) {
    if (a.tick == nullptr || access->op != Op::Access) return false;
    const auto at = target_indices(a);
    for (std::size_t p = 0; p < at.size(); ++p) {
      const Subscript& s = access->subscripts[p];
      if (calculus::is_tick(at[p]) && s.terms == Subscript(at[p]).terms && s.offset != 0) return true;
    }
    return false;
  }

  // What the assignment makes a copy of, or null.
  static const Tensor* copied_by(const Assignment& a) {
    const Expr v = a.value;
    if (a.tick != nullptr || v->op != Op::Access || v->tensor == a.target ||
        v->tensor->axes != a.target->axes)
      return nullptr;
    return v == element(*v->context, v->tensor) ? v->tensor : nullptr;
  }

  // The value reads one temporary in place: nothing waits for it.
  static bool moves_buffer(const Assignment& a) {
    return a.value->op == Op::Access && a.value->tensor->role == Role::temporary;
  }

  void store_all(std::vector<Assignment> stores) {
    std::vector<Assignment> waiting = std::move(stores);
    while (!waiting.empty()) {
      // A store may go when no other waiting value reads its target, and its own value reads it only in
      // place.
      const auto free_to_go = std::find_if(waiting.begin(), waiting.end(), [&](const Assignment& a) {
        const bool others = std::any_of(waiting.begin(), waiting.end(), [&](const Assignment& b) {
          return &a != &b && reads(b.value, a.target);
        });
        return !others && !reads_elsewhere(a);
      });
      if (free_to_go != waiting.end()) {
        out_->push_back({Assign{{*free_to_go}}});
        temporaries_.invalidate(free_to_go->target);
        if (const Tensor* original = copied_by(*free_to_go))
          temporaries_.copied(free_to_go->target, original);
        waiting.erase(free_to_go);
        continue;
      }
      // A cycle: compute a value into a buffer now, copy it once nothing reads the old one. Values that only
      // move such a buffer wait for the others.
      const auto stuck =
          std::find_if(waiting.begin(), waiting.end(), [&](const Assignment& a) { return !moves_buffer(a); });
      if (stuck == waiting.end()) throw std::logic_error("store_all: a cycle of copies");
      const Tensor* next = context_.temporary("next_" + stuck->target->name, stuck->target->axes);
      out_->push_back({Assign{{{next, stuck->value, stuck->label, stuck->tick}}}});
      stuck->value = calculus::target_element({next, stuck->value, {}, stuck->tick});
    }
  }

  Context& context_;
  const Specialisation& sizes_;
  const PrintOptions& names_;
  Temporaries temporaries_;
  Steps* out_ = nullptr;
  std::vector<const Axis*> preferred_;
  SharedValues shared_;
  std::unordered_map<const Tensor*, GenericForm> made_;  // what each buffer was made for
};

}  // namespace

bool has_few_terms(Expr contract, const Specialisation& sizes) {
  constexpr std::size_t kFewTerms = 4;
  std::size_t terms = 1;
  for (const Index& b : contract->bound) {
    if (is_counted(b.axis)) return false;
    terms *= sizes.extent(b.axis);
  }
  return terms <= kFewTerms;
}

bool is_pointwise(Expr e) {
  const auto nodes = topological({e});
  return std::none_of(nodes.begin(), nodes.end(), [](Expr n) { return needs_buffer(n->op); });
}

Steps materialise(const Steps& steps, Context& context, const Specialisation& sizes,
                  const PrintOptions& names) {
  return Materialiser(context, sizes, names).run(steps);
}

}  // namespace freefall::plan
