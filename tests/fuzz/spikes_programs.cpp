// Greedy events of an energy.

#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Spikes : public ProgramParts {
 public:
  explicit Spikes(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  void spikes() {
    const std::string signal = pool_.front(), neuron = pool_.back();
    // What drives the network is given for each tick, or stays.
    const std::string time = random_.one_in(2) ? add_axis("time", 4) : "";
    const auto over_time = [&](Names axes) {
      if (!time.empty()) axes.insert(axes.begin(), time);
      return axes;
    };
    const Array x = declare("variable", "x", {signal}), r = declare("variable", "r", {neuron});
    const std::string D = "D", s = weight(over_time({signal}));
    declare("parameter", D, {signal, neuron});
    const std::string a = random_.bound(signal), b = random_.bound(neuron), c = random_.bound(neuron);
    const bool bent = random_.one_in(4);
    const std::string count = fmt::format("r[{}]", b);
    const char* linear = random_.one_in(2) ? "1/5" : "0.01";
    const char* quadratic = random_.one_in(2) ? "1/10" : "0";
    std::string energy = fmt::format(
        "1/2 * sum{{{0}}}((x[{0}] - sum{{{1}}}(D[{0}, {1}] * {2}))^2) + {3} * sum{{{4}}}(r[{4}]) + {5} * "
        "sum{{{4}}}(r[{4}]^2)",
        a, b, bent ? "tanh(" + count + ")" : count, linear, c, quadratic);
    const std::string untimed = energy;
    if (!time.empty())
      energy += fmt::format(" + sum{{{0}}}({1} * r[{0}])", c, indexed(weight({time, neuron}), {time, c}));
    arrays_.push_back(line({"trace", "r"}, "", {line({"decay"}, "1/10")}));
    arrays_.push_back(
        line({"trace", "x"}, "",
             {line({"decay"}, "1/10"), line({"drive"}, "1/4 * " + indexed(s, over_time({signal})))}));
    std::vector<Line> parts = {line({"energy"}, energy)};
    Names moved = {"x", "r"}, learned = {D};
    std::string lesson = untimed;
    if (!bent && random_.one_in(2)) {
      declare("variable", "V", {neuron});
      moved.push_back("V");
      parts.push_back(line({"voltage", "V"}));
      if (random_.one_in(2)) {
        declare("parameter", "J", {neuron, neuron});
        parts.push_back(line({"couplings", "J"}));
        learned = {"J"};
        lesson = fmt::format("1/2 * sum{{{0}, {1}}}((V[{0}] + J[{0}, {1}])^2 * r_spike[{1}])", b, c);
      }
    }
    models_.push_back(line({"events", "r"}, "", parts));
    Names advance = {"advance"};
    advance.insert(advance.end(), moved.begin(), moved.end());
    Line fire = line({"fire", "r", fmt::format("{}", 1 + random_.below(3))});
    if (random_.one_in(2)) fire.children.push_back(descend(lesson, learned));
    std::vector<Line> tick = {line(advance), fire};
    if (!time.empty()) {
      for (const Array& kept : {x, r}) {
        if (random_.one_in(2))
          tick.push_back(evaluate(kept.name + "_kept", over_time(kept.axes), indexed(kept.name, kept.axes)));
      }
      tick = {line({"scan", time, random_.one_in(2) ? "forwards" : "backwards"}, "", tick)};
    }
    kernel("tick", tick);
    if (random_.one_in(2)) kernel("run", {line({"repeat", "3"}, "", tick)});
    kernel("energy", {evaluate("value", over_time({}), energy)});
    if (random_.one_in(2)) kernel("learn", {descend(untimed, {D})});
  }
};

}  // namespace

ProgramParts spikes_program(ProgramParts parts) {
  Spikes out(std::move(parts));
  out.spikes();
  return out;
}

}  // namespace freefall::fuzz
