#include "tests/fuzz/model_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "codegen/elaborate/density.hpp"
#include "codegen/elaborate/future.hpp"
#include "codegen/ir/parse.hpp"
#include "codegen/ir/print.hpp"

namespace freefall::fuzz {
namespace {

using namespace ir;

template <class... Args>
[[noreturn]] void malformed(fmt::format_string<Args...> text, Args&&... args) {
  throw Malformed(fmt::format(text, std::forward<Args>(args)...));
}

std::size_t whole_number(const std::string& text) {
  std::size_t out = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size())
    malformed("expected a whole number, found '{}'", text);
  return out;
}

void print_into(std::string& out, const std::vector<Line>& lines, std::size_t indent) {
  for (const Line& l : lines) {
    out += fmt::format("{:{}}{}", "", indent, fmt::join(l.words, " "));
    if (!l.expression.empty()) out += " = " + l.expression;
    out += "\n";
    print_into(out, l.children, indent + 2);
  }
}

// What the values of an array are, by the words after ':'.
struct Values {
  bool positive = false, definite = false, probabilities = false, outcomes = false;
};

class Builder {
 public:
  Subject run(const std::vector<Line>& lines) {
    out_.sizes.name = "fuzz_model";
    for (const Line& l : lines) dispatch(kDeclarations, l, *this);
    for (const Family& family : program_.families) {
      for (const auto& member : family.members) {
        if (member.density == "gaussian") definite_.push_back(precision_of(context_, member.variable));
        const auto* row = elaborate::find_family(member.density);
        if (row != nullptr && row->parameters != nullptr)
          values_[row->parameters(context_, member)->name].positive = true;
      }
    }
    fill();
    return std::move(out_);
  }

  Expr expression(const std::string& text) {
    try {
      return transform(parse(context_, text), [&](Expr e) {
        if (e->op != Op::Access) return e;
        const auto at = symbols_.find(e->tensor->name);
        if (at == symbols_.end()) return e;
        Substitution to_place;
        const auto own = canonical_indices(e->tensor);
        for (std::size_t p = 0; p < own.size(); ++p) to_place.emplace_back(own[p], e->subscripts[p]);
        return substitute(at->second, to_place);
      });
    } catch (const std::invalid_argument& error) {
      malformed("{}: {}", text, error.what());
    } catch (const std::domain_error& error) {  // a number that is not one: 1 / 0
      malformed("{}: {}", text, error.what());
    }
  }

 private:
  template <class Target>
  struct Word {
    std::string_view word;
    void (*read)(Target&, const Line&);
  };
  template <class Target>
  static void dispatch(const std::vector<Word<Target>>& table, const Line& l, Target& target) {
    const auto at =
        std::find_if(table.begin(), table.end(), [&](const auto& w) { return w.word == l.word(0); });
    if (at == table.end()) malformed("unknown word '{}'", l.word(0));
    at->read(target, l);
  }

  // ---- declarations ----

  void axis(const Line& l, bool plate) {
    if (context_.find_axis(l.word(1)) != nullptr) malformed("'{}' is declared twice", l.word(1));
    context_.axis(l.word(1), plate);
    const std::size_t extent = out_.sizes.extents[l.word(1)] = whole_number(l.word(2));
    if (extent == 0) malformed("'{}' has no values", l.word(1));
    if (!plate) return;
    const std::size_t used = out_.copies[l.word(1)] = whole_number(l.word(3));
    if (used == 0 || used > extent) malformed("{} copies of '{}'", used, l.word(1));
  }

  const Axis* axis(const std::string& name) const {
    const Axis* found = context_.find_axis(name);
    if (found == nullptr) malformed("no axis '{}'", name);
    return found;
  }
  const Tensor* array(const std::string& name) const {
    const Tensor* found = context_.find_tensor(name);
    if (found == nullptr) malformed("no array '{}'", name);
    return found;
  }
  std::vector<const Tensor*> arrays(const Line& l, std::size_t from) const {
    std::vector<const Tensor*> out;
    for (std::size_t i = from; i < l.words.size(); ++i) out.push_back(array(l.words[i]));
    return out;
  }

  const Tensor* declare(const Line& l, Role role, bool one_of) {
    std::vector<const Axis*> axes;
    std::size_t i = 2;
    for (; i < l.words.size() && l.words[i] != ":"; ++i) axes.push_back(axis(l.words[i]));
    Values values;
    bool zero_diagonal = false;
    for (++i; i < l.words.size(); ++i) {
      const std::string& w = l.words[i];
      bool* flag = w == "positive"        ? &values.positive
                   : w == "definite"      ? &values.definite
                   : w == "probabilities" ? &values.probabilities
                   : w == "outcomes"      ? &values.outcomes
                   : w == "zero_diagonal" ? &zero_diagonal
                                          : nullptr;
      if (flag == nullptr) malformed("unknown kind of values '{}'", w);
      *flag = true;
    }
    if (zero_diagonal && (axes.size() != 2 || axes[0] != axes[1]))
      malformed("no diagonal in '{}'", l.word(1));
    if (one_of && std::count_if(axes.begin(), axes.end(), [](const Axis* a) { return !a->plate; }) != 1)
      malformed("'{}' needs one axis that is no plate", l.word(1));
    if (context_.find_tensor(l.word(1)) != nullptr) malformed("'{}' is declared twice", l.word(1));
    const Tensor* t = context_.tensor(l.word(1), axes, role, zero_diagonal, one_of);
    values.probabilities = values.probabilities || (one_of && !values.outcomes);
    values_[t->name] = values;
    return t;
  }

  // The number of an outcome of the last axis, for each copy of the plates before it.
  void index_of(const Line& l) {
    if (l.words.size() < 3) malformed("'{}' needs an axis", l.word(1));
    std::vector<const Axis*> plates;
    for (std::size_t i = 2; i < l.words.size(); ++i) plates.push_back(axis(l.words[i]));
    const Axis* of = plates.back();
    plates.pop_back();
    const bool fits =
        !of->plate && std::all_of(plates.begin(), plates.end(), [](const Axis* a) { return a->plate; });
    if (!fits) malformed("'{}' needs plates and one axis that is none", l.word(1));
    if (context_.find_tensor(l.word(1)) != nullptr) malformed("'{}' is declared twice", l.word(1));
    const Tensor* t = context_.tensor(l.word(1), plates, Role::variable, false, false, of);
    values_[t->name] = {};
  }

  void model(const Line& l, bool joint) {
    Model m{l.word(1), {}, joint};
    for (const Line& f : l.children) m.factors.push_back(factor(f));
    models_.push_back(m.name);
    program_.models.push_back(std::move(m));
  }

  Factor factor(const Line& l) {
    Factor f{array(l.word(0)), l.word(1), {}, {}};
    for (const Line& argument : l.children) {
      if (argument.word(0) == "marginalised") {
        f.marginalised = arrays(argument, 1);
      } else if (argument.word(0) == "linearised") {
        f.linearised = true;
      } else if (argument.word(0) == "drawn") {
        f.drawn = expression(argument.expression);
      } else {  // mean = e, or: mean generalised ORDER = e
        const Expr e = expression(argument.expression);
        const bool plain = argument.words.size() == 1;
        if (!plain && argument.word(1) != "generalised") malformed("unknown word '{}'", argument.word(1));
        f.arguments.emplace_back(argument.word(0), plain ? e : generalised(e, axis(argument.word(2))));
      }
    }
    for (const Tensor* parent : f.marginalised) definite_.push_back(precision_of(context_, parent));
    return f;
  }

  void family(const Line& l) {
    Family out;
    for (const Line& m : l.children) {
      Family::Member member{array(m.word(0)), m.word(1), {}};
      if (!m.expression.empty()) member.table = expression(m.expression);
      out.members.push_back(std::move(member));
    }
    families_.push_back(l.word(1));
    program_.families.push_back(out);
  }

  static std::size_t position(const std::vector<std::string>& names, const std::string& name) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) malformed("no model or family '{}'", name);
    return static_cast<std::size_t>(at - names.begin());
  }
  std::size_t model_named(const std::string& name) const { return position(models_, name); }
  std::size_t family_named(const std::string& name) const { return position(families_, name); }

  // The name stands for `value` in every expression below.
  void define(const std::string& name, Expr value) {
    if (context_.find_tensor(name) != nullptr) malformed("'{}' is declared twice", name);
    std::vector<const Axis*> axes;
    if (value->op == Op::Access) axes = value->tensor->axes;
    context_.tensor(name, axes, Role::output);
    symbols_[name] = value;
  }

  void functional(const Line& l) {
    const std::string& kind = l.word(2);
    if (kind == "free_energy") {
      define(l.word(1), program_.free_energy(model_named(l.word(3)), family_named(l.word(4))));
    } else if (kind == "local_free_energy") {
      define(l.word(1), program_.local_free_energy(model_named(l.word(3)), family_named(l.word(4))));
    } else if (kind == "surprise") {
      Line f = l;
      f.words.erase(f.words.begin(), f.words.begin() + 3);
      define(l.word(1), program_.surprise(factor(f)));
    } else if (kind == "evidence_lower_bound") {
      define(l.word(1), program_.evidence_lower_bound(model_named(l.word(3)), family_named(l.word(4))));
    } else if (elaborate::find_future_functional(kind) != nullptr) {
      // x = probabilities that are desired; posterior x = probabilities after an outcome
      std::vector<std::pair<const Tensor*, Expr>> wanted, after;
      for (const Line& p : l.children) {
        const bool posterior = p.word(0) == "posterior";
        (posterior ? after : wanted).emplace_back(array(p.word(posterior)), expression(p.expression));
      }
      define(l.word(1),
             program_.future(kind, model_named(l.word(3)), family_named(l.word(4)), wanted, after));
    } else {
      malformed("unknown functional '{}'", kind);
    }
  }

  Expr child(const Line& l, std::string_view name) {
    for (const Line& c : l.children) {
      if (c.word(0) == name) return expression(c.expression);
    }
    return {};
  }

  // reference KERNEL x = e, or refuted
  void reference(const Line& l, bool holds) {
    program_.references.push_back(
        {program_.rule(l.word(1), array(l.word(2))), expression(l.expression), holds, {}, {}});
  }

  // Events are known by the array that counts them, their spikes as <counts>_spike.
  void events(const Line& l) {
    Events out;
    out.energy = setting(l, "energy");
    out.counts = array(l.word(1));
    for (const Line& c : l.children) {
      if (c.word(0) == "voltage") out.voltage = array(c.word(1));
      if (c.word(0) == "couplings") out.couplings = element(*program_.context, array(c.word(1)));
    }
    out.spike = context_.tensor(out.counts->name + "_spike", out.counts->axes, Role::output);
    program_.events.push_back(out);
  }
  std::size_t events_of(const Tensor* counts) const {
    const auto at = std::find_if(program_.events.begin(), program_.events.end(),
                                 [&](const Events& e) { return e.counts == counts; });
    if (at == program_.events.end()) malformed("'{}' counts no events", counts->name);
    return static_cast<std::size_t>(at - program_.events.begin());
  }

  // ---- statements ----

  using BlockOf = std::pair<Builder&, Block&>;

  Block block(const std::vector<Line>& lines) {
    Block out;
    BlockOf target{*this, out};
    for (const Line& l : lines) dispatch(kStatements, l, target);
    return out;
  }

  Expr setting(const Line& l, std::string_view name) {
    const Expr found = child(l, name);
    if (!found) malformed("'{}' needs '{}'", l.word(0), name);
    return found;
  }

  Statement descend(const Line& l) {
    Descend d{setting(l, "of"), arrays(l, 2), {l.word(1), {}}};
    for (const Line& s : l.children) {
      if (s.word(0) == "presynaptic") {
        d.presynaptic = array(s.word(1));
      } else if (s.word(0) != "of") {
        d.descent.settings.emplace_back(s.word(0), expression(s.expression));
      }
    }
    return {d, {}};
  }

  Statement evaluate(const Line& l) {
    std::vector<const Axis*> axes;
    for (std::size_t i = 2; i < l.words.size(); ++i) axes.push_back(axis(l.words[i]));
    const Expr value = expression(l.expression);
    const Tensor* known = context_.find_tensor(l.word(1));
    if (known != nullptr &&
        (known->role != Role::output || known->axes != axes || symbols_.contains(known->name)))
      malformed("'{}' is declared twice", l.word(1));
    return {Evaluate{context_.tensor(l.word(1), axes, Role::output), value}, {}};
  }

  // ---- values ----

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  // A multiple of 2^-20, so that a float holds it.
  long double uniform(long double low, long double high) {
    const long double x = low + (high - low) * static_cast<long double>(below(1U << 20U)) / 1048576.0L;
    return static_cast<long double>(static_cast<float>(x));
  }

  void fill() {
    for (const Tensor& t : context_.tensors()) {
      const auto known = values_.find(t.name);
      const bool definite = std::find(definite_.begin(), definite_.end(), &t) != definite_.end();
      if (known == values_.end() && !definite) continue;
      const Values kind = definite ? Values{false, true, false, false} : known->second;
      std::vector<long double>& v = out_.values[t.name];
      v.resize(out_.sizes.size(&t));
      for (long double& e : v) {
        e = t.index_of != nullptr ? static_cast<long double>(below(out_.sizes.extent(t.index_of)))
            : kind.positive       ? uniform(0.5L, 1.5L)
                                  : uniform(-0.8L, 0.8L);
      }
      if (t.zero_diagonal) {
        const std::size_t n = out_.sizes.extent(t.axes[0]);
        for (std::size_t i = 0; i < n; ++i) v[i * n + i] = 0;
      }
      if (kind.definite) fill_definite(t, v);
      if (kind.probabilities || kind.outcomes) fill_probabilities(t, v, kind.outcomes);
      if (t.role == Role::variable) forget_unused(t, v);
    }
  }

  // Positions of the elements of t that differ along one axis alone.
  template <class F>
  void each_run(const Tensor& t, std::size_t axis, F&& f) {
    std::size_t inner = 1, outer = 1;
    for (std::size_t p = 0; p < axis; ++p) outer *= out_.sizes.extent(t.axes[p]);
    for (std::size_t p = axis + 1; p < t.axes.size(); ++p) inner *= out_.sizes.extent(t.axes[p]);
    const std::size_t n = out_.sizes.extent(t.axes[axis]);
    for (std::size_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < inner; ++i) {
        std::vector<std::size_t> at;
        for (std::size_t k = 0; k < n; ++k) at.push_back((o * n + k) * inner + i);
        f(at);
      }
    }
  }

  // Probabilities along the first axis that is no plate.
  void fill_probabilities(const Tensor& t, std::vector<long double>& v, bool outcomes) {
    const auto at = std::find_if(t.axes.begin(), t.axes.end(), [](const Axis* a) { return !a->plate; });
    if (at == t.axes.end()) return;
    each_run(t, static_cast<std::size_t>(at - t.axes.begin()), [&](const std::vector<std::size_t>& run) {
      long double sum = 0, rest = 1;
      for (const std::size_t k : run) sum += v[k] = uniform(0.1L, 1.0L);
      const std::size_t chosen = run[below(run.size())];
      for (const std::size_t k : run)  // multiples of 2^-10, so that they add up to 1 exactly
        rest -= v[k] = outcomes ? 0 : std::floor(v[k] / sum * 1024) / 1024;
      v[chosen] += rest;
    });
  }

  // 2 delta(i, j) + a(i) a(j) over the axis that occurs twice; positive where none does.
  void fill_definite(const Tensor& t, std::vector<long double>& v) {
    std::size_t first = t.axes.size(), second = first;
    for (std::size_t p = 0; p < t.axes.size(); ++p) {
      for (std::size_t r = 0; r < p; ++r) {
        if (t.axes[p] == t.axes[r]) first = r, second = p;
      }
    }
    std::map<std::size_t, long double> a;
    const std::size_t n = first == t.axes.size() ? 0 : out_.sizes.extent(t.axes[first]);
    for (std::size_t k = 0; k < v.size(); ++k) {
      if (n == 0) {
        v[k] = uniform(0.5L, 1.5L);
        continue;
      }
      std::size_t rest = k, i = 0, j = 0, others = 0;
      for (std::size_t p = t.axes.size(); p-- > 0;) {
        const std::size_t extent = out_.sizes.extent(t.axes[p]), at = rest % extent;
        rest /= extent;
        if (p == first) {
          i = at;
        } else if (p == second) {
          j = at;
        } else {
          others = others * extent + at;
        }
      }
      const auto of = [&](std::size_t place) {
        const auto [entry, fresh] = a.try_emplace(others * n + place, 0);
        if (fresh) entry->second = static_cast<long double>(below(1U << 11U)) / 2048.0L - 0.5L;
        return entry->second;
      };
      v[k] = of(i) * of(j) + (i == j ? 2 : 0);
    }
  }

  void forget_unused(const Tensor& t, std::vector<long double>& v) {
    for (std::size_t k = 0; k < v.size(); ++k) {
      std::size_t rest = k;
      for (std::size_t p = t.axes.size(); p-- > 0;) {
        const std::size_t extent = out_.sizes.extent(t.axes[p]), at = rest % extent;
        rest /= extent;
        const auto used = out_.copies.find(t.axes[p]->name);
        if (used != out_.copies.end() && at >= used->second)
          v[k] = std::numeric_limits<long double>::quiet_NaN();
      }
    }
  }

  static const std::vector<Word<Builder>> kDeclarations;
  static const std::vector<Word<BlockOf>> kStatements;

  Subject out_;
  Program& program_ = out_.program;
  Context& context_ = *program_.context;
  std::mt19937_64 random_{1};
  std::map<std::string, Values> values_;
  std::vector<const Tensor*> definite_;
  std::vector<std::string> models_, families_;
  std::map<std::string, Expr> symbols_;
};

const std::vector<Builder::Word<Builder>> Builder::kDeclarations = {
    {"seed", [](Builder& b, const Line& l) { b.random_.seed(whole_number(l.word(1))); }},
    {"scalar",
     [](Builder& b, const Line& l) {
       b.out_.sizes.scalar = l.word(1) == "float" ? plan::Scalar::float32 : plan::Scalar::float64;
     }},
    {"axis", [](Builder& b, const Line& l) { b.axis(l, false); }},
    {"plate", [](Builder& b, const Line& l) { b.axis(l, true); }},
    {"variable", [](Builder& b, const Line& l) { b.declare(l, Role::variable, false); }},
    {"one_of", [](Builder& b, const Line& l) { b.declare(l, Role::variable, true); }},
    {"index_of", [](Builder& b, const Line& l) { b.index_of(l); }},
    {"parameter", [](Builder& b, const Line& l) { b.declare(l, Role::parameter, false); }},
    {"input", [](Builder& b, const Line& l) { b.declare(l, Role::input, false); }},
    {"constant", [](Builder& b, const Line& l) { b.declare(l, Role::constant, false); }},
    // x_previous: the value before the last change; or at the previous tick of `advance`
    {"previous",
     [](Builder& b, const Line& l) {
       const Tensor* t = b.array(l.word(1));
       b.values_[b.program_.previous(t)->tensor->name] = b.values_[t->name];
     }},
    {"previous_tick",
     [](Builder& b, const Line& l) {
       const Tensor* t = b.array(l.word(1));
       b.values_[previous(b.context_, t)->name] = b.values_[t->name];
     }},
    // x_precision, of a normal density about x
    {"precision",
     [](Builder& b, const Line& l) { b.definite_.push_back(precision_of(b.context_, b.array(l.word(1)))); }},
    {"trace",
     [](Builder& b, const Line& l) {
       b.program_.traces.push_back({b.array(l.word(1)), b.setting(l, "decay"), b.child(l, "drive"), {}});
     }},
    {"events", [](Builder& b, const Line& l) { b.events(l); }},
    {"model", [](Builder& b, const Line& l) { b.model(l, true); }},
    {"conditionals", [](Builder& b, const Line& l) { b.model(l, false); }},
    {"family", [](Builder& b, const Line& l) { b.family(l); }},
    {"functional", [](Builder& b, const Line& l) { b.functional(l); }},
    {"gradient",
     [](Builder& b, const Line& l) {
       b.define(l.word(1), b.program_.gradient(b.expression(l.expression), b.array(l.word(2))));
     }},
    {"kernel",
     [](Builder& b, const Line& l) { b.program_.kernels.push_back({l.word(1), b.block(l.children), {}}); }},
    {"omit", [](Builder& b, const Line& l) { b.out_.sizes.omitted.push_back(l.word(1)); }},
    {"trust", [](Builder& b, const Line& l) { b.out_.sizes.trusted.push_back(l.word(1)); }},
    {"reference", [](Builder& b, const Line& l) { b.reference(l, true); }},
    {"refuted", [](Builder& b, const Line& l) { b.reference(l, false); }},
};

const std::vector<Builder::Word<Builder::BlockOf>> Builder::kStatements = {
    {"forward",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Forward{to.first.model_named(l.word(1)), to.first.family_named(l.word(2))}, {}});
     }},
    {"predict",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Predict{to.first.model_named(l.word(1)), to.first.arrays(l, 2)}, {}});
     }},
    {"descend", [](BlockOf& to, const Line& l) { to.second.push_back(to.first.descend(l)); }},
    // solve x = F: the natural parameters of q; of a one_of, its probabilities
    {"solve",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Solve{to.first.expression(l.expression),
                                  l.words.size() > 1 ? to.first.array(l.words[1]) : nullptr},
                            {}});
     }},
    {"solve_for",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({SolveFor{to.first.expression(l.expression), to.first.arrays(l, 1)}, {}});
     }},
    {"draw",
     [](BlockOf& to, const Line& l) { to.second.push_back({Draw{to.first.family_named(l.word(1))}, {}}); }},
    {"expect",
     [](BlockOf& to, const Line& l) { to.second.push_back({Expect{to.first.family_named(l.word(1))}, {}}); }},
    {"repeat",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Repeat{whole_number(l.word(1)), to.first.block(l.children)}, {}});
     }},
    // until PASSES TOLERANCE, the tolerance in thousandths
    {"until",
     [](BlockOf& to, const Line& l) {
       const double tolerance = static_cast<double>(whole_number(l.word(2))) / 1000;
       to.second.push_back({Until{tolerance, whole_number(l.word(1)), to.first.block(l.children)}, {}});
     }},
    {"hold",
     [](BlockOf& to, const Line& l) { to.second.push_back({Hold{to.first.model_named(l.word(1))}, {}}); }},
    {"in_order",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({InOrder{to.first.block(l.children), false}, {}});
     }},
    {"children_first",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({InOrder{to.first.block(l.children), true}, {}});
     }},
    {"simultaneously",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Simultaneously{to.first.block(l.children)}, {}});
     }},
    // scan AXIS ORDER: forwards, backwards, random, shuffled
    {"scan",
     [](BlockOf& to, const Line& l) {
       static const std::map<std::string, Order> orders = {{"forwards", Order::forwards},
                                                           {"backwards", Order::backwards},
                                                           {"random", Order::random},
                                                           {"shuffled", Order::shuffled}};
       const auto order = orders.find(l.word(2));
       if (order == orders.end()) malformed("no order '{}'", l.word(2));
       to.second.push_back({Scan{to.first.axis(l.word(1)), order->second, to.first.block(l.children)}, {}});
     }},
    {"choose",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Choose{to.first.array(l.word(1)), to.first.expression(l.expression), false}, {}});
     }},
    {"choose_drawn",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Choose{to.first.array(l.word(1)), to.first.expression(l.expression), true}, {}});
     }},
    {"evaluate", [](BlockOf& to, const Line& l) { to.second.push_back(to.first.evaluate(l)); }},
    // fire COUNTS AT_MOST, with descents below it
    {"fire",
     [](BlockOf& to, const Line& l) {
       to.second.push_back({Fire{to.first.events_of(to.first.array(l.word(1))), whole_number(l.word(2)),
                                 to.first.block(l.children)},
                            {}});
     }},
    {"advance",
     [](BlockOf& to, const Line& l) { to.second.push_back({Advance{to.first.arrays(l, 1)}, {}}); }},
};

}  // namespace

const std::string& Line::word(std::size_t position) const {
  if (position >= words.size()) malformed("'{}': a word is missing", fmt::join(words, " "));
  return words[position];
}

std::vector<Line> parse_lines(std::string_view text) {
  std::vector<Line> out;
  std::vector<std::vector<Line>*> levels = {&out};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t indent = row.find_first_not_of(' ');
    if (indent == std::string_view::npos || row[indent] == '#') continue;
    if (indent % 2 != 0 || indent / 2 >= levels.size()) malformed("wrong indentation: {}", row);
    Line line;
    if (const std::size_t equals = row.find(" = "); equals != std::string_view::npos) {
      line.expression = row.substr(equals + 3);
      row = row.substr(0, equals);
    }
    for (std::size_t at = indent; at < row.size();) {
      const std::size_t space = std::min(row.find(' ', at), row.size());
      if (space > at) line.words.emplace_back(row.substr(at, space - at));
      at = space + 1;
    }
    levels.resize(indent / 2 + 1);
    levels.back()->push_back(std::move(line));
    levels.push_back(&levels.back()->back().children);
  }
  return out;
}

std::string print_lines(const std::vector<Line>& lines) {
  std::string out;
  print_into(out, lines, 0);
  return out;
}

std::size_t weight(const std::vector<Line>& lines) {
  const std::string text = print_lines(lines);
  return text.size() - static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
}

Subject build(const std::vector<Line>& lines) { return Builder().run(lines); }

Expr parse_expression(const Subject& subject, const std::string& text) {
  return parse(*subject.program.context, text);
}

}  // namespace freefall::fuzz
