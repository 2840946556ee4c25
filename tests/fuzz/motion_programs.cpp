// Generalised coordinates: densities of the motion of a state, descents in the moving frame.

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Motion : public ProgramParts {
 public:
  explicit Motion(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  void motion() {
    const std::string order = "order";
    axes_.push_back(line({"axis", order, fmt::format("{}", 1 + random_.below(4))}));
    const std::string state = random_.any(pool_), sense = random_.any(pool_);
    const Names shared = random_.one_in(2) ? plates_ : Names{};
    Names x_axes = shared, y_axes = shared;
    x_axes.insert(x_axes.end(), {order, state});
    y_axes.insert(y_axes.end(), {order, sense});
    const Array x = declare("variable", "x", x_axes);
    declare("variable", "y", y_axes);
    const auto through = [&](const std::string& to) {
      const std::string k = random_.bound(state);
      Names at = x_axes;
      at.back() = k;
      const Names axes = {to, state};
      return fmt::format("sum{{{}}}({}[{}, {}] * {})", k, weight(axes), to, k,
                         random_.activate(indexed("x", at)));
    };
    const auto density = [&](const std::string& name, const std::string& to, const Line& drawn) {
      std::string f = through(to);
      if (random_.one_in(3)) f = random_.activate(f + " + " + bias({to}));
      std::vector<Line> arguments;
      if (!drawn.words.empty()) arguments.push_back(drawn);
      arguments.push_back(line({"mean", "generalised", order}, f));
      if (random_.one_in(2)) arguments.push_back(full("covariance", order, {order}));
      const bool matrix = random_.one_in(2);
      if (matrix)
        arguments.push_back(full("precision", to, {to}));
      else if (random_.one_in(2))
        arguments.push_back(line({"precision"}, fmt::format("exp({}[{}])", weight({to}), to)));
      return line({name, "normal"}, "", arguments);
    };
    Names next = x_axes;
    next[next.size() - 2] = order + " + 1";
    const Line moved = line({"drawn"}, fmt::format("range({0}, {0} + 1) * {1}", order, indexed("x", next)));
    models_.push_back(line({"model", "m"}, "", {density("x", state, moved), density("y", sense, {})}));
    models_.push_back(line({"family", "q"}, "", {line({"x", "delta"})}));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    Line frame = descend("F", {"x"}, "moving_frame");
    frame.children.push_back(line({"orders"}, fmt::format("extent({})", order)));
    kernel("infer", {loop({frame})});
    if (random_.one_in(2)) kernel("settle", {loop({descend("F", {"x"})})});
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {frame, descend("F", targets)});
  }
};

}  // namespace

ProgramParts motion_program(ProgramParts parts) {
  Motion out(std::move(parts));
  out.motion();
  return out;
}

}  // namespace freefall::fuzz
