#include "codegen/emit/cpp_tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace freefall::emit {
namespace {

constexpr std::size_t kWidth = 110;

std::string spaces(int indent) { return std::string(static_cast<std::size_t>(indent) * 2, ' '); }

// Breaks a long line after a comma, or where there is none in its second half after any space; continuation
// lines are indented by four.
std::string wrapped(const std::string& line, int indent) {
  std::string out, rest = spaces(indent) + line;
  const std::string continuation = spaces(indent + 2);
  while (rest.size() > kWidth) {
    std::size_t cut = rest.rfind(", ", kWidth - 1);
    cut = cut == std::string::npos || cut < kWidth / 2 ? rest.rfind(' ', kWidth) : cut + 1;
    if (cut == std::string::npos || cut <= continuation.size()) break;
    out += rest.substr(0, cut) + '\n';
    rest = continuation + rest.substr(cut + 1);
  }
  return out + rest + '\n';
}

// An equation in a few lines; that of a value made of many others goes on and on.
std::string shortened(const std::string& equation) {
  constexpr std::size_t kLongest = 400;
  if (equation.size() <= kLongest) return equation;
  return equation.substr(0, equation.rfind(' ', kLongest)) + " ...";
}

struct Printer {
  int indent;

  std::string operator()(const CppComment& c) const { return comment(shortened(c.text), indent); }
  std::string operator()(const CppDeclare& d) const {
    if (d.value.empty()) return wrapped(fmt::format("{} {};", d.type, d.name), indent);
    return wrapped(fmt::format("{} {} = {};", d.type, d.name, d.value), indent);
  }
  std::string operator()(const CppAssign& a) const {
    return wrapped(fmt::format("{} {} {};", a.left, a.op, a.right), indent);
  }
  std::string operator()(const CppCall& c) const {
    return wrapped(fmt::format("{}({});", c.function, fmt::join(c.arguments, ", ")), indent);
  }
  std::string operator()(const CppCallWith& c) const {
    return wrapped(fmt::format("{}({}{}[&]({}){} {{", c.function, fmt::join(c.arguments, ", "),
                               c.arguments.empty() ? "" : ", ", c.parameters,
                               c.inlined ? " FREEFALL_INLINED" : ""),
                   indent) +
           print(c.body, indent + 1) + spaces(indent) + "});\n";
  }
  std::string operator()(const CppLambda& l) const {
    return wrapped(fmt::format("{} [{}]({}) FREEFALL_INLINED {{", l.before, l.capture, l.parameters),
                   indent) +
           print(l.body, indent + 1) + spaces(indent) + "};\n";
  }
  std::string operator()(const CppFor& f) const {
    const std::string simd = fmt::format("{}FREEFALL_SIMD({})\n", spaces(indent), f.reductions);
    return (f.independent ? spaces(indent) + "FREEFALL_INDEPENDENT\n" : "") +
           (f.unrolled ? spaces(indent) + "FREEFALL_UNROLLED\n" : "") +
           (f.rolled && f.reductions.empty() ? spaces(indent) + "FREEFALL_ROLLED\n" : "") +
           (f.reductions.empty() ? "" : simd) +
           wrapped(fmt::format("for (std::size_t {0} = {2}; {0} < {1}; {3}) {{", f.variable, f.bound, f.first,
                               f.step == "1" ? "++" + f.variable : f.variable + " += " + f.step),
                   indent) +
           print(f.body, indent + 1) + spaces(indent) + "}\n";
  }
  std::string operator()(const CppIf& i) const {
    return wrapped(fmt::format("if ({}) {{", i.condition), indent) + print(i.body, indent + 1) +
           spaces(indent) + "}\n";
  }
  std::string operator()(const CppReturn& r) const {
    return wrapped(fmt::format("return {};", r.value), indent);
  }
  std::string operator()(const CppBreak&) const { return spaces(indent) + "break;\n"; }
};

}  // namespace

std::string comment(const std::string& text, int indent) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
    const std::string margin = spaces(indent) + "// " + line.substr(0, first);
    std::string current = margin;
    for (std::size_t w = first; w < line.size();) {
      const std::size_t stop = std::min(line.find(' ', w), line.size());
      const std::string word = line.substr(w, stop - w);
      w = stop + 1;
      if (current.size() > margin.size() && current.size() + 1 + word.size() > kWidth) {
        out += current + '\n';
        current = margin + "    ";  // what belongs to the line above stands further in
        current += word;
      } else {
        current += (current.size() > margin.size() ? " " : "") + word;
      }
    }
    out += current + '\n';
  }
  return out;
}

std::string print(const CppBlock& block, int indent) {
  std::string out;
  for (const CppStatement& s : block) out += std::visit(Printer{indent}, s.node);
  return out;
}

bool goes_abreast(const CppBlock& block) {
  return std::any_of(block.begin(), block.end(), [](const CppStatement& s) {
    if (const auto* call = std::get_if<CppCallWith>(&s.node))
      return call->abreast || goes_abreast(call->body);
    if (const auto* loop = std::get_if<CppFor>(&s.node)) return goes_abreast(loop->body);
    if (const auto* condition = std::get_if<CppIf>(&s.node)) return goes_abreast(condition->body);
    return false;
  });
}

std::string print(const CppFunction& f) {
  std::vector<std::string> parameters;
  for (const CppParameter& p : f.parameters) parameters.push_back(p.type + " " + p.name);
  return (f.comment.empty() ? "" : comment(shortened(f.comment))) +
         wrapped(fmt::format("{} {}({}) {{", f.result, f.name, fmt::join(parameters, ", ")), 0) +
         print(f.body, 1) + "}\n";
}

}  // namespace freefall::emit
