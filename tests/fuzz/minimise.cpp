#include "tests/fuzz/minimise.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "codegen/ir/print.hpp"

namespace freefall::fuzz {
namespace {

using namespace ir;
using Path = std::vector<std::size_t>;

void collect_paths(const std::vector<Line>& lines, Path& at, std::vector<Path>& out) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    at.push_back(i);
    out.push_back(at);
    collect_paths(lines[i].children, at, out);
    at.pop_back();
  }
}
std::vector<Path> paths(const std::vector<Line>& lines) {
  std::vector<Path> out;
  Path at;
  collect_paths(lines, at, out);
  return out;
}

std::vector<Line>& siblings(std::vector<Line>& lines, const Path& path) {
  std::vector<Line>* out = &lines;
  for (std::size_t d = 0; d + 1 < path.size(); ++d) out = &(*out)[path[d]].children;
  return *out;
}
Line& at(std::vector<Line>& lines, const Path& path) { return siblings(lines, path)[path.back()]; }

bool is_number(const std::string& word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

class Minimiser {
 public:
  Minimiser(std::vector<Line> lines, const std::function<bool(const std::vector<Line>&)>& fails,
            std::size_t trials)
      : lines_(std::move(lines)), fails_(fails), trials_(trials) {}

  std::vector<Line> run() {
    for (bool smaller = true; smaller && trials_ > 0;) {
      smaller = false;
      smaller |= drop_lines();
      smaller |= forget_arrays();
      smaller |= drop_words();
      smaller |= lift_bodies();
      smaller |= shrink_numbers();
      smaller |= shrink_expressions();
    }
    return lines_;
  }

 private:
  bool accept(const std::vector<Line>& candidate) {
    if (trials_ == 0 || candidate == lines_) return false;
    --trials_;
    if (!fails_(candidate)) return false;
    lines_ = candidate;
    return true;
  }

  // Tries `change` at every line, the last first; a change returns false where it does not apply.
  template <class Change>
  bool at_every_line(Change&& change) {
    bool smaller = false;
    std::vector<Path> all = paths(lines_);
    for (std::size_t n = all.size(); n-- > 0 && trials_ > 0;) {
      all = paths(lines_);
      if (n >= all.size()) continue;
      std::vector<Line> candidate = lines_;
      if (change(candidate, all[n])) smaller |= accept(candidate);
    }
    return smaller;
  }

  bool drop_lines() {
    return at_every_line([](std::vector<Line>& c, const Path& p) {
      auto& list = siblings(c, p);
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(p.back()));
      return true;
    });
  }

  bool lift_bodies() {
    return at_every_line([](std::vector<Line>& c, const Path& p) {
      auto& list = siblings(c, p);
      const Line old = list[p.back()];
      if (old.children.empty() || p.size() < 2) return false;
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(p.back()));
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(p.back()), old.children.begin(),
                  old.children.end());
      return true;
    });
  }

  // Words behind the first: a target, an axis of an array.
  bool drop_words() {
    bool smaller = false;
    for (std::size_t word = 1; word < 8; ++word) {
      smaller |= at_every_line([&](std::vector<Line>& c, const Path& p) {
        Line& l = at(c, p);
        if (word >= l.words.size() || l.words.size() < 3) return false;
        l.words.erase(l.words.begin() + static_cast<std::ptrdiff_t>(word));
        return true;
      });
    }
    return smaller;
  }

  bool shrink_numbers() {
    bool smaller = false;
    for (const char* value : {"1", "2"}) {
      for (std::size_t word = 1; word < 4; ++word) {
        smaller |= at_every_line([&](std::vector<Line>& c, const Path& p) {
          Line& l = at(c, p);
          if (word >= l.words.size() || !is_number(l.words[word]) || l.words[word] <= value) return false;
          l.words[word] = value;
          return true;
        });
      }
    }
    return smaller;
  }

  // An array leaves: its lines, its place among targets, and every expression, where it becomes 1.
  bool forget_arrays() {
    bool smaller = false;
    std::vector<std::string> names;
    for (const Line& l : lines_) {
      const std::string& kind = l.words[0];
      if (l.words.size() > 1 && (kind == "variable" || kind == "parameter" || kind == "input" ||
                                 kind == "constant" || kind == "one_of" || kind == "index_of"))
        names.push_back(l.words[1]);
    }
    for (const std::string& name : names) {
      std::vector<Line> candidate = forget(lines_, name);
      if (!candidate.empty()) smaller |= accept(candidate);
    }
    return smaller;
  }

  std::vector<Line> forget(const std::vector<Line>& lines, const std::string& name) {
    std::vector<Line> out;
    for (Line l : lines) {
      const auto word = std::find(l.words.begin(), l.words.end(), name);
      if (word != l.words.end()) {
        const bool listed = l.words.size() > 3 && l.words[0] == "descend";
        if (!listed && l.words[0] != "predict") continue;
        l.words.erase(word);
      }
      if (!l.expression.empty()) l.expression = without(l.expression, name);
      const bool had_children = !l.children.empty();
      l.children = forget(l.children, name);
      if (had_children && l.children.empty() && l.words[0] != "family") continue;
      out.push_back(std::move(l));
    }
    return out;
  }

  std::string without(const std::string& text, const std::string& name) {
    try {
      const Subject subject = build(declarations());
      const Expr e = parse_expression(subject, text);
      return print(transform(e, [&](Expr n) {
        return n->tensor != nullptr && n->tensor->name == name ? make_constant(*n->context, 1) : n;
      }));
    } catch (const std::exception&) {
      return text;
    }
  }

  // The lines that declare what expressions name.
  std::vector<Line> declarations() const {
    std::vector<Line> out;
    for (const Line& l : lines_) {
      if (l.words[0] != "kernel") out.push_back(l);
    }
    return out;
  }

  bool shrink_expressions() {
    bool smaller = false;
    for (bool again = true; again && trials_ > 0;) {
      again = false;
      for (const Path& p : paths(lines_)) {
        const std::string text = at(lines_, p).expression;
        if (text.empty() || text == "0" || text == "1") continue;
        for (const std::string& other : smaller_expressions(text)) {
          std::vector<Line> candidate = lines_;
          at(candidate, p).expression = other;
          if (accept(candidate)) {
            smaller = again = true;
            break;
          }
        }
      }
    }
    return smaller;
  }

  // The expression with one node replaced by a number or by one of its parts, the largest replaced first.
  std::vector<std::string> smaller_expressions(const std::string& text) {
    std::vector<std::string> out = {"0", "1"};
    try {
      const Subject subject = build(declarations());
      Context& context = *subject.program.context;
      const Expr root = parse_expression(subject, text);
      std::vector<Expr> nodes = topological({root});
      std::reverse(nodes.begin(), nodes.end());
      const auto offer = [&](Expr node, Expr by) {
        try {
          const std::string smaller = print(replace(root, {{node, by}}));
          if (smaller.size() < text.size()) out.push_back(smaller);
        } catch (const std::exception&) {  // no such expression, such as 1 / 0
        }
      };
      for (const Expr node : nodes) {
        for (const Expr arg : node->args) {
          if (std::includes(node->free.begin(), node->free.end(), arg->free.begin(), arg->free.end()))
            offer(node, arg);
        }
        if (node->op == Op::Sum || node->op == Op::Product) {
          for (std::size_t k = 0; k < node->args.size(); ++k) {
            std::vector<Expr> args = node->args;
            std::vector<Number> weights = node->weights;
            args.erase(args.begin() + static_cast<std::ptrdiff_t>(k));
            weights.erase(weights.begin() + static_cast<std::ptrdiff_t>(k));
            offer(node, node->op == Op::Sum ? make_sum(context, args, weights, node->value)
                                            : make_product(context, args, weights));
          }
        }
        if (node->op != Op::Constant) {
          offer(node, make_constant(context, 1));
          offer(node, make_constant(context, 0));
        }
      }
    } catch (const std::exception&) {
    }
    return out;
  }

  std::vector<Line> lines_;
  const std::function<bool(const std::vector<Line>&)>& fails_;
  std::size_t trials_;
};

}  // namespace

std::vector<Line> minimise(std::vector<Line> lines,
                           const std::function<bool(const std::vector<Line>&)>& fails, std::size_t trials) {
  return Minimiser(std::move(lines), fails, trials).run();
}

std::string gist(const Outcome& failure, const std::vector<Line>& program) {
  std::set<std::string> names;
  const std::function<void(const std::vector<Line>&)> collect = [&](const std::vector<Line>& lines) {
    for (const Line& l : lines) {
      names.insert(l.words.begin(), l.words.end());
      collect(l.children);
    }
  };
  collect(program);
  std::string text = failure.text;
  // A compiler says where first; what it says stands on one line. Of the others some end with an expression.
  constexpr std::string_view kError = "error: ";
  const std::size_t error = text.find(kError);
  if (failure.stage == "compile" && error != std::string::npos) text.erase(0, error + kError.size());
  text.erase(std::min(text.find('\n'), text.size()));
  static const std::set<std::string> with_expression = {"print", "expand", "equality", "references"};
  if (with_expression.contains(failure.stage)) text.erase(std::min(text.find(": "), text.size()));
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && in_word(text[end])) ++end;
    if (end == i) {
      const char c = text[i++];
      if (c != '-' && c != '.' && c != '+') out += c;  // of numbers
      continue;
    }
    const std::string word = text.substr(i, end - i);
    const bool made_up =
        word.find_first_of("0123456789_") != std::string::npos || word == "inf" || word == "nan";
    if (!made_up && !names.contains(word)) out += word;
    i = end;
  }
  return out;
}

}  // namespace freefall::fuzz
