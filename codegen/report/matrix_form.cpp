#include "codegen/report/matrix_form.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

namespace freefall::report {
namespace {

using namespace ir;

enum Level { kSum, kElements, kProduct, kAtom };  // how tightly a text binds

struct Text {
  std::string text;
  Level level = kAtom;
  bool is_negated = false;  // a product with a minus before it
};

std::string at_least(const Text& t, Level level) { return t.level < level ? "(" + t.text + ")" : t.text; }
// Takes the minus off, if there is one.
bool take_sign(Text& t) {
  if (!t.is_negated) return false;
  t = {t.text.substr(1), kElements};
  return true;
}
Text transposed(const Text& t) { return {at_least(t, kAtom) + "^T", kAtom}; }

// Which index runs over the rows and which over the columns; absent: a vector, a scalar.
struct Frame {
  std::optional<Index> row, column;
};

// What a product is divided by.
struct Divisor {
  Text text;
  bool is_scalar = false;
};

// A factor of a product: its expression and its power.
struct Factor {
  Expr e;
  std::int64_t exponent = 1;
};
using Factors = std::vector<Factor>;

// Has no form as a product of matrices.
struct NoForm {};

// Recursive, since a text is as long as its expression is deep.
class Printer {
 public:
  Printer(Expr root, const MatrixNames& names) : root_(root), names_(names) {
    for (const Expr e : topological({root})) {
      for (const Subscript& s : e->subscripts) {
        for (const auto& term : s.terms) {
          if (!s.is_plain() || term.index.axis->plate) unseen_.insert(term.index.axis);
        }
      }
      for (const Index& i : e->free) {
        if (i.axis->plate) unseen_.insert(i.axis);
      }
      for (const Index& i : e->bound) {
        if (i.axis->plate) unseen_.insert(i.axis);
      }
      if (e->op == Op::Map && e->args.size() == 1) {
        const Expr derivative = row(e->function).derivative(0, e->args, e);
        if (is_telling(derivative, e)) derivatives_.emplace_back(derivative, e);
      }
    }
    std::stable_sort(
        derivatives_.begin(), derivatives_.end(),  // those that say most
        [](const auto& a, const auto& b) { return a.first->args.size() > b.first->args.size(); });
  }

  Text run(Expr e, const Frame& frame) {
    try {
      return text_of(e, frame);
    } catch (const NoForm&) {
      PrintOptions options;
      options.names = names_.parts;
      options.name_root = names_.name_root || e != root_;
      return {"{" + print(e, options) + "}", kAtom};
    }
  }

  bool is_seen(const Index& i) const { return !unseen_.contains(i.axis); }

 private:
  // Whether a derivative says more as f'(a) than as it is: 1 - tanh(a)^2 does, 1 / a and cos(a) do not.
  static bool is_telling(Expr derivative, Expr call) {
    if (derivative->op == Op::Map)
      return derivative->function == Function::step || derivative->function == Function::langevin_derivative;
    const auto below = topological({derivative});
    return derivative->op == Op::Sum && std::find(below.begin(), below.end(), call) != below.end();
  }

  bool depends(Expr e, const std::optional<Index>& i) const { return i && e->depends_on(*i); }

  std::string subscripts(const std::vector<Subscript>& all) const {
    std::vector<std::string> out;
    for (const Subscript& s : all) {
      if (!s.is_plain()) out.push_back(str(s));
    }
    return out.empty() ? "" : fmt::format("[{}]", fmt::join(out, ", "));
  }

  // An array read at subscripts.
  Text array(const std::string& name, const std::vector<Subscript>& all, const Frame& frame) const {
    std::vector<Index> seen;
    for (const Subscript& s : all) {
      for (const auto& term : s.terms) {
        if (!is_seen(term.index)) continue;
        if (!s.is_plain()) throw NoForm();
        seen.push_back(term.index);
      }
    }
    Text text{name + subscripts(all), kAtom};
    if (seen.empty() || (seen.size() == 1 && (seen[0] == frame.row || seen[0] == frame.column))) return text;
    if (seen.size() != 2) throw NoForm();
    if (seen[0] == seen[1]) return {"diag(" + text.text + ")", kAtom};
    if (seen[0] == frame.row && seen[1] == frame.column) return text;
    if (seen[1] == frame.row && seen[0] == frame.column) return transposed(text);
    throw NoForm();
  }

  Text text_of(Expr e, const Frame& frame) {
    if (names_.name_root || e != root_) {
      for (const NamedPart& part : names_.parts) {
        if (const auto order = find_part(part, e)) return array(part.name, *order, frame);
      }
    }
    if (const auto derivative = as_derivative(e); derivative && derivative->second.is_one())
      return derivative_text(derivative->first, frame);
    switch (e->op) {
      case Op::Constant: return {e->value.str(), e->value.is_negative() ? kSum : kAtom};
      case Op::Extent: return {"n_" + e->axis->name, kAtom};
      case Op::Access: {
        const auto spelled = names_.spelling.find(e->tensor);
        return array(spelled == names_.spelling.end() ? e->tensor->name : spelled->second, e->subscripts,
                     frame);
      }
      case Op::Delta:
        if (!e->subscripts[0].is_plain() || !e->subscripts[1].is_plain()) throw NoForm();
        return {"I", kAtom};
      case Op::Sum: return sum(e, frame);
      case Op::Product:
      case Op::Contract: return product(e, frame);
      case Op::Map: return function(e, frame);
      case Op::Reduce: return reduction(e, frame);
      case Op::Inverse: {
        const Frame inner{e->bound[0], e->bound[1]};
        return {"inv(" + text_of(e->args[0], inner).text + ")", kAtom};
      }
      case Op::LogDet:
        return {"log_det(" + text_of(e->args[0], {e->bound[0], e->bound[1]}).text + ")", kAtom};
      case Op::Freeze: return text_of(e->args[0], frame);
      default: throw NoForm();
    }
  }

  Text function(Expr e, const Frame& frame) {
    std::vector<std::string> args;
    for (const Expr a : e->args) args.push_back(text_of(a, frame).text);
    std::string name(row(e->function).name);
    constexpr std::string_view kDerivative = "_derivative";
    if (name.ends_with(kDerivative)) name.replace(name.size() - kDerivative.size(), kDerivative.size(), "'");
    return {fmt::format("{}({})", name, fmt::join(args, ", ")), kAtom};
  }

  Text reduction(Expr e, const Frame& frame) {
    Frame inner = frame;
    if (e->reducer == Reducer::softmax) {
      if (!e->subscripts[0].is_plain()) throw NoForm();
      const Index at = e->subscripts[0].plain();
      if (is_seen(at)) (at == frame.column ? inner.column : inner.row) = e->bound[0];
    } else {
      if (e->bound.size() != 1) throw NoForm();
      if (is_seen(e->bound[0])) (inner.row ? inner.column : inner.row) = e->bound[0];
    }
    return {fmt::format("{}({})", name(e->reducer), text_of(e->args[0], inner).text), kAtom};
  }

  // The function call whose derivative e is a multiple of, and the factor.
  std::optional<std::pair<Expr, Number>> as_derivative(Expr e) const {
    if (e->op == Op::Constant) return {};
    for (const auto& [derivative, call] : derivatives_) {
      if (derivative == e) return {{call, Number(1)}};
      if (e->op != Op::Sum || derivative->op != Op::Sum || e->args != derivative->args) continue;
      if (!derivative->weights[0].is_exact()) continue;
      const Number factor = e->weights[0] * power(derivative->weights[0], -1);
      if (make_sum(*e->context, {derivative}, {factor}) == e) return {{call, factor}};
    }
    return {};
  }
  Text derivative_text(Expr call, const Frame& frame) {
    return {fmt::format("{}'({})", row(call->function).name, text_of(call->args[0], frame).text), kAtom};
  }

  Text sum(Expr e, const Frame& frame) {
    Number constant;
    const auto terms = named_terms(*e, names_.parts, constant);
    std::string out;
    std::size_t members = 0;
    const auto add = [&](bool negative, const std::string& text) {
      out += out.empty() ? (negative ? "-" : "") : negative ? " - " : " + ";
      out += text;
      ++members;
    };
    Level level = kSum;
    std::vector<Text> texts;
    std::vector<Number> weights;
    for (const auto& [weight, term, part] : terms) {
      if (part != nullptr) {
        std::vector<Subscript> order;
        for (const Index& i : part->order.empty() ? term->free : part->order) order.emplace_back(i);
        texts.push_back(array(part->name, order, frame));
      } else {
        texts.push_back(run(term, frame));
      }
      weights.push_back(take_sign(texts.back()) ? -weight : weight);
    }
    for (const bool negative : {false, true}) {
      for (std::size_t k = 0; k < terms.size(); ++k) {
        const Number& weight = weights[k];
        const Expr term = terms[k].term;
        if (weight.is_negative() != negative) continue;
        Text text = texts[k];
        if (frame.row && frame.column && terms.size() + !constant.is_zero() > 1) spread(text, term, frame);
        const Number magnitude = negative ? -weight : weight;
        if (!magnitude.is_one()) text = {magnitude.str() + " " + at_least(text, kProduct), kProduct};
        if (terms.size() == 1 && !negative) level = text.level;
        add(negative, text.level == kSum ? "(" + text.text + ")" : text.text);
      }
      if (!constant.is_zero() && constant.is_negative() == negative)
        add(negative, (negative ? -constant : constant).str());
    }
    return {out, members == 1 && level != kSum ? level : kSum};
  }

  // A vector or a scalar among matrices: the same in every column, in every row.
  void spread(Text& text, Expr term, const Frame& frame) const {
    const bool in_row = depends(term, frame.row), in_column = depends(term, frame.column);
    if (in_row && !in_column) text = {at_least(text, kProduct) + " 1^T", kProduct};
    if (!in_row && in_column) text = {"1 " + transposed(text).text, kProduct};
  }

  Text product(Expr e, const Frame& frame) {
    std::vector<Index> bound;
    std::string copies;  // summed indices that do not show
    Expr body = e;
    if (e->op == Op::Contract) {
      for (const Index& i : e->bound) {
        if (is_seen(i)) {
          bound.push_back(i);
        } else {
          copies += "_" + i.axis->name;
        }
      }
      body = e->args[0];
    }
    Factors factors;
    if (body->op == Op::Product) {
      for (std::size_t k = 0; k < body->args.size(); ++k) {
        if (body->args[k]->op == Op::Range && unseen_.contains(body->args[k]->axis))
          continue;  // the last tick
        if (!body->weights[k].is_integer()) throw NoForm();
        factors.push_back({body->args[k], body->weights[k].numerator()});
      }
    } else {
      factors.push_back({body, 1});
    }
    Text inside = network(factors, bound, frame);
    if (copies.empty()) return inside;
    return {fmt::format("sum{}({})", copies, inside.text), kAtom};
  }

  bool touches(const Factor& f, const Index& i) const { return f.e->depends_on(i); }

  // The product of factors summed over `bound`, which link them.
  Text network(const Factors& factors, const std::vector<Index>& bound, const Frame& frame) {
    std::vector<std::size_t> group(factors.size());
    for (std::size_t k = 0; k < group.size(); ++k) group[k] = k;
    for (const Index& i : bound) {
      std::optional<std::size_t> first;
      for (std::size_t k = 0; k < factors.size(); ++k) {
        if (!touches(factors[k], i)) continue;
        if (!first) first = group[k];
        const std::size_t from = group[k];
        for (std::size_t& g : group) {
          if (g == from) g = *first;
        }
      }
    }
    // Texts by what they vary over; divisors apart.
    std::vector<Text> scalars, rows, columns, matrices;
    std::vector<Divisor> under;
    int sign = 1;
    std::vector<std::size_t> seen;
    for (const std::size_t g : group) {
      if (std::find(seen.begin(), seen.end(), g) != seen.end()) continue;
      seen.push_back(g);
      Factors part;
      for (std::size_t k = 0; k < factors.size(); ++k) {
        if (group[k] == g) part.push_back(factors[k]);
      }
      std::vector<Index> links;
      for (const Index& i : bound) {
        if (std::any_of(part.begin(), part.end(), [&](const Factor& f) { return touches(f, i); }))
          links.push_back(i);
      }
      const auto varies = [&](const std::optional<Index>& i) {
        return std::any_of(part.begin(), part.end(), [&](const Factor& f) { return depends(f.e, i); });
      };
      const bool in_row = varies(frame.row), in_column = varies(frame.column);
      auto& kind = in_row && in_column ? matrices : in_row ? rows : in_column ? columns : scalars;
      if (links.empty()) {
        single(part[0], frame, kind, under, sign);
      } else if (in_row) {
        add_signed(kind, chain(part, links, *frame.row, in_column ? frame.column : std::nullopt), sign);
      } else if (in_column) {
        add_signed(kind, chain(part, links, *frame.column, std::nullopt), sign);
      } else {
        kind.push_back(inner(part, links));
      }
    }
    return assemble(scalars, rows, columns, matrices, under, sign, frame);
  }

  static void add_signed(std::vector<Text>& kind, Text text, int& sign) {
    if (take_sign(text)) sign = -sign;
    kind.push_back(std::move(text));
  }

  void single(const Factor& f, const Frame& frame, std::vector<Text>& kind, std::vector<Divisor>& under,
              int& sign) {
    const Frame own{depends(f.e, frame.row) ? frame.row : std::nullopt,
                    depends(f.e, frame.column) ? frame.column : std::nullopt};
    const bool scalar = !own.row && !own.column;
    Text text;
    if (const auto derivative = as_derivative(f.e); derivative && derivative->second == Number(-1)) {
      text = derivative_text(derivative->first, own);
      if (f.exponent % 2 != 0) sign = -sign;
    } else {
      text = text_of(f.e, own);
    }
    const std::int64_t magnitude = std::abs(f.exponent);
    if (magnitude != 1)
      text = {fmt::format("{}{}^{}", at_least(text, kAtom), scalar ? "" : ".", magnitude), kAtom};
    if (f.exponent < 0) {
      under.push_back({text, scalar});
    } else {
      kind.push_back(text);
    }
  }

  static std::string elements(const std::vector<Text>& all) {
    std::vector<std::string> parts;
    for (const Text& t : all) parts.push_back(at_least(t, all.size() == 1 ? kSum : kAtom));
    return fmt::format("{}", fmt::join(parts, " .* "));
  }
  static Text hadamard(const std::vector<Text>& all) {
    return all.size() == 1 ? all[0] : Text{elements(all), kElements};
  }

  Text assemble(std::vector<Text> scalars, const std::vector<Text>& rows, const std::vector<Text>& columns,
                const std::vector<Text>& matrices, const std::vector<Divisor>& under, int sign,
                const Frame& frame) {
    Text out;
    bool one = false;
    if (!matrices.empty()) {
      out = hadamard(matrices);
      if (!rows.empty() && !columns.empty()) {
        const Text outer{at_least(hadamard(rows), kProduct) + " " + transposed(hadamard(columns)).text,
                         kProduct};
        out = {at_least(out, kAtom) + " .* " + at_least(outer, kAtom), kElements};
      } else if (!rows.empty()) {
        out = {"diag(" + elements(rows) + ") " + at_least(out, kProduct), kProduct};
      } else if (!columns.empty()) {
        out = {at_least(out, kProduct) + " diag(" + elements(columns) + ")", kProduct};
      }
    } else if (!rows.empty() && !columns.empty()) {
      out = {at_least(hadamard(rows), kProduct) + " " + transposed(hadamard(columns)).text, kProduct};
    } else if (!rows.empty()) {
      out = hadamard(rows);
    } else if (!columns.empty()) {
      out = frame.row ? Text{"1 " + transposed(hadamard(columns)).text, kProduct} : hadamard(columns);
    } else if (scalars.empty()) {
      out = {"1", kAtom};
      one = true;
    } else {
      out = scalars.back();
      scalars.pop_back();
    }
    if (!scalars.empty()) {
      std::string front;
      for (const Text& s : scalars) front += at_least(s, kProduct) + " ";
      out = {one ? front : front + at_least(out, kProduct), kProduct};
    }
    for (const Divisor& d : under)
      out = {at_least(out, kProduct) + (d.is_scalar || one ? " / " : " ./ ") + at_least(d.text, kAtom),
             kElements};
    if (sign < 0) out = {"-" + at_least(out, kElements), kSum, true};
    return out;
  }

  // Everything that hangs from the index `from` (and ends in `to`): a matrix times what hangs from its other
  // side.
  Text chain(const Factors& part, const std::vector<Index>& links, const Index& from,
             const std::optional<Index>& to) {
    Factors front, rest;
    for (const Factor& f : part) (touches(f, from) ? front : rest).push_back(f);
    std::optional<Index> next;
    for (const Factor& f : front) {
      for (const Index& i : links) {
        if (!touches(f, i)) continue;
        if (next && *next != i) throw NoForm();
        next = i;
      }
      if (depends(f.e, to)) throw NoForm();
    }
    if (!next) throw NoForm();
    std::vector<Text> matrices;
    std::vector<Divisor> under;
    int sign = 1;
    for (const Factor& f : front) single(f, {from, next}, matrices, under, sign);
    if (!under.empty()) throw NoForm();
    std::vector<Index> further;
    for (const Index& i : links) {
      if (i != *next) further.push_back(i);
    }
    const Text matrix = hadamard(matrices);
    Text tail{"1", kAtom};
    if (rest.empty()) {
      if (to) throw NoForm();
    } else {
      tail = network(rest, further, {next, to});
      if (take_sign(tail)) sign = -sign;
    }
    const std::string text = at_least(matrix, kProduct) + " " + at_least(tail, to ? kProduct : kAtom);
    return sign < 0 ? Text{"-" + text, kSum, true} : Text{text, kProduct};
  }

  // A scalar: the inner product of what meets at one of the summed indices.
  Text inner(const Factors& part, const std::vector<Index>& links) {
    for (const Index& root : links) {
      std::vector<Index> further;
      for (const Index& i : links) {
        if (i != root) further.push_back(i);
      }
      try {
        return inner_at(part, further, root);
      } catch (const NoForm&) {
        continue;  // another root may have one
      }
    }
    throw NoForm();
  }
  Text inner_at(const Factors& part, const std::vector<Index>& further, const Index& root) {
    if (part.size() == 2 && further.empty() && part[0].exponent == 1 && part[1].exponent == 1) {
      const Text a = text_of(part[0].e, {root, {}}), b = text_of(part[1].e, {root, {}});
      return {transposed(a).text + " " + at_least(b, kAtom), kProduct};
    }
    // x^T (A y): one factor is alone at the root, and the others make a vector there.
    for (const Factor& f : part) {
      const bool alone =
          f.exponent == 1 && touches(f, root) &&
          std::none_of(further.begin(), further.end(), [&](const Index& i) { return touches(f, i); });
      if (!alone || part.size() < 2) continue;
      Factors rest;
      for (const Factor& g : part) {
        if (&g != &f) rest.push_back(g);
      }
      if (std::none_of(rest.begin(), rest.end(), [&](const Factor& g) { return touches(g, root); })) continue;
      const Text left = text_of(f.e, {root, {}}), right = network(rest, further, {root, {}});
      return {transposed(left).text + " " + at_least(right, kProduct), kProduct};
    }
    return {"sum(" + network(part, further, {root, {}}).text + ")", kAtom};
  }

  Expr root_;
  const MatrixNames& names_;
  std::set<const Axis*> unseen_;                    // looked up, never walked
  std::vector<std::pair<Expr, Expr>> derivatives_;  // of each function call that occurs, and the call
};

}  // namespace

std::string matrix_form(Expr e, const std::vector<Index>& order, const MatrixNames& names) {
  Printer printer(e, names);
  Frame frame;
  for (const Index& i : order) {
    if (!printer.is_seen(i)) continue;
    if (!frame.row) {
      frame.row = i;
    } else if (!frame.column) {
      frame.column = i;
    } else {
      return printer.run(e, {}).text;
    }
  }
  return printer.run(e, frame).text;
}

}  // namespace freefall::report
