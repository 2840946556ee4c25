#include <nlohmann/json.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/report/factor_graph.hpp"

namespace freefall::driver {

int run_graph(const Request& request, const ir::Program& program, std::string& out) {
  const report::FactorGraph graph = report::factor_graph(program);
  if (request.format == "dot") out += report::graphviz(graph);
  if (request.format == "svg") out += report::svg(graph);
  if (request.format == "json") {
    nlohmann::ordered_json nodes = nlohmann::ordered_json::array(), edges = nodes;
    for (const auto& n : graph.nodes)
      nodes.push_back({{"kind", name(n.kind)}, {"name", n.name}, {"detail", n.detail}});
    for (const auto& e : graph.edges) edges.push_back({{"from", e.from}, {"to", e.to}, {"at", e.at}});
    out +=
        nlohmann::ordered_json{{"plates", graph.plates}, {"nodes", nodes}, {"edges", edges}}.dump(2) + "\n";
  }
  return 0;
}

}  // namespace freefall::driver
