// Filters: ticks, normal posteriors, integrals over the previous state.

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Filter : public ProgramParts {
 public:
  explicit Filter(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  void filter() {
    const std::string& state = random_.any(pool_);
    const std::string& sense = random_.any(pool_);
    Names shared = random_.one_in(2) ? plates_ : Names{};
    Names x_axes = shared, y_axes = shared;
    x_axes.push_back(state);
    y_axes.push_back(sense);
    const Array x = declare("variable", "x", x_axes), y = declare("variable", "y", y_axes);
    arrays_.push_back(line({"previous_tick", "x"}));
    const Array before = {"x_previous", x_axes};
    const bool gaussian = random_.one_in(2), integrates = gaussian && random_.one_in(2),
               bent = random_.one_in(3);
    const auto through = [&](const Array& from, const Names& to, const char* name) {
      const std::string k = random_.bound(from.axes.back());
      Names at = from.axes;
      at.back() = k;
      const bool constant = constants_ && !random_.one_in(3);
      declare(constant ? "constant" : "parameter", name, {to.back(), from.axes.back()});
      if (!constant) parameters_.push_back({name, {to.back(), from.axes.back()}});
      std::string read = indexed(from.name, at);
      if (bent) read = fmt::format("tanh({})", read);
      return fmt::format("sum{{{}}}({}[{}, {}] * {})", k, name, to.back(), k, read);
    };
    std::vector<Line> of_x = {
        line({"mean"}, through(before, x_axes, "A") + (random_.one_in(2) ? " + " + bias(x_axes) : ""))};
    of_x.push_back(full(random_.one_in(2) ? "covariance" : "precision", state, {state}));
    if (integrates) of_x.push_back(line({"marginalised", "x_previous"}));
    std::vector<Line> of_y = {line({"mean"}, through(x, y_axes, "C"))};
    for (Line& l : spread({}, y_axes)) of_y.push_back(std::move(l));
    if (bent && random_.one_in(2)) of_y.push_back(line({"linearised"}));
    models_.push_back(
        line({"model", "m"}, "", {line({"x", "normal"}, "", of_x), line({"y", "normal"}, "", of_y)}));
    models_.push_back(line({"family", "q"}, "", {line({"x", gaussian ? "gaussian" : "delta"})}));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    if (gaussian) arrays_.push_back(line({"precision", "x"}));
    const Line advance = line({"advance", "x"}), forward = line({"forward", "m", "q"});
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    kernel("tick", {advance, forward, loop(settle("F", {"x"}))});
    kernel("loose", {loop({advance, descend("F", {"x"}, "euler")})});
    if (!bent) {
      std::vector<Line> body = {advance, forward, line({"solve_for", "x"}, "F")};
      if (gaussian) body.push_back(line({"solve_for", "x_precision"}, "F"));
      kernel("exact", body);
    } else if (gaussian) {
      kernel("laplace", {line({"repeat", "2"}, "", {descend("F", {"x"}, "newton")}),
                         line({"solve_for", "x_precision"}, "F")});
    }
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {descend("F", targets)});
  }
};

}  // namespace

ProgramParts filter_program(ProgramParts parts) {
  Filter out(std::move(parts));
  out.filter();
  return out;
}

}  // namespace freefall::fuzz
