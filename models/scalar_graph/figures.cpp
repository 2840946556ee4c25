// The values and gradients of the branching function, and how fast inference reaches them.

#include <fmt/format.h>

#include "models/scalar_graph/stepper.hpp"
#include "models/support/figures.hpp"
#include "scalar_graph_views.hpp"

namespace freefall::models::scalar_graph {
namespace {

constexpr double digits = 6e-11;  // the expected values are given to ten

::scalar_graph::instance at_five(double weight, double target) {
  ::scalar_graph::instance graph;
  graph.v0().setConstant(5);
  graph.theta() = 2;
  graph.weight() = weight;
  graph.target().setConstant(target);
  graph.eta() = 0.1;
  return graph;
}

experiment values() {
  const std::string closed = "v1 = theta v0, v2 = sqrt(v1), v3 = v0^2, v4 = tan(v2) + sin(v3), by Octave";
  return {"values",
          cost::quick,
          "the function at v0 = 5, theta = 2",
          {{"v1", within(10, digits), closed},
           {"v2", within(3.1622776602, digits), closed},
           {"v3", within(25, digits), closed},
           {"v4", within(-0.1116637929, digits), closed},
           {"loss", within(9.6824515598, digits), "(v4 - 3)^2"}},
          [](const watch&) {
            auto graph = at_five(2, 3);
            graph.predict(1);
            const double v4 = graph.target()(0);
            return std::vector<double>{graph.v1()(0), graph.v2()(0), graph.v3()(0), v4, (v4 - 3) * (v4 - 3)};
          }};
}

experiment gradients() {
  const std::string adjoint = "reverse-mode differentiation, by Octave; central differences";
  return {"gradients",
          cost::quick,
          "at the fixed point of inference, target 3 unless said",
          {{"by_v0", within(-63.6546292833, digits), adjoint},
           {"by_theta", within(-4.9220781558, digits), adjoint},
           {"error_of_v1", within(0.9844156312, digits), adjoint},
           {"error_of_v2", within(6.2259911175, digits), adjoint},
           {"error_of_v3", within(6.1685798021, digits), adjoint},
           {"by_v0.one_sweep", within(-63.6546292833, digits), adjoint},
           {"by_v0.half_the_loss", within(-31.8273146417, digits), adjoint},
           {"by_v0.half_the_loss.target_1", within(-11.3705321867, digits), adjoint}},
          [](const watch&) {
            auto graph = at_five(2, 3), swept = at_five(2, 3), half = at_five(1, 3), low = at_five(1, 1);
            graph.settle(1);
            swept.sweep(1);
            half.settle(1);
            low.settle(1);
            return std::vector<double>{
                graph.by_v0()(0),   graph.by_theta(), graph.v1()(0) - 10, graph.v2()(0) - std::sqrt(10.0),
                graph.v3()(0) - 25, swept.by_v0()(0), half.by_v0()(0),    low.by_v0()(0)};
          }};
}

experiment steps() {
  experiment out{
      "steps", cost::quick, "simultaneous steps until dL/dv0 is right to a relative error", {}, {}};
  const std::string tails = "the binomial tails of the two path lengths";
  for (const known_count& known : known_counts) {
    const double eta = static_cast<double>(known.eta);
    out.figures.push_back({fmt::format("eta_{}.to_1e-6", eta), exactly(known.to_millionth), tails});
    out.figures.push_back({fmt::format("eta_{}.to_1e-12", eta), exactly(known.to_trillionth), tails});
  }
  out.figures.push_back({"eta_0.1.error_after_100", within(3.569e-5, 5e-9),
                         "the binomial tails of the two path lengths, by Octave"});
  out.measure = [](const watch&) {
    std::vector<double> found;
    for (const known_count& known : known_counts) {
      const auto [to_millionth, to_trillionth] = steps_to_converge(known.eta);
      found.insert(found.end(), {static_cast<double>(to_millionth), static_cast<double>(to_trillionth)});
    }
    auto graph = at_five(2, 3);
    graph.relax(1);
    found.push_back(std::fabs(graph.by_v0()(0) / -63.6546292833 - 1));
    return found;
  };
  return out;
}

}  // namespace
}  // namespace freefall::models::scalar_graph

int main(int argc, char** argv) {
  using namespace freefall::models;
  namespace own = freefall::models::scalar_graph;
  return figures_main(argc, argv, "scalar_graph", {own::values(), own::gradients(), own::steps()});
}
