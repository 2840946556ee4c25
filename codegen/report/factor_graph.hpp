#pragma once
// The factor graph of a program: variables, what they depend on, and the factor that draws each.

#include <string>
#include <vector>

#include "codegen/ir/program.hpp"

namespace freefall::report {

struct FactorGraph {
  enum class Kind { latent, given, parameter, input, factor };
  struct Node {
    Kind kind = Kind::factor;
    std::string name;    ///< of the tensor; of a factor, its density
    std::string detail;  ///< the axes that are no common plate; of a factor, where it is declared
    std::size_t model = 0;
  };
  struct Edge {
    std::size_t from = 0,
                to = 0;  ///< a factor at one end: parent to factor, or factor to the variable it draws
    std::string at;      ///< where the parent is read at other elements: "t-1"; empty otherwise
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  std::vector<std::string> plates;  ///< that every random variable has
};
const char* name(FactorGraph::Kind kind);

/// Nodes and edges in the order of declaration.
FactorGraph factor_graph(const ir::Program& program);

/// In the language of Graphviz.
std::string graphviz(const FactorGraph& graph);

/// A drawing, parents above children, parameters beside their factor. Stands alone or inside a page; follows
/// the reader's colour scheme.
std::string svg(const FactorGraph& graph);

}  // namespace freefall::report
