#include "codegen/report/html.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "codegen/report/cost_table.hpp"
#include "codegen/report/description.hpp"
#include "codegen/report/escape.hpp"
#include "codegen/report/evidence.hpp"
#include "codegen/report/factor_graph.hpp"
#include "codegen/report/html_style.hpp"
#include "codegen/report/linked_code.hpp"
#include "codegen/report/mathml.hpp"

namespace freefall::report {
namespace {

std::string equation(const std::string& latex) {
  return "<div class=\"eq scroll\">" + math_element(latex) + "</div>\n";
}

std::string place(const ir::Origin& origin) {
  return origin.file.empty()
             ? ""
             : fmt::format("<span class=\"soft small\">{}:{}</span>", escape_xml(origin.file), origin.line);
}

std::string section(const char* id, const char* title, const std::string& body) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, title, body);
}

// One row of a table.
std::string row(const char* cell, const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (const std::string& c : cells) out += fmt::format("<{0}>{1}</{0}>", cell, c);
  return out + "</tr>\n";
}

class Page {
 public:
  Page(const plan::Compilation& c, const HtmlOptions& options)
      : c_(c),
        options_(options),
        description_(describe(c)),
        costs_(kernel_costs(*c.program, c.sizes)),
        kernels_(kernel_pages(c)),
        evidence_(rule_evidence(c)) {}

  std::string run() {
    std::string body = header();
    struct Part {
      const char *id, *title;
      std::string text;
    };
    std::vector<Part> parts;
    if (options_.results) parts.push_back({"results", "Results", results(*options_.results)});
    parts.push_back({"model", "Model", model()});
    if (!description_.functionals.empty()) parts.push_back({"functional", "Functional", functionals()});
    parts.push_back({"assumptions", "Assumptions", assumptions()});
    parts.push_back({"rules", "Rules", rules()});
    parts.push_back({"cost", "Cost", cost()});
    parts.push_back({"kernels", "Kernels", kernels()});
    body += "<nav><div>";
    for (const Part& p : parts) body += fmt::format("<a href=\"#{}\">{}</a>", p.id, p.title);
    body += "</div></nav>\n<main>\n";
    for (const Part& p : parts) body += section(p.id, p.title, p.text);
    body += "</main>\n<footer>Derived and compiled by freefall.</footer>\n";
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>{} - "
        "freefall</title>\n"
        "<style>{}{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
        escape_xml(c_.sizes.name), kPageStyle, links_, body);
  }

 private:
  std::string header() const {
    std::string facts;
    for (const ir::Axis& a : c_.program->context->axes()) {
      facts += fmt::format("<li><b>{}</b> {}{}</li>", escape_xml(a.name), c_.sizes.extent(&a),
                           a.plate ? " copies" : "");
    }
    facts += fmt::format("<li>{}</li>", plan::cpp_name(c_.sizes.scalar));
    return fmt::format(
        "<header>\n<h1>{}</h1>\n<p class=\"soft\">{}{}, {}</p>\n<ul class=\"facts\">{}</ul>\n</header>\n",
        escape_xml(c_.sizes.name), count(kernels_.size(), "kernel"),
        description_.models.empty() ? "" : " from the model " + escape_xml(description_.name),
        count(description_.rules.size(), "derived rule"), facts);
  }

  static std::string count(std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  }

  std::string model() const {
    std::string text;
    for (const ModelDescription& m : description_.models) {
      text += fmt::format("<h3>{} {}</h3>\n", m.joint ? "Joint density" : "Full conditionals",
                          escape_xml(m.name));
      for (const FactorDescription& f : m.factors) text += equation(f.equation.latex());
    }
    text += "<h3>Indices</h3>\n<ul class=\"legend\">";
    for (const auto& [letter, axis] : description_.indices)
      text += fmt::format("<li>{} {}</li>", math_element(letter, false), escape_xml(axis));
    text += "</ul>\n";
    if (!description_.names.empty()) {
      text += "<h3>Names of recurring parts</h3>\n";
      for (const Equation& e : description_.names) text += equation(e.latex());
    }
    if (description_.models.empty()) return text;
    const std::string graph = svg(factor_graph(*c_.program));
    constexpr const char* kKey =
        "<p class=\"soft small\">Round: random variables, outlined where inferred, filled where given. "
        "Squares: "
        "factors. Boxes: parameters and inputs.</p>";
    // A graph that would not be readable beside the equations stands above them, and shrinks no further than
    // is readable.
    if (const double natural = width(graph); natural > 500)
      return fmt::format("<div class=\"scroll wide\" style=\"--least:{:.0f}px\">{}</div>{}\n{}",
                         0.7 * natural, graph, kKey, text);
    return fmt::format("<div class=\"split\"><div class=\"graphbox\">{}{}</div><div>{}</div></div>\n", graph,
                       kKey, text);
  }

  static double width(const std::string& graph) {
    constexpr std::string_view kAttribute = " width=\"";
    const std::size_t at = graph.find(kAttribute);
    return at == std::string::npos ? 0 : std::strtod(graph.c_str() + at + kAttribute.size(), nullptr);
  }

  std::string functionals() const {
    std::string out;
    for (const FunctionalDescription& f : description_.functionals) {
      out += fmt::format("<h3>{} <span class=\"badge\">to be {}</span></h3>\n", escape_xml(f.name),
                         f.maximised ? "maximised" : "minimised");
      for (const Equation& e : f.decompositions) out += equation(e.latex());
      if (!f.decompositions.empty()) out += "<p class=\"soft\">where</p>\n";
      for (const Equation& e : f.terms) out += equation(e.latex());
    }
    return "<p class=\"soft\">In nats, constants kept.</p>\n" + out;
  }

  std::string assumptions() const {
    if (description_.assumptions.empty()) return "<p>None was made.</p>\n";
    std::string rows;
    for (const auto& a : description_.assumptions)
      rows += row("td", {"<b>" + escape_xml(a.name) + "</b>", escape_xml(a.place), escape_xml(a.text)});
    return "<div class=\"scroll\"><table>" + row("th", {"assumption", "where", "what"}) + rows +
           "</table></div>\n";
  }

  static const char* badge_of(const std::string& verdict) {
    return verdict == "refuted" ? "bad" : verdict.starts_with("proven") ? "good" : "warn";
  }

  std::string rules() const {
    std::string out;
    for (const EventsDescription& e : description_.events) {
      out += fmt::format(
          "<div class=\"rule\"><h3>Events of {}{} {}</h3>\n<p class=\"small soft\">Each adds 1 to an "
          "element, "
          "where "
          "the voltage exceeds the threshold.</p>\n",
          escape_xml(e.counts), e.voltage.empty() ? "" : ", voltage " + escape_xml(e.voltage),
          place(e.origin));
      for (const Equation& equation_of : e.equations) out += equation(equation_of.latex());
      out += "</div>\n";
    }
    for (std::size_t k = 0; k < description_.rules.size(); ++k) {
      const RuleDescription& r = description_.rules[k];
      const RuleEvidence& known = evidence_[k];
      // A kernel may have several rules for one variable.
      const auto before = std::count_if(
          description_.rules.begin(), description_.rules.begin() + static_cast<std::ptrdiff_t>(k),
          [&](const RuleDescription& o) { return o.kernel == r.kernel && o.variable == r.variable; });
      const std::string suffix = before == 0 ? "" : fmt::format("-{}", before + 1);
      out += fmt::format(
          "<div class=\"rule\" id=\"rule-{0}-{1}{4}\"><header><h3>{1}</h3><span class=\"soft\">in kernel <a "
          "href=\"#kernel-{0}\">{0}</a>, by {2}</span>{3}",
          escape_xml(r.kernel), escape_xml(r.variable), escape_xml(r.method), place(r.origin), suffix);
      if (!known.verdict.empty())
        out += fmt::format("<span class=\"badge {}\">{}</span>", badge_of(known.verdict),
                           escape_xml(known.verdict));
      if (known.located)
        out += fmt::format("<span class=\"badge {}\">{}</span>", known.local ? "good" : "warn",
                           known.local ? "local" : "not local");
      if (!r.modification.empty()) out += "<span class=\"badge warn\">not a gradient of F</span>";
      out += "</header>\n";
      if (!r.modification.empty())
        out += fmt::format("<p class=\"small\">{}. The gradient would be</p>\n", escape_xml(r.modification)) +
               equation(r.before.latex()) + "<p class=\"small\">and the rule uses</p>\n";
      out += equation(r.derivative.latex());
      if (!known.evidence.empty()) out += "<p class=\"small soft\">" + escape_xml(known.evidence) + "</p>\n";
      for (const std::string& text : known.locality)
        out += "<p class=\"small soft\">Not local, " + escape_xml(text) + "</p>\n";
      out += fmt::format("<details><summary>{}</summary>\n",
                         r.updates.size() == 1 ? "The update" : "The updates");
      for (const Equation& e : r.updates) out += equation(e.latex());
      out += "</details></div>\n";
    }
    return out;
  }

  std::string cost() const {
    std::string rows;
    const auto change = [](double before, double after, const char* unit) {
      const std::string now = fmt::format("<span class=\"num\">{}</span>", with_prefix(after, unit));
      if (before == after) return now;
      return fmt::format("{} <span class=\"soft small num\">from {}</span>", now, with_prefix(before, unit));
    };
    for (const KernelCost& k : costs_)
      rows +=
          row("td", {fmt::format("<a href=\"#kernel-{0}\">{0}</a>", escape_xml(k.kernel)),
                     change(k.before.operations, k.after.operations, ""),
                     change(k.before.bytes, k.after.bytes, "B"),
                     change(static_cast<double>(k.memory_before), static_cast<double>(k.memory_after), "B"),
                     with_prefix(static_cast<double>(k.arrays), "B")});
    return "<p class=\"soft\">One call at full capacity; <i>from</i> is the figure without the optional "
           "passes.</p>\n<div "
           "class=\"scroll\"><table>" +
           row("th", {"kernel", "operations", "bytes moved", "workspace", "arrays"}) + rows +
           "</table></div>\n";
  }

  std::string kernels() {
    std::string out =
        "<p class=\"soft\">Each statement belongs to an equation of the schedule: point at one to see the "
        "other, or follow "
        "the number of an equation to its statement.</p>\n";
    for (std::size_t k = 0; k < kernels_.size(); ++k) {
      const KernelPage& page = kernels_[k];
      const auto reads = [&] {
        std::size_t n = 0;
        for (const ScheduleLine& l : page.schedule) n += l.latex.empty() ? 0 : 1;
        return n;
      }();
      out += fmt::format(
          "<details class=\"kernel\" id=\"kernel-{0}\"{1}><summary><b>{0}</b> <span class=\"soft\">{2} "
          "equations</span></summary>\n<div class=\"pair\">\n",
          escape_xml(page.name), k == 0 ? " open" : "", reads);
      out += schedule(k, page) + code(k, page) + "</div></details>\n";
    }
    return out;
  }

  std::string schedule(std::size_t kernel, const KernelPage& page) {
    std::string out = "<div class=\"steps\">\n";
    for (std::size_t e = 0; e < page.schedule.size(); ++e) {
      const ScheduleLine& line = page.schedule[e];
      const std::string indent = fmt::format(" style=\"margin-left:{}rem\"", line.depth * 1.1);
      if (line.latex.empty()) {
        out += fmt::format("<div class=\"step loop\"{}>{}</div>\n", indent, escape_xml(line.text));
        continue;
      }
      const std::string id = fmt::format("{}-{}", kernel, e);
      const bool linked = std::any_of(page.code.begin(), page.code.end(),
                                      [&](const CodeLine& l) { return l.equation == static_cast<int>(e); });
      const std::string math = math_element(line.latex, false);
      if (!linked) {
        out += fmt::format(
            "<div class=\"step soft\" title=\"{}: left out, nothing reads it\"{}><span "
            "class=\"no\">{}</span>{}"
            "</div>\n",
            escape_xml(line.text), indent, e + 1, math);
        continue;
      }
      out += fmt::format(
          "<div class=\"step\" data-e=\"{0}\" id=\"e{0}\" title=\"{1}\"{2}><span class=\"no\"><a "
          "href=\"#c{0}\">{3}</a></span>{4}</div>\n",
          id, escape_xml(line.text), indent, e + 1, math);
      links_ +=
          fmt::format("body:has([data-e=\"{0}\"]:hover) [data-e=\"{0}\"]{{background:var(--hit)}}\n", id);
    }
    return out + "</div>\n";
  }

  static std::string code(std::size_t kernel, const KernelPage& page) {
    std::string out = "<pre>";
    std::vector<bool> anchored(page.schedule.size(), false);
    for (const CodeLine& line : page.code) {
      std::string attributes;
      if (line.text.find_first_not_of(' ') != std::string::npos &&
          line.text.substr(line.text.find_first_not_of(' ')).starts_with("//"))
        attributes += " class=\"c\"";
      if (line.equation >= 0) {
        const auto e = static_cast<std::size_t>(line.equation);
        attributes += fmt::format(" data-e=\"{}-{}\"", kernel, e);
        if (!anchored[e]) attributes += fmt::format(" id=\"c{}-{}\"", kernel, e);
        anchored[e] = true;
      }
      out += fmt::format("<span{}>{}</span>", attributes, escape_xml(line.text));
    }
    return out + "</pre>\n";
  }

  std::string results(const Results& r) const {
    std::string out;
    if (!r.model.empty() && r.model != c_.sizes.name)
      out += fmt::format("<p class=\"soft\">Of a run of {}.</p>\n", escape_xml(r.model));
    if (!r.figures.empty()) {
      out += "<ul class=\"facts\">";
      for (const auto& [name, value] : r.figures)
        out += fmt::format("<li>{} <b>{:.6g}</b></li>", escape_xml(name), value);
      out += "</ul>\n";
    }
    out += "<div class=\"charts\">";
    for (const Results::Chart& chart : r.charts) {
      out += fmt::format("<figure><h3>{}</h3>{}", escape_xml(chart.name), svg(chart));
      if (chart.series.size() > 1) {
        out += "<div class=\"key\">";
        for (std::size_t s = 0; s < chart.series.size(); ++s)
          out += fmt::format(
              "<span><svg viewBox=\"0 0 20 6\"><path class=\"s{}\" stroke-width=\"3\" d=\"M0 "
              "3H20\"/></svg>{}</span>",
              chart.series[s].colour % 5, escape_xml(chart.series[s].name));
        out += "</div>";
      }
      out += "</figure>\n";
    }
    out += "</div>\n";
    if (!r.pictures.empty()) {
      out += "<h3>Examples</h3>\n<div class=\"pictures\">";
      for (const Results::Picture& p : r.pictures)
        out += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>", svg(p), escape_xml(p.caption));
      out += "</div>\n";
    }
    for (const Results::Raster& raster : r.rasters)
      out += fmt::format("<figure><h3>{}</h3>{}</figure>\n", escape_xml(raster.title), svg(raster));
    return out;
  }

  const plan::Compilation& c_;
  const HtmlOptions& options_;
  const Description description_;
  const std::vector<KernelCost> costs_;
  const std::vector<KernelPage> kernels_;
  const std::vector<RuleEvidence> evidence_;
  std::string links_;  // one style for each linked equation
};

}  // namespace

std::string html(const plan::Compilation& compilation, const HtmlOptions& options) {
  return Page(compilation, options).run();
}

}  // namespace freefall::report
