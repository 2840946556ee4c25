#include "models/support/figures.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <freefall/runtime/progress.hpp>
#include <limits>
#include <memory>
#include <stdexcept>

namespace freefall::models {

bool target::holds(double measured) const {  // a NaN compares false
  switch (is) {
    case kind::near: return std::fabs(measured - value) <= tolerance;
    case kind::near_relative: return std::fabs(measured - value) <= tolerance / 100 * std::fabs(value);
    case kind::at_least: return measured >= value && std::isfinite(measured);
    case kind::at_most: return measured <= value && std::isfinite(measured);
  }
  return false;
}

std::string target::expected_text() const {
  const char* sign = is == kind::at_least ? ">=" : is == kind::at_most ? "<=" : "";
  return fmt::format("{}{:.12g}", sign, value);
}

std::string target::tolerance_text() const {
  return fmt::format("{:.6g}{}", tolerance, is == kind::near_relative ? "%" : "");
}

std::string target::measured_text(double measured) const {
  if (!std::isfinite(measured)) return "none";
  if (is == kind::at_least || is == kind::at_most) return fmt::format("{:.4g}", measured);
  const double distance = is == kind::near ? tolerance : tolerance / 100 * std::fabs(value);
  if (distance == 0) return fmt::format("{:.12g}", measured);
  const int decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(distance))), 0, 16);
  return fmt::format("{:.{}f}", measured, decimals);
}

namespace {

class Run {
 public:
  Run(const std::string& model, const experiment& e) : model_(model), experiment_(e) {}

  /// Whether every figure of the experiment holds.
  bool print() const {
    const std::vector<double> found = measure();
    bool all = true;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const figure& f = experiment_.figures[i];
      const bool holds = f.expected.holds(found[i]);
      fmt::print("figure {} {}.{} measured {} expected {} tolerance {} {}\n", model_, experiment_.name,
                 f.name, f.expected.measured_text(found[i]), f.expected.expected_text(),
                 f.expected.tolerance_text(), holds ? "ok" : "SHORT");
      all = all && holds;
    }
    std::fflush(stdout);
    return all;
  }

  void list() const {
    for (const figure& f : experiment_.figures)
      fmt::print("figure {} {}.{} expected {} tolerance {} {}: {}; from {}\n", model_, experiment_.name,
                 f.name, f.expected.expected_text(), f.expected.tolerance_text(),
                 experiment_.takes == cost::quick ? "quick" : "slow", experiment_.about, f.source);
  }

 private:
  std::vector<double> measure() const {
    std::unique_ptr<runtime::progress> bar;
    const watch progress = [&](std::size_t done, std::size_t total) {
      if (experiment_.takes == cost::quick) return;
      if (!bar) bar = std::make_unique<runtime::progress>(model_ + " " + experiment_.name, total, "parts");
      bar->update(done);
      if (done == total) bar->finish();
    };
    std::string reason;
    try {
      std::vector<double> found = experiment_.measure(progress);
      if (found.size() == experiment_.figures.size()) return found;
      reason = fmt::format("expected {} values, found {}", experiment_.figures.size(), found.size());
    } catch (const std::exception& e) {
      reason = e.what();
    }
    fmt::print(stderr, "{} {}: {}\n", model_, experiment_.name, reason);
    return std::vector<double>(experiment_.figures.size(), std::numeric_limits<double>::quiet_NaN());
  }

  const std::string& model_;
  const experiment& experiment_;
};

}  // namespace

int figures_main(int argc, char** argv, const std::string& model,
                 const std::vector<experiment>& experiments) {
  std::vector<std::string> names, chosen;
  for (const experiment& e : experiments) names.push_back(e.name);
  bool all = false, list = false;
  CLI::App app{fmt::format("Measures again the figures that {} claims to reproduce.", model)};
  app.add_option("experiment", chosen,
                 fmt::format("which (default: all that are quick): {}", fmt::join(names, ", ")))
      ->check(CLI::IsMember(names));
  app.add_flag("--all", all, "the slow ones as well");
  app.add_flag("--list", list, "print what would be measured and where the expected values are from");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  bool held = true;
  for (const experiment& e : experiments) {
    const bool named = std::ranges::find(chosen, e.name) != chosen.end();
    if (chosen.empty() ? !all && e.takes == cost::slow : !named) continue;
    const Run run(model, e);
    if (list)
      run.list();
    else
      held = run.print() && held;
  }
  return held ? 0 : 1;
}

}  // namespace freefall::models
