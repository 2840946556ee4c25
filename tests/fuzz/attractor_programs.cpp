// Full conditionals of continuous Bernoulli units.

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Attractor : public ProgramParts {
 public:
  explicit Attractor(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  void attractor() {
    Names axes = random_.one_in(2) ? plates_ : Names{};
    const std::string unit = random_.any(pool_);
    axes.push_back(unit);
    const Array x = declare("variable", "x", axes);
    const std::string other = random_.bound(unit);
    Names at = axes;
    at.back() = other;
    const std::string J = random_.one_in(4) ? "J" : "J", read = indexed("x", at);
    declare("parameter", J, {unit, unit}, "zero_diagonal");
    parameters_.push_back({J, {unit, unit}});
    std::string natural =
        fmt::format("sum{{{0}}}({1}[{2}, {0}] * {3})", other, J, unit, random_.activate(read));
    natural += " + " + bias(axes);
    if (random_.one_in(2)) natural = weight({}) + " * (" + natural + ")";
    models_.push_back(line({"conditionals", "m"}, "",
                           {line({"x", "continuous_bernoulli"}, "", {line({"natural"}, natural)})}));
    models_.push_back(line({"family", "q"}, "", {line({"x", "continuous_bernoulli"})}));
    models_.push_back(line({"functional", "F", "local_free_energy", "m", "q"}));
    arrays_.push_back(line({"previous", "x"}));
    models_.push_back(line({"functional", "S", "surprise", "x", "continuous_bernoulli"}, "",
                           {line({"natural"}, fmt::format("sum{{{0}}}({1}[{2}, {0}] * {3})", other, J, unit,
                                                          indexed("x_previous", at)))}));
    const std::string local = indexed("F", axes);
    const Line solve = line({"solve"}, local), draw = line({"draw", "q"}), expect = line({"expect", "q"});
    std::vector<Line> train = {solve, draw};
    Line learn = descend("S", {J}, "sgd");
    if (random_.one_in(2)) learn.children.push_back(line({"presynaptic", "x"}));
    train.push_back(learn);
    kernel("train", random_.one_in(2) ? std::vector<Line>{loop(train)} : train);
    kernel("relax", {loop({solve, random_.one_in(2) ? draw : expect})});
    if (random_.one_in(2)) kernel("visit", {loop({scan(unit, {solve, random_.one_in(2) ? draw : expect})})});
    if (random_.one_in(2))
      kernel("twice", {solve, line({"repeat", "2"}, "", {line({"repeat", "2"}, "", {draw}), draw})});
    kernel("energy", {evaluate("local", axes, local), evaluate("value", {}, sum_over(axes, local) + " + S")});
  }
};

}  // namespace

ProgramParts attractor_program(ProgramParts parts) {
  Attractor out(std::move(parts));
  out.attractor();
  return out;
}

}  // namespace freefall::fuzz
