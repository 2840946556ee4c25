#include "codegen/report/mathml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "codegen/report/escape.hpp"

namespace freefall::report {
namespace {

struct Command {
  std::string_view name, element, text;
};

// Commands without arguments. `op` is an operator, `id` an identifier, `fn` the name of a function, `big` an
// operator that takes limits, `sp` a space.
constexpr Command kCommands[] = {
    {"alpha", "id", "α"},   {"beta", "id", "β"},       {"gamma", "id", "γ"},   {"delta", "id", "δ"},
    {"epsilon", "id", "ϵ"}, {"varepsilon", "id", "ε"}, {"zeta", "id", "ζ"},    {"eta", "id", "η"},
    {"theta", "id", "θ"},   {"iota", "id", "ι"},       {"kappa", "id", "κ"},   {"lambda", "id", "λ"},
    {"mu", "id", "μ"},      {"nu", "id", "ν"},         {"xi", "id", "ξ"},      {"pi", "id", "π"},
    {"rho", "id", "ρ"},     {"sigma", "id", "σ"},      {"tau", "id", "τ"},     {"phi", "id", "φ"},
    {"chi", "id", "χ"},     {"psi", "id", "ψ"},        {"omega", "id", "ω"},   {"Gamma", "id", "Γ"},
    {"Delta", "id", "Δ"},   {"Theta", "id", "Θ"},      {"Lambda", "id", "Λ"},  {"Xi", "id", "Ξ"},
    {"Pi", "id", "Π"},      {"Sigma", "id", "Σ"},      {"Phi", "id", "Φ"},     {"Psi", "id", "Ψ"},
    {"Omega", "id", "Ω"},   {"partial", "id", "∂"},    {"infty", "id", "∞"},   {"ldots", "id", "…"},
    {"exp", "fn", "exp"},   {"ln", "fn", "ln"},        {"sin", "fn", "sin"},   {"cos", "fn", "cos"},
    {"tan", "fn", "tan"},   {"tanh", "fn", "tanh"},    {"sinh", "fn", "sinh"}, {"coth", "fn", "coth"},
    {"det", "fn", "det"},   {"erf", "fn", "erf"},      {"max", "big", "max"},  {"sum", "big", "∑"},
    {"cdot", "op", "·"},    {"le", "op", "≤"},         {"ge", "op", "≥"},      {"leftarrow", "op", "←"},
    {"sim", "op", "∼"},     {"mid", "op", "∣"},        {"in", "op", "∈"},      {"odot", "op", "⊙"},
    {"top", "op", "⊤"},     {",", "sp", "0.167em"},    {";", "sp", "0.278em"}, {"quad", "sp", "1em"},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::string all() {
    const std::string out = row();
    if (at_ != text_.size()) fail("an end without a beginning");
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::logic_error(fmt::format("mathml: {} at character {} of {}", what, at_, text_));
  }
  void spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  // The command that starts here without its backslash, or nothing.
  std::string_view command() const {
    if (at_ + 1 >= text_.size() || text_[at_] != '\\') return {};
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    return text_.substr(at_ + 1, std::max<std::size_t>(end - at_ - 1, 1));
  }

  // Items up to a closing brace, a cell or row separator, \right or \end; several become one row.
  std::string row() {
    std::string out;
    for (;;) {
      spaces();
      if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == '&') return out;
      const std::string_view c = command();
      if (c == "right" || c == "end" || c == "\\") return out;
      out += scripted();
    }
  }
  std::string group() {
    spaces();
    if (at_ >= text_.size() || text_[at_] != '{') fail("an argument is missing");
    ++at_;
    const std::string out = row();
    if (at_ >= text_.size()) fail("a brace is not closed");
    ++at_;
    return "<mrow>" + out + "</mrow>";
  }
  std::string raw_group() {
    if (at_ >= text_.size() || text_[at_] != '{') fail("an argument is missing");
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '}'; ++at_) {
      if (text_[at_] != '\\') out += text_[at_];
    }
    ++at_;
    return out;
  }

  // A function stands apart from an argument without parentheses.
  std::string scripted() {
    const std::string_view name = command();
    const bool function = std::any_of(std::begin(kCommands), std::end(kCommands),
                                      [&](const Command& k) { return k.name == name && k.element == "fn"; });
    const std::string out = with_scripts();
    spaces();
    const bool ends = at_ >= text_.size() || text_[at_] == '}' || text_[at_] == '&';
    if (!function || ends || text_[at_] == '(' || text_[at_] == '|' || command() == "left") return out;
    return out + "<mspace width=\"0.167em\"></mspace>";
  }

  std::string with_scripts() {
    bool limits = false;
    std::string base = atom(limits), lower, upper;
    for (;;) {
      if (at_ < text_.size() && text_[at_] == '\'') {
        std::string primes;
        for (; at_ < text_.size() && text_[at_] == '\''; ++at_) primes += "′";
        // The sign is raised itself; as a superscript of an index it would be too small to see.
        base = fmt::format("<mrow>{}<mo lspace=\"0\" rspace=\"0\">{}</mo></mrow>", base, primes);
      } else if (at_ < text_.size() && (text_[at_] == '_' || text_[at_] == '^')) {
        std::string& part = text_[at_++] == '_' ? lower : upper;
        part += group();
      } else {
        break;
      }
    }
    const char* under = limits ? "munder" : "msub";
    if (lower.empty() && upper.empty()) return base;
    if (upper.empty()) return fmt::format("<{0}>{1}{2}</{0}>", under, base, lower);
    if (lower.empty()) return fmt::format("<msup>{}<mrow>{}</mrow></msup>", base, upper);
    return fmt::format("<msubsup>{}{}<mrow>{}</mrow></msubsup>", base, lower, upper);
  }

  std::string atom(bool& limits) {
    const char c = text_[at_];
    if (c == '{') return group();
    if (c == '\\') return from_command(limits);
    if (is_digit(c)) {
      std::string number;
      while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) number += text_[at_++];
      return "<mn>" + number + "</mn>";
    }
    ++at_;
    if (is_letter(c)) return fmt::format("<mi>{}</mi>", c);
    if (c == '-') return "<mo>−</mo>";
    if (c == ',') return "<mo separator=\"true\">,</mo>";
    if (c == '(' || c == ')' || c == '[' || c == ']' || c == '|')
      return fmt::format("<mo stretchy=\"false\">{}</mo>", c);
    return fmt::format("<mo>{}</mo>", escape_xml({&c, 1}));
  }

  std::string from_command(bool& limits) {
    const std::string name(command());
    at_ += 1 + name.size();
    if (name == "frac") {
      const std::string over = group(), under = group();
      return fmt::format("<mfrac>{}{}</mfrac>", over, under);
    }
    if (name == "sqrt") return fmt::format("<msqrt>{}</msqrt>", group());
    if (name == "mathrm") return fmt::format("<mi mathvariant=\"normal\">{}</mi>", escape_xml(raw_group()));
    if (name == "operatorname") return fmt::format("<mi>{}</mi>", escape_xml(raw_group()));
    if (name == "mathcal") return fmt::format("<mi class=\"cal\">{}</mi>", escape_xml(raw_group()));
    if (name == "text") return fmt::format("<mtext>{}</mtext>", escape_xml(raw_group()));
    if (name == "left") return fenced();
    if (name == "begin") return cases();
    const auto known = std::find_if(std::begin(kCommands), std::end(kCommands),
                                    [&](const Command& k) { return k.name == name; });
    if (known == std::end(kCommands)) fail("unknown command \\" + name);
    if (known->element == "sp") return fmt::format("<mspace width=\"{}\"></mspace>", known->text);
    limits = known->element == "big";
    const bool identifier = known->element == "id" || known->element == "fn";
    return fmt::format("<{0}>{1}</{0}>", identifier ? "mi" : "mo", known->text);
  }

  std::string fenced() {
    const char open = text_[at_++];
    const std::string inside = row();
    if (command() != "right") fail("\\left without \\right");
    at_ += 6;
    const char close = text_[at_++];
    return fmt::format("<mrow><mo>{}</mo>{}<mo>{}</mo></mrow>", open, inside, close);
  }

  std::string cases() {
    if (raw_group() != "cases") fail("unknown environment");
    std::string rows;
    for (;;) {
      std::string cells = "<mtd>" + row() + "</mtd>";
      while (at_ < text_.size() && text_[at_] == '&') {
        ++at_;
        cells += "<mtd>" + row() + "</mtd>";
      }
      rows += "<mtr>" + cells + "</mtr>";
      if (command() == "\\") {
        at_ += 2;
        continue;
      }
      if (command() != "end") fail("cases are not closed");
      at_ += 4;
      raw_group();
      return "<mrow><mo>{</mo><mtable class=\"cases\">" + rows + "</mtable></mrow>";
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string mathml(std::string_view latex) { return Reader(latex).all(); }

std::string math_element(std::string_view latex, bool display) {
  return fmt::format("<math{}>{}</math>", display ? " display=\"block\"" : "", mathml(latex));
}

}  // namespace freefall::report
