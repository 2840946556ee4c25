#include "codegen/report/linked_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "codegen/emit/emit_library.hpp"
#include "codegen/report/latex.hpp"

namespace freefall::report {
namespace {

void append(std::vector<ScheduleLine>& out, const calculus::Steps& steps, int depth, const Letters& letters) {
  for (const calculus::Step& step : steps) {
    if (const auto* loop = std::get_if<calculus::Loop>(&step.action)) {
      std::string text =
          loop->while_positive == nullptr ? "" : fmt::format("while {} > 0, ", loop->while_positive->name);
      text += fmt::format("{}{} times", text.empty() && !loop->tolerance ? "" : "at most ", loop->count);
      if (loop->tolerance) text += fmt::format(", until nothing moves by more than {}", *loop->tolerance);
      out.push_back({depth, text, ""});
      append(out, loop->body, depth + 1, letters);
    } else if (const auto* sweep = std::get_if<calculus::Sweep>(&step.action)) {
      out.push_back({depth, fmt::format("for each {}, {}", sweep->axis->name, ir::str(sweep->order)), ""});
      append(out, sweep->body, depth + 1, letters);
    } else {
      for (const calculus::Assignment& a : std::get<calculus::Assign>(step.action).simultaneous)
        out.push_back({depth, a.label, latex_assignment(a, letters)});
    }
  }
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> out;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(separator, from)) != std::string::npos; from = at + separator.size())
    out.push_back(text.substr(from, at - from));
  out.push_back(text.substr(from));
  return out;
}

std::size_t indentation(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// The name in front of the first parenthesis outside comments; empty for what is no function.
std::string function_name(const std::string& chunk) {
  for (const std::string& line : split(chunk, "\n")) {
    if (line.starts_with("//") || line.find('(') == std::string::npos) continue;
    const std::size_t end = line.find('(');
    const std::size_t begin = line.find_last_of(" *&", end) + 1;
    return chunk.find('{') == std::string::npos ? "" : line.substr(begin, end - begin);
  }
  return "";
}

// The equations of a kernel by their labels. A first pass that stands before its loop repeats the labels of
// the loop, and statements come about in the order of the schedule: of several equations it is the next one.
class Equations {
 public:
  explicit Equations(const std::vector<ScheduleLine>& schedule) {
    for (std::size_t k = 0; k < schedule.size(); ++k) {
      if (!schedule[k].latex.empty()) labels_[schedule[k].text].push_back(static_cast<int>(k));
    }
  }
  // -1 for a label of no equation.
  int find(const std::string& label) {
    const auto known = labels_.find(label);
    if (known == labels_.end()) return -1;
    const std::vector<int>& all = known->second;
    const auto next = std::lower_bound(all.begin(), all.end(), last_);
    return last_ = next == all.end() ? all.back() : *next;
  }

 private:
  std::map<std::string, std::vector<int>> labels_;
  int last_ = 0;
};

// A comment is wrapped onto lines that stand further in.
void append_code(KernelPage& page, const std::string& chunk, Equations& equations) {
  const std::vector<std::string> lines = split(chunk, "\n");
  int equation = -1;
  std::size_t from = 0;  // the indentation at which the equation was named
  for (std::size_t k = 0; k < lines.size(); ++k) {
    const std::size_t in = indentation(lines[k]);
    if (lines[k].substr(in).starts_with("// ")) {
      const std::size_t first = k;
      std::string label = lines[k].substr(in + 3);
      while (k + 1 < lines.size() && lines[k + 1].substr(indentation(lines[k + 1])).starts_with("//     "))
        label += " " + lines[++k].substr(in + 7);
      equation = equations.find(label);
      from = in;
      for (std::size_t l = first; l <= k; ++l) page.code.push_back({lines[l], equation});
      continue;
    }
    if (in < from) equation = -1;
    page.code.push_back({lines[k], equation});
  }
}

}  // namespace

std::vector<KernelPage> kernel_pages(const plan::Compilation& c) {
  const Letters letters(*c.program->context);
  std::vector<KernelPage> out;
  std::vector<Equations> equations;
  for (const auto& p : c.planned) {
    KernelPage page{p.name, {}, {}};
    append(page.schedule, p.steps, 0, letters);
    equations.emplace_back(page.schedule);
    out.push_back(std::move(page));
  }
  std::string source;
  for (const emit::GeneratedFile& f : emit::emit_library(c)) {
    if (f.name.ends_with(".cpp")) source = f.text;
  }
  for (const std::string& chunk : split(source, "\n\n")) {
    const std::string name = function_name(chunk);
    std::size_t owner = out.size(), length = 0;
    for (std::size_t k = 0; k < out.size(); ++k) {
      const bool own = name == out[k].name || name.starts_with(out[k].name + "_");
      if (own && out[k].name.size() >= length) {
        owner = k;
        length = out[k].name.size();
      }
    }
    if (owner == out.size()) continue;
    if (!out[owner].code.empty()) out[owner].code.push_back({"", -1});
    append_code(out[owner], chunk.substr(chunk.find_first_not_of('\n')), equations[owner]);
  }
  return out;
}

}  // namespace freefall::report
