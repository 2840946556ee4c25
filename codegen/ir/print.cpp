#include "codegen/ir/print.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace freefall::ir {
namespace {

std::string at_least(const Printed& t, Binding binding) {
  return t.binding < binding ? "(" + t.text + ")" : t.text;
}

std::string list(const std::vector<Index>& indices) {
  std::vector<std::string> parts;
  for (const Index& i : indices) parts.push_back(str(i));
  return fmt::format("{}", fmt::join(parts, ", "));
}
std::string list(const std::vector<Subscript>& subscripts) {
  std::vector<std::string> parts;
  for (const Subscript& s : subscripts) parts.push_back(str(s));
  return fmt::format("{}", fmt::join(parts, ", "));
}
std::string bracketed(const std::string& inside) { return inside.empty() ? "" : "[" + inside + "]"; }

Binding binding_of(const Number& value) {
  return value.is_negative()                       ? Binding::sum
         : value.is_integer() || !value.is_exact() ? Binding::atom
                                                   : Binding::product;
}

Printed product_text(const Node& n, const std::vector<Printed>& args) {
  std::string over, under;
  for (std::size_t k = 0; k < args.size(); ++k) {
    const std::int64_t exponent = n.weights[k].numerator(), magnitude = std::abs(exponent);
    std::string factor = at_least(args[k], magnitude == 1 ? Binding::power : Binding::atom);
    if (magnitude != 1) factor += fmt::format("^{}", magnitude);
    if (exponent < 0) {
      under += " / " + factor;
    } else {
      over += (over.empty() ? "" : " * ") + factor;
    }
  }
  const bool is_power = args.size() == 1 && under.empty();
  return {(over.empty() ? "1" : over) + under, is_power ? Binding::power : Binding::product};
}

// coefficient times a term that is not a sum, without its sign
std::string scaled_text(const Number& magnitude, const Printed& term) {
  std::string text = at_least(term, Binding::product);
  if (magnitude.is_one()) return text;
  if (text.starts_with("1 / ")) return magnitude.str() + text.substr(1);
  const bool digit = text[0] >= '0' && text[0] <= '9';
  return magnitude.str() + (digit ? " * " : " ") + text;
}

Printed sum_text(const Node& n, const std::vector<Printed>& args) {
  std::string out;
  const auto add = [&](bool negative, const std::string& text) {
    out += out.empty() ? (negative ? "-" : "") : negative ? " - " : " + ";
    out += text;
  };
  // Positive terms first read better; the parser sorts again.
  for (const bool negative : {false, true}) {
    for (std::size_t k = 0; k < args.size(); ++k) {
      const Number& w = n.weights[k];
      if (w.is_negative() == negative) add(negative, scaled_text(negative ? -w : w, args[k]));
    }
    if (!n.value.is_zero() && n.value.is_negative() == negative)
      add(negative, (negative ? -n.value : n.value).str());
  }
  const bool is_product = args.size() == 1 && n.value.is_zero() && !n.weights[0].is_negative();
  return {out, is_product ? Binding::product : Binding::sum};
}

Printed text_of(const Node& n, const std::vector<Printed>& args) {
  const auto binder = [&](std::string_view head) {
    return fmt::format("{}{{{}}}({})", head, list(n.bound), args[0].text);
  };
  switch (n.op) {
    case Op::Constant: return {n.value.str(), binding_of(n.value)};
    case Op::Extent: return {fmt::format("extent({})", n.axis->name)};
    case Op::Access: return {n.tensor->name + bracketed(list(n.subscripts))};
    case Op::Delta: return {fmt::format("delta({})", list(n.subscripts))};
    case Op::Range: return {fmt::format("range({}, {})", n.axis->name, list(n.subscripts))};
    case Op::Position: return {fmt::format("position({})", list(n.subscripts))};
    case Op::Product: return product_text(n, args);
    case Op::Contract: return {binder("sum")};
    case Op::Reduce: return {binder(name(n.reducer)) + bracketed(list(n.subscripts))};
    case Op::Inverse: return {binder("inverse") + bracketed(list(n.subscripts))};
    case Op::LogDet: return {binder("log_det")};
    case Op::Freeze: return {fmt::format("freeze{{{}}}({})", n.name, args[0].text)};
    case Op::Draw: return {fmt::format("draw{{{}}}[{}]", n.name, list(n.subscripts))};
    case Op::Map:
    case Op::Select:
    case Op::Gather:
    case Op::Sum: break;
  }
  std::vector<std::string> parts;
  if (n.op == Op::Gather) parts.push_back(n.tensor->name);
  for (const Printed& a : args) parts.push_back(a.text);
  const std::string_view head = n.op == Op::Map      ? row(n.function).name
                                : n.op == Op::Select ? "select"
                                                     : "gather";
  return {fmt::format("{}({})", head, fmt::join(parts, ", "))};
}

class PlainText : public Notation {
 public:
  Printed spell(const Node& node, const std::vector<Printed>& args) const override {
    return node.op == Op::Sum ? sum_text(node, args) : text_of(node, args);
  }
  Printed element(const std::string& name, const std::vector<Subscript>& subscripts) const override {
    return {name + bracketed(list(subscripts))};
  }
};

}  // namespace

std::optional<std::vector<Subscript>> find_part(const NamedPart& part, Expr e) {
  const Expr pattern = part.expression;
  if (pattern->op != e->op || pattern->free.size() != e->free.size() ||
      pattern->args.size() != e->args.size())
    return {};
  std::vector<Index> image = e->free;
  const auto same_axis = [](const Index& a, const Index& b) { return a.axis == b.axis; };
  if (!std::equal(image.begin(), image.end(), pattern->free.begin(), same_axis)) return {};
  do {  // sorted by axis, so permutations that keep the axes are few
    if (!std::equal(image.begin(), image.end(), pattern->free.begin(), same_axis)) continue;
    Substitution renaming;
    for (std::size_t k = 0; k < image.size(); ++k) renaming.emplace_back(pattern->free[k], image[k]);
    if (substitute(pattern, renaming) != e) continue;
    std::vector<Subscript> order;
    for (const Index& i : part.order.empty() ? pattern->free : part.order) {
      const auto at =
          std::find_if(renaming.begin(), renaming.end(), [&](const auto& r) { return r.first == i; });
      order.push_back(at == renaming.end() ? Subscript(i) : at->second);
    }
    return order;
  } while (std::next_permutation(image.begin(), image.end()));
  return {};
}

std::vector<NamedTerm> named_terms(const Node& sum, const std::vector<NamedPart>& names, Number& constant) {
  std::vector<NamedTerm> rest, named;
  for (std::size_t k = 0; k < sum.args.size(); ++k) rest.push_back({sum.weights[k], sum.args[k], nullptr});
  constant = sum.value;
  for (const NamedPart& part : names) {
    const Node& pattern = *part.expression;
    const bool trivial = pattern.args.size() == 1 && pattern.args[0]->op == Op::Access;
    if (pattern.op != Op::Sum || trivial || &pattern == &sum) continue;
    std::vector<std::size_t> at;
    for (const Expr a : pattern.args) {
      const auto found = std::find_if(rest.begin(), rest.end(), [&](const auto& t) { return t.term == a; });
      if (found != rest.end()) at.push_back(static_cast<std::size_t>(found - rest.begin()));
    }
    if (at.size() != pattern.args.size() || !pattern.weights[0].is_exact()) continue;
    const Number factor = rest[at[0]].weight * power(pattern.weights[0], -1);
    bool multiple = true;
    for (std::size_t k = 0; k < at.size(); ++k) multiple &= rest[at[k]].weight == factor * pattern.weights[k];
    if (!multiple) continue;
    std::sort(at.rbegin(), at.rend());
    for (const std::size_t k : at) rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
    constant = constant - factor * pattern.value;
    named.insert(named.begin(), {factor, part.expression, &part});
  }
  named.insert(named.end(), rest.begin(), rest.end());
  return named;
}

std::string print(Expr root, const PrintOptions& options, const Notation& notation) {
  std::unordered_map<const Node*, Printed> done;
  std::vector<std::pair<Expr, bool>> stack{{root, false}};
  while (!stack.empty()) {
    const auto [e, ready] = stack.back();
    stack.pop_back();
    if (done.contains(e.get())) continue;
    if (ready) {
      std::vector<Printed> args;
      if (e->op == Op::Sum) {
        Node renamed;
        renamed.op = Op::Sum;
        for (const auto& [weight, term, part] : named_terms(*e, options.names, renamed.value)) {
          renamed.args.push_back(term);
          renamed.weights.push_back(weight);
          if (part == nullptr) {
            args.push_back(done.at(term.get()));
          } else {
            const std::vector<Index>& order = part->order.empty() ? term->free : part->order;
            args.push_back(notation.element(part->name, {order.begin(), order.end()}));
          }
        }
        done[e.get()] = notation.spell(renamed, args);
        continue;
      }
      for (const Expr a : e->args) args.push_back(done.at(a.get()));
      done[e.get()] = notation.spell(*e, args);
      continue;
    }
    if (e != root || options.name_root) {
      bool known = false;
      for (std::size_t k = 0; k < options.names.size() && !known; ++k) {
        const auto subscripts = find_part(options.names[k], e);
        known = subscripts.has_value();
        if (known) done[e.get()] = notation.element(options.names[k].name, *subscripts);
      }
      if (known) continue;
    }
    stack.emplace_back(e, true);
    for (const Expr a : e->args) stack.emplace_back(a, false);
  }
  return done.at(root.get()).text;
}

std::string print(Expr root, const PrintOptions& options) { return print(root, options, PlainText()); }

}  // namespace freefall::ir
