#include "codegen/report/latex.hpp"

#include <fmt/args.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

namespace freefall::report {
namespace {

using namespace ir;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Names that are read as a symbol, alone or in front of a qualifier.
std::optional<std::string> symbol(std::string_view stem) {
  static constexpr std::string_view kGreek[] = {
      "alpha", "beta",  "gamma",  "delta", "epsilon", "zeta",  "eta", "theta", "kappa", "lambda", "mu",
      "nu",    "xi",    "pi",     "rho",   "sigma",   "tau",   "phi", "chi",   "psi",   "omega",  "Gamma",
      "Delta", "Theta", "Lambda", "Xi",    "Pi",      "Sigma", "Phi", "Psi",   "Omega"};
  if (stem.size() == 1) return std::string(stem);
  if (stem == "eps") return "\\varepsilon";
  if (std::find(std::begin(kGreek), std::end(kGreek), stem) != std::end(kGreek))
    return "\\" + std::string(stem);
  return {};
}

struct Name {
  std::string base, upper;
};

Name split(const std::string& full) {
  const std::string name = full.substr(0, full.find('['));
  const std::size_t underscore = name.find('_');
  std::string stem = name.substr(0, underscore);
  std::string qualifier = underscore == std::string::npos ? "" : name.substr(underscore + 1);
  std::size_t digits = stem.size();
  while (digits > 1 && is_digit(stem[digits - 1])) --digits;
  const std::string number = stem.substr(digits);
  stem.resize(digits);
  if (stem == "mean" && !qualifier.empty()) return {"\\mu", qualifier};
  if (const auto s = symbol(stem))
    return {*s, number + (number.empty() || qualifier.empty() ? "" : ", ") + qualifier};
  return {latex_word(stem + (underscore == std::string::npos ? "" : "_" + qualifier)), number};
}

std::string upper_index(const std::string& qualifier) {
  if (qualifier.empty()) return "";
  const bool number = std::all_of(qualifier.begin(), qualifier.end(), is_digit);
  return fmt::format("^{{({})}}", number ? qualifier : latex_word(qualifier));
}

std::string number_text(const Number& value) {
  if (value.is_exact() && !value.is_integer()) {
    const bool negative = value.is_negative();
    return fmt::format("{}\\frac{{{}}}{{{}}}", negative ? "-" : "", std::abs(value.numerator()),
                       value.denominator());
  }
  std::string text = value.str();
  if (const std::size_t e = text.find('e'); e != std::string::npos)
    text = fmt::format("{} \\cdot 10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
  return text;
}

std::string at_least(const Printed& t, Binding binding) {
  return t.binding < binding ? "\\left(" + t.text + "\\right)" : t.text;
}

class Latex : public Notation {
 public:
  Latex(const Letters& letters, const std::vector<Index>& free) : letters_(letters) {
    for (const Index& i : free) index(i);
  }

  Printed element(const std::string& name, const std::vector<Subscript>& subscripts) const override {
    const std::string indices = list(subscripts);
    const std::string lower = indices.empty() ? "" : fmt::format("_{{{}}}", indices);
    if (name.starts_with("dF_d")) {
      const Name of = split(name.substr(4));
      return {fmt::format("\\frac{{\\partial F}}{{\\partial {}{}{}}}", of.base, upper_index(of.upper), lower),
              Binding::power};
    }
    const Name parts = split(name);
    return {parts.base + upper_index(parts.upper) + lower,
            parts.upper.empty() ? Binding::atom : Binding::power};
  }

  Printed spell(const Node& n, const std::vector<Printed>& args) const override {
    switch (n.op) {
      case Op::Constant: return {number_text(n.value), n.value.is_negative() ? Binding::sum : Binding::power};
      case Op::Extent: return {extent(n.axis), Binding::atom};
      case Op::Access: return element(n.tensor->name, n.subscripts);
      case Op::Delta: return {fmt::format("\\delta_{{{}}}", list(n.subscripts)), Binding::atom};
      case Op::Range:
        return {fmt::format("\\left[0 \\le {} < {}\\right]", list(n.subscripts), extent(n.axis)),
                Binding::power};
      case Op::Position: return {list(n.subscripts), Binding::sum};
      case Op::Sum: return sum(n, args);
      case Op::Product: return product(n, args);
      case Op::Contract:
        return {fmt::format("\\sum_{{{}}} {}", bound(n), at_least(args[0], Binding::product)),
                Binding::product};
      case Op::Reduce: return reduce(n, args[0]);
      case Op::Map: {
        fmt::dynamic_format_arg_store<fmt::format_context> store;
        for (const Printed& a : args) store.push_back(a.text);
        return {fmt::vformat(row(n.function).latex, store), Binding::power};
      }
      case Op::Select:
        return {fmt::format("\\begin{{cases}} {} & {} > 0 \\\\ {} & \\text{{otherwise}} \\end{{cases}}",
                            args[1].text, args[0].text, args[2].text),
                Binding::sum};
      case Op::Gather: {
        std::vector<std::string> at;
        for (const Printed& a : args) at.push_back(a.text);
        const Name parts = split(n.tensor->name);
        return {fmt::format("{}{}_{{{}}}", parts.base, upper_index(parts.upper), fmt::join(at, " , ")),
                Binding::power};
      }
      case Op::Freeze:
        return {fmt::format("\\operatorname{{held}}\\left({}\\right)", args[0].text), Binding::power};
      case Op::Draw:
        return {fmt::format("u^{{({})}}_{{{}}}", latex_word(n.name), list(n.subscripts)), Binding::power};
      case Op::Inverse:
        return {fmt::format("\\left[{}\\right]^{{-1}}_{{{}}}", args[0].text, list(n.subscripts)),
                Binding::power};
      case Op::LogDet:
        return {fmt::format("\\ln \\det_{{{}}} \\left({}\\right)", bound(n), args[0].text), Binding::product};
    }
    throw std::logic_error("latex: unknown node");
  }

 private:
  // Free indices of the root have the letter alone or with their primes; bound ones take the next number of
  // primes that is free.
  std::string index(const Index& i) const {
    const std::pair key{i.axis->name, i.level};
    auto found = primes_.find(key);
    if (found == primes_.end()) found = primes_.emplace(key, used_[i.axis->name]++).first;
    return letters_.of(i.axis) + std::string(static_cast<std::size_t>(found->second), '\'');
  }
  std::string subscript(const Subscript& s) const {
    std::string out;
    for (const auto& t : s.terms) {
      out += t.factor < 0 ? "-" : out.empty() ? "" : "+";
      if (std::abs(t.factor) != 1) out += std::to_string(std::abs(t.factor));
      out += index(t.index);
    }
    if (s.offset != 0 || out.empty())
      out += fmt::format("{}{}", s.offset >= 0 && !out.empty() ? "+" : "", s.offset);
    return out;
  }
  // `i j`, with commas where a subscript is more than an index.
  std::string list(const std::vector<Subscript>& subscripts) const {
    std::vector<std::string> parts;
    bool plain = true;
    for (const Subscript& s : subscripts) {
      parts.push_back(subscript(s));
      plain = plain && s.is_plain();
    }
    return fmt::format("{}", fmt::join(parts, plain ? " " : " , "));
  }
  std::string bound(const Node& n) const {
    std::vector<std::string> parts;
    for (const Index& i : n.bound) parts.push_back(index(i));
    return fmt::format("{}", fmt::join(parts, " "));
  }
  static std::string extent(const Axis* axis) { return fmt::format("N_{{{}}}", latex_word(axis->name)); }

  static Printed product(const Node& n, const std::vector<Printed>& args) {
    std::vector<std::string> over, under, sums;
    for (std::size_t k = 0; k < args.size(); ++k) {
      const std::int64_t exponent = n.weights[k].numerator(), magnitude = std::abs(exponent);
      std::string factor =
          at_least(args[k], magnitude == 1 ? (exponent < 0 ? Binding::sum : Binding::power) : Binding::atom);
      if (magnitude != 1) factor += fmt::format("^{{{}}}", magnitude);
      const bool is_sum = magnitude == 1 && exponent > 0 && args[k].text.starts_with("\\sum");
      if (is_sum) factor = args[k].text;
      (exponent < 0 ? under : is_sum ? sums : over).push_back(factor);
    }
    // A sum reaches as far as the product does, so it stands last, and others in parentheses.
    for (std::size_t k = 0; k < sums.size(); ++k)
      over.push_back(k + 1 < sums.size() ? "\\left(" + sums[k] + "\\right)" : sums[k]);
    const std::string top = over.empty() ? "1" : fmt::format("{}", fmt::join(over, " \\, "));
    if (under.empty()) return {top, over.size() == 1 && args.size() == 1 ? Binding::power : Binding::product};
    if (under.size() > 1) {  // products in a denominator need the parentheses of their factors
      under.clear();
      for (std::size_t k = 0; k < args.size(); ++k) {
        if (const std::int64_t e = n.weights[k].numerator(); e < 0)
          under.push_back(at_least(args[k], e == -1 ? Binding::power : Binding::atom) +
                          (e == -1 ? "" : fmt::format("^{{{}}}", -e)));
      }
    }
    return {fmt::format("\\frac{{{}}}{{{}}}", top, fmt::join(under, " \\, ")), Binding::power};
  }

  static std::string scaled(const Number& magnitude, const Printed& term) {
    std::string text = at_least(term, Binding::product);
    if (magnitude.is_one()) return text;
    if (text.starts_with("\\frac{1}{") && magnitude.is_integer())
      return "\\frac{" + magnitude.str() + text.substr(7);
    return number_text(magnitude) + (is_digit(text[0]) ? " \\cdot " : " \\, ") + text;
  }

  static Printed sum(const Node& n, const std::vector<Printed>& args) {
    std::string out;
    const auto add = [&](bool negative, const std::string& text) {
      out += out.empty() ? (negative ? "-" : "") : negative ? " - " : " + ";
      out += text;
    };
    for (const bool negative : {false, true}) {
      for (std::size_t k = 0; k < args.size(); ++k) {
        const Number& w = n.weights[k];
        if (w.is_negative() == negative) add(negative, scaled(negative ? -w : w, args[k]));
      }
      if (!n.value.is_zero() && n.value.is_negative() == negative)
        add(negative, number_text(negative ? -n.value : n.value));
    }
    const bool is_product = args.size() == 1 && n.value.is_zero() && !n.weights[0].is_negative();
    return {out, is_product ? Binding::product : Binding::sum};
  }

  Printed reduce(const Node& n, const Printed& arg) const {
    const std::string over = bound(n), at = list(n.subscripts);
    switch (n.reducer) {
      case Reducer::max:
        return {fmt::format("\\max_{{{}}} \\left({}\\right)", over, arg.text), Binding::power};
      case Reducer::log_sum_exp:
        return {fmt::format("\\ln \\sum_{{{}}} \\exp\\left({}\\right)", over, arg.text), Binding::product};
      case Reducer::softmax:
        return {fmt::format("\\operatorname{{softmax}}_{{{}}}\\left({}\\right)_{{{}}}", over, arg.text, at),
                Binding::power};
    }
    throw std::logic_error("latex: unknown reduction");
  }

  const Letters& letters_;
  mutable std::map<std::pair<std::string, int>, int> primes_;
  mutable std::map<std::string, int> used_;
};

}  // namespace

Letters::Letters(const Context& context) {
  static constexpr std::array<std::string_view, 3> kPlates = {"n", "m", "b"};
  static constexpr std::array<std::string_view, 16> kOthers = {"i", "j", "k", "l", "c", "q", "r", "s",
                                                               "u", "v", "w", "g", "a", "p", "y", "z"};
  std::set<std::string> taken = {"e"};
  for (const Tensor& t : context.tensors()) taken.insert(split(t.name).base);
  for (const Axis& a : context.axes()) {
    if (a.name.size() == 1 && taken.insert(a.name).second) letter_[a.name] = a.name;
  }
  int more = 0;
  for (const Axis& a : context.axes()) {
    const auto pick = [&](const auto& candidates) {
      for (const std::string_view c : candidates) {
        if (!letter_.contains(a.name) && taken.insert(std::string(c)).second) letter_[a.name] = c;
      }
    };
    if (a.plate) pick(kPlates);
    pick(kOthers);
    if (!letter_.contains(a.name)) letter_[a.name] = fmt::format("\\iota_{{{}}}", ++more);
    legend_.emplace_back(letter_[a.name], a.name);
  }
}

std::string latex_word(const std::string& word) {
  std::string out = "\\mathrm{";
  for (const char c : word) out += c == '_' ? std::string("\\_") : std::string(1, c);
  return out + "}";
}

std::string latex(Expr e, const Letters& letters, const PrintOptions& options,
                  const std::vector<Index>& first) {
  std::vector<Index> known = first;
  known.insert(known.end(), e->free.begin(), e->free.end());
  return print(e, options, Latex(letters, known));
}

std::string latex_element(const std::string& name, const std::vector<Index>& indices,
                          const Letters& letters) {
  return Latex(letters, indices).element(name, {indices.begin(), indices.end()}).text;
}

std::string latex_assignment(const calculus::Assignment& a, const Letters& letters,
                             const PrintOptions& options) {
  const std::vector<Index> own = calculus::target_indices(a);
  return latex(calculus::target_element(a), letters, {}, own) + " \\leftarrow " +
         latex(a.value, letters, options, own);
}

}  // namespace freefall::report
