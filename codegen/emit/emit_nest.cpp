#include "codegen/emit/emit_nest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>

#include "codegen/emit/library_calls.hpp"
#include "codegen/ir/indicator.hpp"
#include "codegen/loop/merge_loops.hpp"
#include "codegen/loop/one_hot.hpp"
#include "codegen/loop/split_diagonal.hpp"
#include "codegen/loop/take_apart.hpp"
#include "codegen/loop/whole_vectors.hpp"
#include "codegen/plan/generic_form.hpp"

namespace freefall::emit {
namespace {

using namespace ir;

int precedence_of(const std::string& text) {
  int depth = 0;
  int lowest = 3;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (depth != 0) continue;
    if (c == '?') lowest = std::min(lowest, 0);
    if (c == ' ' && i + 2 < text.size() && text[i + 2] == ' ') {
      if (text[i + 1] == '+' || text[i + 1] == '-') lowest = std::min(lowest, 1);
      if (text[i + 1] == '*' || text[i + 1] == '/') lowest = std::min(lowest, 2);
    }
    if (i == 0 && c == '-') lowest = std::min(lowest, 1);
  }
  return lowest;
}
std::string at_least(const std::string& text, int precedence) {
  return precedence_of(text) < precedence ? "(" + text + ")" : text;
}

constexpr const char* kNoted = "noted_";

// How many names of its own a function has already.
struct Numbers {
  int constants = 0, accumulators = 0, positions = 0;
};

// Emits the stores of one nest. Each value that is used twice, or that does not depend on the innermost loops
// and is more than a number, becomes a constant at the outermost loop that knows its indices.
class NestEmitter {
 public:
  // shares_rows: the outermost loop is one that threads share.
  NestEmitter(const loop::MergedNest& merged, const Names& names, std::vector<const Tensor*> checked = {},
              Numbers used = {}, bool shares_rows = false)
      : merged_(merged),
        nest_(merged.nest),
        names_(names),
        checked_(std::move(checked)),
        at_depth_(nest_.loops.size() + 1),
        used_(used),
        shares_rows_(shares_rows) {}
  const Numbers& used() const { return used_; }

  // The blocks at each depth, outermost first, for loops [m, n] over the sums of a product; `sums` is the
  // array they would be stored in.
  std::vector<CppBlock> run_on_sums(const Tensor* sums) {
    sums_ = sums;
    stores();
    return std::move(at_depth_);
  }

  // The loop over the sums of one call.
  CppStatement over_sums(CppBlock column) const {
    if (is_call()) return {call(nest_.loops.back(), std::move(column))};
    return {CppFor{"column_", "count_.value", std::move(column), true}};
  }

  // The store that adds up or finds the largest, where it is the only one and the others store rows.
  const loop::Store* reduced() const {
    const loop::Store* out = nullptr;
    for (const loop::Store& s : nest_.stores) {
      if (is_reduced(s) && out == nullptr && !is_checked(s.target)) {
        out = &s;
      } else if (sums_ == nullptr && !is_row(s)) {
        return nullptr;
      }
    }
    return out;
  }

  // A value of a nest without loops.
  std::string spell_scalar(Expr value) { return emit(value); }

  // The value of its one store as a function of the index of its loop; of two loops, a function of the outer
  // index that gives one of the inner.
  CppBlock run_as_function(const std::string& name) {
    as_function_ = true;
    stores();
    CppBlock out = std::move(at_depth_.back());
    for (std::size_t d = nest_.loops.size(); d-- > 0;) {
      const std::string index = "[[maybe_unused]] const std::size_t " + names_.loop_variable(nest_.loops[d]);
      CppBlock outer = std::move(at_depth_[d]);
      outer.push_back({CppLambda{d == 0 ? "const auto " + name + " =" : "return", d == 0 ? "&" : "=", index,
                                 std::move(out)}});
      out = std::move(outer);
    }
    return out;
  }

  // The whole nest; what is stored on the diagonal is computed before its innermost loop and stored after it.
  CppBlock run(const std::optional<loop::Store>& on_diagonal = {}) {
    if (on_diagonal) {
      count_uses(on_diagonal->value);
      const std::string value = at_least(emit(on_diagonal->value), 0);
      at_depth_[nest_.loops.size() - 1].push_back(
          {CppDeclare{"const " + names_.scalar(), "diagonal_", value}});
      after_.push_back(
          {CppAssign{names_.element(on_diagonal->target, on_diagonal->subscripts), "=", "diagonal_"}});
      if (is_checked(on_diagonal->target))
        after_.push_back({CppAssign{kStored, "|=", "freefall::runtime::carried(diagonal_)"}});
    }
    stores();
    CppBlock block = std::move(at_depth_.back());
    for (std::size_t d = nest_.loops.size(); d-- > 0;) {
      const Index& i = nest_.loops[d];
      CppBlock outer = std::move(at_depth_[d]);
      const bool innermost = d + 1 == nest_.loops.size();
      if (innermost && is_call()) {
        outer.push_back({call(i, std::move(block))});
      } else if (innermost && is_each()) {
        CppCallWith each{
            fmt::format("freefall::runtime::{}<{}, {}{}>", is_again() ? "rows_over" : "each_over", passes(d),
                        names_.scalar(), is_abreast() && !is_again() ? ", true" : ""),
            {},
            "const std::size_t " + names_.loop_variable(i),
            std::move(block),
            true,
            is_abreast() || (is_again() && merged_.counts[d] > lanes())};
        note_in(each);
        outer.push_back({std::move(each)});
      } else {
        CppFor loop{names_.loop_variable(i), passes(d), std::move(block)};
        if (innermost) loop.reductions = clauses_;
        loop.rolled = innermost && nest_.loops.size() > 1 && is_written_out() && chooses();
        outer.push_back({std::move(loop)});
      }
      if (innermost) outer.insert(outer.end(), after_.begin(), after_.end());
      block = std::move(outer);
    }
    return block;
  }

 private:
  void stores() {
    for (const loop::Store& s : nest_.stores) count_uses(s.value);
    for (const loop::Store& s : nest_.stores) store(s);
    if (is_call() && nest_.stores.size() > 1 && !is_reduced(nest_.stores.back()))
      at_depth_.back().push_back({CppReturn{"taken_"}});
  }

  // How often loop d goes round.
  std::string passes(std::size_t d) const {
    const Axis* a = nest_.loops[d].axis;
    return plan::is_counted(a) ? names_.copies(a) : fmt::format("{}", merged_.counts[d]);
  }

  std::size_t depth(Expr e) const {
    for (std::size_t d = nest_.loops.size(); d > 0; --d) {
      if (e->depends_on(nest_.loops[d - 1])) return d;
    }
    return 0;
  }

  void count_uses(Expr root) {
    ++uses_[root.get()];
    for (const Expr e : topological({root})) {
      for (std::size_t i = 0; i < e->args.size(); ++i) {
        const Expr a = e->args[i];
        const bool power =
            e->op == Op::Product && a->op != Op::Access && std::abs(e->weights[i].numerator()) > 1;
        uses_[a.get()] += power ? 2 : 1;  // a factor is written as often as it stands in the power
        if (depth(a) < depth(e)) leaves_loop_[a.get()] = true;
      }
      if (is_conditional(e)) {
        for (const Expr n : topological(e->args)) read_before_[n.get()] = n->op == Op::Access;
      }
    }
  }

  // Elements are read before a condition, not in its branches: GCC 12.2 vectorises `c ? a : b[i]` in nested
  // loops of a few iterations wrongly (tests/fuzz/regressions/branches_of_a_select_read_arrays.model).
  static bool is_conditional(Expr e) {
    return e->op == Op::Select ||
           (e->op == Op::Product && std::any_of(e->args.begin(), e->args.end(), is_indicator));
  }

  void store(const loop::Store& s) {
    if (at_depth_.back().empty() || label_ != s.label) at_depth_.back().push_back({CppComment{s.label}});
    label_ = s.label;
    std::string value = at_least(emit(s.value), 0);
    if (as_function_ || (is_call() && (nest_.stores.size() == 1 || is_reduced(s)))) {
      if (&s == &nest_.stores.back()) {
        at_depth_.back().push_back({CppReturn{value}});
      } else {
        at_depth_.back().push_back({CppDeclare{"const " + names_.scalar(), "taken_", value}});
      }
      return;
    }
    if (is_checked(s.target)) value = notes() ? fmt::format("{}({})", kNoted, value) : collected(value);
    std::string target = names_.element(s.target, s.subscripts);
    if (is_reduced(s)) target = accumulator(target, s.mode);
    switch (s.mode) {
      case loop::Store::Mode::set: at_depth_.back().push_back({CppAssign{target, "=", value}}); break;
      case loop::Store::Mode::add: at_depth_.back().push_back({CppAssign{target, "+=", value}}); break;
      case loop::Store::Mode::maximum:
        // Written so that a NaN is kept, not dropped.
        at_depth_.back().push_back(
            {CppAssign{target, "=", fmt::format("freefall::runtime::math::maximum({}, {})", target, value)}});
        break;
    }
    // What was read from the target before is stale now.
    const auto is_stale = [&](const auto& entry) {
      const auto reads = tensors_of(Expr(entry.first));
      return std::find(reads.begin(), reads.end(), s.target) != reads.end();
    };
    std::erase_if(text_, is_stale);
    std::erase_if(nearest_, is_stale);
    std::erase_if(rows_, is_stale);
  }

  // True if the innermost loop goes through elements that all go to one of the target.
  bool is_reduced(const loop::Store& s) const {
    constexpr std::size_t kFewest = 8;  // elements; fewer are written out
    if (s.mode == loop::Store::Mode::set || nest_.loops.empty()) return false;
    const Index& inner = nest_.loops.back();
    return (sums_ != nullptr || plan::is_counted(inner.axis) || merged_.counts.back() >= kFewest) &&
           std::none_of(s.subscripts.begin(), s.subscripts.end(), [&](const Subscript& at) {
             return std::any_of(at.terms.begin(), at.terms.end(),
                                [&](const auto& term) { return term.index == inner; });
           });
  }

  // True if the innermost loop is written as a call of innermost.hpp: its count is known, and it stores rows
  // and adds up numbers or finds the largest, or does nothing but store a row of numbers that are checked or
  // take long.
  bool is_call() const {
    if (nest_.stores.empty() || nest_.loops.empty()) return false;
    if (sums_ != nullptr) return reduced() != nullptr;
    if (shares_rows_ && nest_.loops.size() == 1) return false;
    if (plan::is_counted(nest_.loops.back().axis)) return false;
    const loop::Store& s = nest_.stores[0];
    if (nest_.stores.size() == 1 && is_row(s))
      return is_checked(s.target) || loop::is_done_at_once(merged_, *names_.sizes);
    return reduced() != nullptr;
  }
  // In lanes. Costly functions take longer than the additions that wait for each other.
  CppCallWith call(const Index& i, CppBlock body) const {
    const loop::Store& s = reduced() != nullptr ? *reduced() : nest_.stores[0];
    const std::string count = sums_ != nullptr ? "count_.value" : passes(nest_.loops.size() - 1);
    const std::string index = sums_ != nullptr ? "column_" : names_.loop_variable(i);
    const bool is_read = nest_.stores.size() > 1 || s.value->depends_on(i);
    CppCallWith out{"",
                    {},
                    (is_read ? "const std::size_t " : "[[maybe_unused]] const std::size_t ") + index,
                    std::move(body),
                    true};
    if (s.mode == loop::Store::Mode::set) {
      std::vector<Subscript> row = s.subscripts;
      row.back() = Subscript(0);
      const bool checked = is_checked(s.target), at_once = loop::is_done_at_once(merged_, *names_.sizes);
      out.abreast = is_abreast();
      out.function = fmt::format("freefall::runtime::{}_over<{}{}>", checked && !at_once ? "store" : "set",
                                 count, out.abreast ? ", true" : "");
      out.arguments = {"&" + names_.element(s.target, row)};
      if (checked) out.arguments.emplace_back(kStored);
    } else {
      const bool costly = std::any_of(nest_.stores.begin(), nest_.stores.end(),
                                      [](const loop::Store& each) { return plan::is_expensive(each.value); });
      const int vectors = costly ? 1 : 4;
      out.function = fmt::format("freefall::runtime::{}_over<{}, {}>",
                                 s.mode == loop::Store::Mode::add ? "add" : "maximum", count, vectors);
      out.arguments = {names_.element(s.target, s.subscripts)};
      note_in(out);
    }
    return out;
  }
  // True if the loop is a call that gives its body a note, for what is stored in arrays that are checked.
  bool notes() const {
    const bool many = is_call() ? reduced() != nullptr : is_each();
    return many && std::any_of(nest_.stores.begin(), nest_.stores.end(),
                               [&](const loop::Store& s) { return is_checked(s.target); });
  }
  void note_in(CppCallWith& call) const {
    if (!notes()) return;
    call.arguments.emplace_back(kStored);
    call.parameters += fmt::format(", auto& {}", kNoted);
  }
  bool is_each() const { return (ends_within_a_vector() || is_abreast()) && !chooses(); }
  // True if the last vector of several rows has some elements of the one before.
  bool is_again() const {
    return stores_rows() && nest_.stores.size() > 1 && loop::is_done_at_once(merged_, *names_.sizes);
  }
  // True if the innermost loop stores rows of known length.
  bool stores_rows() const {
    return !nest_.loops.empty() && !plan::is_counted(nest_.loops.back().axis) &&
           !(shares_rows_ && nest_.loops.size() == 1) && merged_.counts.back() > 1 &&
           std::all_of(nest_.stores.begin(), nest_.stores.end(),
                       [&](const loop::Store& s) { return is_row(s); });
  }
  // The lanes of the largest vector there is.
  std::size_t lanes() const { return 64 / plan::bytes(names_.sizes->scalar); }
  // True if these are no whole number of vectors.
  bool ends_within_a_vector() const { return stores_rows() && merged_.counts.back() % lanes() != 0; }
  // True if they are several vectors of numbers that take long.
  bool is_abreast() const {
    return stores_rows() && merged_.counts.back() >= 2 * lanes() &&
           std::any_of(nest_.stores.begin(), nest_.stores.end(),
                       [](const loop::Store& s) { return plan::is_expensive(s.value); });
  }
  // True if g++ would write out the loop before it looks at those around it.
  bool is_written_out() const {
    constexpr std::size_t kMostPasses = 16;  // its max-completely-peel-times
    return !plan::is_counted(nest_.loops.back().axis) && merged_.counts.back() <= kMostPasses;
  }
  // True if the innermost loop has a condition.
  bool chooses() const {
    const auto is_condition = [&](Expr e) {
      const auto leaves = [&](std::size_t p) { return !stays_inside(e->subscripts[p], e->tensor->axes[p]); };
      if (!e->depends_on(nest_.loops.back()) || is_row_at(e)) return false;
      if (e->op != Op::Access) return e->op == Op::Select || e->op == Op::Gather || is_indicator(e);
      for (std::size_t p = 0; p < e->subscripts.size(); ++p) {
        if (leaves(p)) return true;
      }
      return false;
    };
    return std::any_of(nest_.stores.begin(), nest_.stores.end(), [&](const loop::Store& s) {
      const auto nodes = topological({s.value});
      return std::any_of(nodes.begin(), nodes.end(), is_condition);
    });
  }
  // True if the innermost loop sets neighbouring elements, from the first on.
  bool is_row(const loop::Store& s) const {
    const Subscript inner(nest_.loops.back());
    return s.mode == loop::Store::Mode::set && !s.subscripts.empty() && s.subscripts.back() == inner &&
           std::count(s.subscripts.begin(), s.subscripts.end(), inner) == 1;
  }

  bool is_checked(const Tensor* t) const {
    return std::find(checked_.begin(), checked_.end(), t) != checked_.end();
  }

  // A value that is stored; its exponent is collected.
  std::string collected(const std::string& value) {
    const std::string name = fmt::format("v{}_", ++used_.constants);
    at_depth_.back().push_back({CppDeclare{"const " + names_.scalar(), name, value}});
    std::string into = kStored;
    if (!nest_.loops.empty()) {
      into = fmt::format("c{}_", ++used_.accumulators);
      at_depth_[nest_.loops.size() - 1].push_back(
          {CppDeclare{fmt::format("freefall::runtime::exponent_bits<{}>", names_.scalar()), into, "0"}});
      after_.push_back({CppAssign{kStored, "|=", into}});
      clauses_ += fmt::format("{}reduction(| : {})", clauses_.empty() ? "" : " ", into);
    }
    at_depth_.back().push_back({CppAssign{into, "|=", fmt::format("freefall::runtime::carried({})", name)}});
    return name;
  }

  // A variable in place of the element while the innermost loop runs.
  std::string accumulator(const std::string& target, loop::Store::Mode mode) {
    const std::string name = fmt::format("r{}_", ++used_.accumulators);
    at_depth_[nest_.loops.size() - 1].push_back({CppDeclare{names_.scalar(), name, target}});
    after_.push_back({CppAssign{target, "=", name}});
    clauses_ += fmt::format("{}reduction({} : {})", clauses_.empty() ? "" : " ",
                            mode == loop::Store::Mode::add ? "+" : "max", name);
    return name;
  }

  std::string emit(Expr root) {
    for (const Expr e : topological({root})) {
      if (text_.contains(e.get())) continue;
      if (e->op == Op::Gather) name_positions(e);
      if (is_row_at(e)) name_row(e);
      std::string text = spell(e);
      const bool simple =
          e->op == Op::Constant || e->op == Op::Extent || e->op == Op::Position || is_closed(e);
      const bool shared = uses_[e.get()] > 1 || leaves_loop_[e.get()] || read_before_[e.get()];
      if (shared && !simple && !(e->op == Op::Access && e->subscripts.empty() && nest_.loops.empty())) {
        const std::string name = fmt::format("v{}_", ++used_.constants);
        at_depth_[depth(e)].push_back({CppDeclare{"const " + names_.scalar(), name, text}});
        text = name;
      }
      text_[e.get()] = text;
    }
    return text_.at(root.get());
  }

  const std::string& arg(Expr e, std::size_t i) const { return text_.at(e->args[i].get()); }

  // True if the innermost loop goes through one row of the array, at a place that is known before it.
  bool is_row_at(Expr e) const {
    constexpr std::size_t kLongest = 1024;  // there is a row of zeros as long
    if (e->op != Op::Gather || sums_ != nullptr || nest_.loops.empty()) return false;
    const Expr last = e->args.back();
    const Axis* row = e->tensor->axes.back();
    return e->args.size() > 1 && last->op == Op::Position &&
           last->subscripts[0] == Subscript(nest_.loops.back()) && !plan::is_counted(row) &&
           names_.sizes->extent(row) <= kLongest && stays_inside(last->subscripts[0], row) &&
           loop::strides(e->tensor, *names_.sizes).back() == 1 &&
           std::none_of(e->args.begin(), e->args.end() - 1,
                        [&](Expr a) { return a->depends_on(nest_.loops.back()); });
  }
  // The row is named before the loop; one that lies outside the array is a row of zeros.
  void name_row(Expr gather) {
    std::vector<std::string> terms, tests;
    std::size_t at = 0;
    for (std::size_t p = 0; p + 1 < gather->args.size(); ++p) at = std::max(at, depth(gather->args[p]));
    place(gather, gather->args.size() - 1, terms, tests);
    const std::string first = fmt::format("{} + {}", gather->tensor->name, fmt::join(terms, " + "));
    const std::string zeros = fmt::format("freefall::runtime::zeros<{}, {}>", names_.scalar(),
                                          names_.sizes->extent(gather->tensor->axes.back()));
    const std::string name = fmt::format("row{}_", ++used_.positions);
    at_depth_[at].push_back({CppDeclare{
        fmt::format("const {}* const", names_.scalar()), name,
        tests.empty() ? first : fmt::format("{} ? {} : {}", fmt::join(tests, " && "), first, zeros)}});
    rows_[gather.get()] = name;
  }

  // What does not change in the innermost loop is rounded to a position before it.
  void name_positions(Expr gather) {
    for (std::size_t p = 0; p < gather->args.size(); ++p) {
      const Expr a = gather->args[p];
      const std::size_t d = depth(a);
      if (a->op == Op::Position || d == nest_.loops.size() || nearest_.contains(a.get())) continue;
      const std::string name = fmt::format("n{}_", ++used_.positions);
      at_depth_[d].push_back({CppDeclare{"const std::ptrdiff_t", name, nearest(gather, p)}});
      nearest_[a.get()] = name;
    }
  }
  std::string nearest(Expr gather, std::size_t p) const {
    const auto named = nearest_.find(gather->args[p].get());
    return named != nearest_.end() ? named->second
                                   : fmt::format("freefall::runtime::math::nearest({})", arg(gather, p));
  }

  std::string spell(Expr e) const {
    if (is_closed(e))
      return e->op == Op::Constant ? names_.literal(e->value) : names_.literal(closed_value(e));
    const std::string& t = names_.scalar();
    switch (e->op) {
      case Op::Extent: return fmt::format("static_cast<{}>({})", t, names_.extent(e->axis));
      case Op::Access:
        return e->tensor == sums_ ? "sum_[column_]" : guarded(e, names_.element(e->tensor, e->subscripts));
      case Op::Delta:
      case Op::Range: return fmt::format("({} ? {}(1) : {}(0))", holds(e), t, t);
      case Op::Position: {
        const char* const type = is_small(e->subscripts[0]) ? "int" : "std::ptrdiff_t";
        return fmt::format("static_cast<{}>({})", t, position(e->subscripts[0], type));
      }
      case Op::Sum: return sum(e);
      case Op::Product: return product(e);
      case Op::Map: {
        std::vector<std::string> args;
        for (std::size_t i = 0; i < e->args.size(); ++i) args.push_back(arg(e, i));
        return fmt::format("freefall::runtime::math::{}({})", row(e->function).name, fmt::join(args, ", "));
      }
      case Op::Select:
        return fmt::format("({} > {}(0) ? {} : {})", at_least(arg(e, 0), 2), t, arg(e, 1), arg(e, 2));
      case Op::Gather: return gather(e);
      default: throw std::logic_error(fmt::format("emit: a {} node is not pointwise", name(e->op)));
    }
  }

  // The condition of an indicator.
  std::string holds(Expr e) const {
    if (e->op == Op::Delta) {
      const bool small = is_small(e->subscripts[0]) && is_small(e->subscripts[1]);
      const char* const type = small ? "int" : "std::ptrdiff_t";
      return fmt::format("{} == {}", position(e->subscripts[0], type), position(e->subscripts[1], type));
    }
    const std::string at = position(e->subscripts[0]);
    return fmt::format("{0} >= 0 && {0} < static_cast<std::ptrdiff_t>({1})", at, names_.extent(e->axis));
  }

  // In 32 bits where that is enough, a lane holds as many of them as of single numbers.
  bool is_small(const Subscript& s) const {
    constexpr std::size_t kSmall = std::size_t{1} << 24U;
    return std::abs(s.offset) < static_cast<std::int64_t>(kSmall) &&
           std::all_of(
               s.terms.begin(), s.terms.end(),
               [&](const auto& term) {
                 return std::abs(term.factor) < 16 && names_.sizes->extent(term.index.axis) < kSmall;
               });
  }

  std::string position(const Subscript& s, const char* type = "std::ptrdiff_t") const {
    std::string out;
    for (const auto& term : s.terms) {
      out += out.empty() ? (term.factor < 0 ? "-" : "") : (term.factor < 0 ? " - " : " + ");
      if (std::abs(term.factor) != 1) out += fmt::format("{} * ", std::abs(term.factor));
      out += fmt::format("static_cast<{}>({})", type, names_.loop_variable(term.index));
    }
    if (out.empty()) return fmt::format("{}({})", type, s.offset);
    return s.offset == 0 ? out : fmt::format("{} {} {}", out, s.offset < 0 ? '-' : '+', std::abs(s.offset));
  }

  // Elements outside the array read as zero; only affine subscripts can leave it.
  std::string guarded(Expr e, const std::string& access) const {
    std::vector<std::string> tests;
    for (std::size_t p = 0; p < e->subscripts.size(); ++p) {
      const Subscript& s = e->subscripts[p];
      if (stays_inside(s, e->tensor->axes[p])) continue;
      const std::string at = at_least(position(s), 2);
      tests.push_back(inside(at, e->tensor->axes[p]));
    }
    return tests.empty() ? access : where(tests, access);
  }

  bool stays_inside(const Subscript& s, const Axis* axis) const {
    if (s.terms.empty() && !plan::is_counted(axis))
      return s.offset >= 0 && static_cast<std::size_t>(s.offset) < names_.sizes->extent(axis);
    return s.is_plain() &&
           (s.plain().axis == axis || s.plain().axis->values_of == axis || axis->values_of == s.plain().axis);
  }

  std::string inside(const std::string& position, const Axis* axis) const {
    const std::string extent = plan::is_counted(axis)
                                   ? fmt::format("static_cast<std::ptrdiff_t>({})", names_.extent(axis))
                                   : names_.extent(axis);
    return fmt::format("{0} >= 0 && {0} < {1}", position, extent);
  }
  std::string where(const std::vector<std::string>& tests, const std::string& value) const {
    return fmt::format("({} ? {} : {}(0))", fmt::join(tests, " && "), value, names_.scalar());
  }

  // The offset of the first `count` places of a gather, and the tests that they lie inside.
  void place(Expr e, std::size_t count, std::vector<std::string>& terms,
             std::vector<std::string>& tests) const {
    const auto strides = loop::strides(e->tensor, *names_.sizes);
    for (std::size_t p = 0; p < count; ++p) {
      if (e->args[p]->op == Op::Position) {
        const Subscript& s = e->args[p]->subscripts[0];
        terms.push_back(fmt::format("static_cast<std::size_t>({}) * {}", position(s), strides[p]));
        if (!stays_inside(s, e->tensor->axes[p]))
          tests.push_back(inside(at_least(position(s), 2), e->tensor->axes[p]));
        continue;
      }
      const std::string at = nearest(e, p);
      terms.push_back(fmt::format("{} * {}", at, strides[p]));
      tests.push_back(inside(at, e->tensor->axes[p]));
    }
  }

  std::string gather(Expr e) const {
    if (const auto row = rows_.find(e.get()); row != rows_.end())
      return fmt::format("{}[{}]", row->second, names_.loop_variable(nest_.loops.back()));
    std::vector<std::string> terms, tests;
    place(e, e->args.size(), terms, tests);
    if (terms.empty()) return e->tensor->name + "[0]";
    const std::string access = fmt::format("{}[{}]", e->tensor->name, fmt::join(terms, " + "));
    return tests.empty() ? access : where(tests, access);
  }

  std::string sum(Expr e) const {
    std::string out;
    const auto append = [&](bool negative, const std::string& term) {
      if (out.empty()) {
        out = negative ? "-" + at_least(term, 2) : term;
      } else {
        out += (negative ? " - " : " + ") + (negative ? at_least(term, 2) : at_least(term, 1));
      }
    };
    // Positive terms first reads better and saves a negation.
    for (const bool negative : {false, true}) {
      for (std::size_t i = 0; i < e->args.size(); ++i) {
        const Number& w = e->weights[i];
        if (w.is_negative() != negative) continue;
        const Number magnitude = negative ? -w : w;
        // Without brackets: a number and what does not change in the loop are multiplied before it.
        append(negative,
               magnitude.is_one() ? arg(e, i) : names_.literal(magnitude) + " * " + at_least(arg(e, i), 2));
      }
      if (!e->value.is_zero() && e->value.is_negative() == negative)
        append(negative, names_.literal(negative ? -e->value : e->value));
    }
    return out;
  }

  // Factors of outer loops first: their product does not change in the inner ones.
  // An indicator that is zero makes the product zero, also where the other factors are not finite: they may
  // divide by an element outside its array.
  std::string product(Expr e) const {
    std::vector<std::string> above, below, indicators;
    std::vector<std::size_t> order(e->args.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return depth(e->args[a]) < depth(e->args[b]); });
    for (const std::size_t i : order) {
      if (is_indicator(e->args[i]) && !e->weights[i].is_negative()) {
        const bool named = arg(e, i) != spell(e->args[i]);
        indicators.push_back(named ? arg(e, i) + " > 0" : holds(e->args[i]));
        continue;
      }
      const std::int64_t exponent = e->weights[i].numerator();
      const std::string factor = at_least(arg(e, i), 3);
      auto& side = exponent < 0 ? below : above;
      if (std::abs(exponent) <= kLargestProduct) {
        for (std::int64_t k = 0; k < std::abs(exponent); ++k) side.push_back(factor);
      } else {
        side.push_back(fmt::format("freefall::runtime::math::pow({}, {}({}))", arg(e, i), names_.scalar(),
                                   std::abs(exponent)));
      }
    }
    std::string numerator =
        above.empty() ? names_.literal(Number(1)) : fmt::format("{}", fmt::join(above, " * "));
    if (!below.empty())
      numerator += " / " + (below.size() == 1 ? below[0] : fmt::format("({})", fmt::join(below, " * ")));
    return indicators.empty() ? numerator : where(indicators, numerator);
  }

  const loop::MergedNest& merged_;
  const loop::Nest& nest_;
  const Names& names_;
  std::vector<const Tensor*> checked_;
  std::vector<CppBlock> at_depth_;
  std::unordered_map<const Node*, int> uses_;
  std::unordered_map<const Node*, bool> leaves_loop_, read_before_;
  std::unordered_map<const Node*, std::string> text_, nearest_, rows_;
  const Tensor* sums_ = nullptr;
  bool as_function_ = false;
  std::string label_, clauses_;
  CppBlock after_;  // of the innermost loop
  Numbers used_;
  bool shares_rows_;
};

}  // namespace

namespace {

CppBlock emit_split(loop::MergedNest merged, const Names& names, const std::vector<const Tensor*>& checked,
                    Numbers& used, bool shares_rows) {
  const auto split = loop::split_diagonal(merged.nest);
  if (split) merged.nest = split->elsewhere;
  NestEmitter emitter(merged, names, checked, used, shares_rows);
  CppBlock out = split ? emitter.run(split->on_diagonal) : emitter.run();
  used = emitter.used();
  return out;
}

CppBlock emit_apart(const loop::Nest& nest, const Names& names, const std::vector<const Tensor*>& checked) {
  CppBlock out;
  Numbers used;
  loop::MergedNest whole{nest, {}};
  for (const Index& i : nest.loops) whole.counts.push_back(names.sizes->extent(i.axis));
  if (!nest.loops.empty() && loop::may_go_on(nest.stores, nest.loops.back()))
    whole.counts.back() = loop::extended(whole.counts.back(), *names.sizes);
  const loop::MergedNest merged = loop::merge_loops(std::move(whole), *names.sizes);
  for (loop::MergedNest& part : loop::take_apart(merged, *names.sizes)) {
    CppBlock loops = emit_split(std::move(part), names, checked, used, false);
    out.insert(out.end(), std::make_move_iterator(loops.begin()), std::make_move_iterator(loops.end()));
  }
  return out;
}

}  // namespace

CppBlock emit_rows(const loop::Nest& nest, const Names& names) {
  Numbers used;
  return emit_split(loop::merge_loops(nest, *names.sizes, 1), names, {}, used, true);
}

std::string stored_type(const Names& names) {
  return fmt::format("freefall::runtime::finite<{}>", names.scalar());
}

CppBlock emit_nest(const loop::Nest& nest, const Names& names, const std::vector<const Tensor*>& checked) {
  const loop::Scatter opened = loop::scatter(nest);
  const loop::MergedNest none;
  CppBlock body = emit_apart(opened.nest, names, checked);
  for (const auto& [index, value] : opened.at) {
    const std::string at = names.loop_variable(index), extent = names.extent(index.axis);
    CppBlock inside = std::move(body);
    body = {{CppDeclare{"const std::size_t", at,
                        fmt::format("freefall::runtime::math::whole_below({}, {})",
                                    NestEmitter(none, names).spell_scalar(value), extent)}},
            {CppIf{fmt::format("{} < {}", at, extent), std::move(inside)}}};
  }
  return body;
}

namespace {

CppBlock emit_product(const loop::Gemm& g, const std::string& function, std::vector<std::string> arguments,
                      const Names& names, const Numbers& used,
                      const std::vector<const Tensor*>& checked = {}) {
  const loop::Nest elements = loop::element_stores(g);
  const std::size_t keep = elements.loops.size();
  const loop::MergedNest merged = loop::merge_loops(elements, *names.sizes, keep);
  NestEmitter emitter(merged, names, {}, used);
  std::vector<CppBlock> blocks = emitter.run_on_sums(g.c->tensor);
  CppBlock out = std::move(blocks.front()), column = std::move(blocks.back()), row;
  std::string parameters;
  if (elements.loops.size() == 2) {
    row = std::move(blocks[1]);
    parameters = fmt::format("const std::size_t {}, ", names.loop_variable(elements.loops[0]));
  }
  column.insert(column.begin(), {CppDeclare{"const std::size_t", names.loop_variable(elements.loops.back()),
                                            "first_ + column_"}});
  row.push_back(emitter.over_sums(std::move(column)));
  // What was stored just now is loaded again in the vectors in which it was stored.
  for (const loop::Store& s : elements.stores) {
    if (std::find(checked.begin(), checked.end(), s.target) == checked.end()) continue;
    std::vector<Subscript> start = s.subscripts;
    start.back() = Subscript(0);
    row.push_back({CppCall{fmt::format("{}.look_at<count_.value>", kStored),
                           {"&" + names.element(s.target, start) + " + first_"}}});
  }
  parameters += fmt::format("const std::size_t first_, const {}* sum_, auto count_", names.scalar());
  // Called row by row, a reduction would set up its constants each time.
  out.push_back({CppCallWith{function, std::move(arguments), std::move(parameters), std::move(row),
                             emitter.reduced() != nullptr}});
  return out;
}

}  // namespace

CppBlock emit_product(const loop::Gemm& g, const std::string& function, std::vector<std::string> arguments,
                      const Names& names, const std::vector<const Tensor*>& checked) {
  return emit_product(g, function, std::move(arguments), names, Numbers{}, checked);
}

CppBlock emit_updated_product(const loop::Nest& update, const loop::Gemm& g, const std::string& function,
                              std::vector<std::string> arguments, const Names& names, bool checked,
                              const std::string& backwards) {
  Numbers used;
  CppBlock out;
  const auto function_of = [&](const loop::Nest& nest, const char* name) {
    const loop::MergedNest as_it_is = loop::merge_loops(nest, *names.sizes, nest.loops.size());
    NestEmitter emitter(as_it_is, names, {}, used);
    CppBlock text = emitter.run_as_function(name);
    used = emitter.used();
    out.insert(out.end(), std::make_move_iterator(text.begin()), std::make_move_iterator(text.end()));
  };
  const auto split = loop::split_diagonal(update);
  function_of(split ? split->elsewhere : update, "update_");
  if (split) function_of({{update.loops[0]}, {split->on_diagonal}}, "diagonal_");
  if (!checked) out.push_back({CppDeclare{"freefall::runtime::unchecked", "unchecked_", "{}"}});
  arguments.insert(arguments.end(), {checked ? kStored : "unchecked_", backwards, "update_",
                                     split ? "diagonal_" : "freefall::runtime::like_all()"});
  CppBlock product = emit_product(g, function, std::move(arguments), names, used);
  out.insert(out.end(), std::make_move_iterator(product.begin()), std::make_move_iterator(product.end()));
  return out;
}

}  // namespace freefall::emit
