// The drawing of a factor graph in layers. Variables and factors get a layer by their longest way from a
// root, edges over several layers a place in each, and every layer the order of the centres of its neighbours
// (Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system structures").
// Parameters and inputs stand on the right, in the row of the first factor that reads them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "codegen/report/factor_graph.hpp"

#include "codegen/report/escape.hpp"

namespace freefall::report {
namespace {

using Kind = FactorGraph::Kind;

constexpr double kRow = 62, kGap = 26, kFactor = 13, kHeight = 38, kChip = 28;

struct Place {
  double x = 0, y = 0, width = 0;
  int layer = -1;
};

// Text widths of a proportional font of 13 and 10 pixels, on the wide side.
double label_width(const FactorGraph::Node& n) {
  const double text =
      std::max(static_cast<double>(n.name.size()) * 8, static_cast<double>(n.detail.size()) * 6);
  return std::max(46.0, text + 22);
}

bool outside(const FactorGraph::Node& n) { return n.kind == Kind::parameter || n.kind == Kind::input; }

class Layout {
 public:
  explicit Layout(const FactorGraph& graph) : graph_(graph), places(graph.nodes.size()) {
    assign_layers();
    make_rows();
    order_rows();
    set_positions();
    place_outside();
  }

  // The points an edge passes on its way through the layers between its ends.
  std::vector<std::pair<double, double>> way(std::size_t edge) const {
    std::vector<std::pair<double, double>> out;
    for (const std::size_t c : bends_[edge]) out.emplace_back(cells_[c].x, kRow * cells_[c].layer);
    return out;
  }
  // Ends in one layer or upwards: the variable depends on itself, or a cycle over time.
  bool is_back(std::size_t edge) const {
    const auto& e = graph_.edges[edge];
    return places[e.from].layer >= places[e.to].layer;
  }

 private:
  struct Cell {
    std::size_t node;  // or npos for a bend of an edge
    int layer;
    double width, x = 0;
    std::vector<std::size_t> above, below;
  };

  void assign_layers() {
    std::vector<std::size_t> inner;
    for (std::size_t k = 0; k < graph_.nodes.size(); ++k) {
      if (!outside(graph_.nodes[k])) inner.push_back(k);
    }
    // Edges that go against the order of the factors close a cycle and do not count; each of the others is
    // seen after those that lead to its factor, so one pass for each node is enough.
    std::vector<std::size_t> order(graph_.nodes.size(), 0);
    for (std::size_t e = 0; e < graph_.edges.size(); ++e) {
      if (graph_.nodes[graph_.edges[e].from].kind == Kind::factor) order[graph_.edges[e].to] = e + 1;
    }
    for (const std::size_t k : inner) places[k].layer = 0;
    for (std::size_t round = 0; round < inner.size(); ++round) {
      bool changed = false;
      for (std::size_t e = 0; e < graph_.edges.size(); ++e) {
        const auto& [from, to, at] = graph_.edges[e];
        if (outside(graph_.nodes[from])) continue;
        const bool back = graph_.nodes[to].kind == Kind::factor && order[from] > e;
        if (back || places[to].layer > places[from].layer) continue;
        places[to].layer = places[from].layer + 1;
        changed = true;
      }
      if (!changed) break;
    }
    // What nothing stands above of moves down to its first reader.
    for (const std::size_t k : inner) {
      bool root = true;
      int lowest = -1;
      for (const auto& e : graph_.edges) {
        root = root && (e.to != k || outside(graph_.nodes[e.from]));
        if (e.from == k && (lowest < 0 || places[e.to].layer < lowest)) lowest = places[e.to].layer;
      }
      if (root && lowest > 0) places[k].layer = std::max(places[k].layer, lowest - 1);
    }
  }

  void make_rows() {
    std::vector<std::size_t> cell_of(graph_.nodes.size());
    const auto add = [&](std::size_t node, int layer, double width) {
      cells_.push_back({node, layer, width, 0, {}, {}});
      if (rows_.size() <= static_cast<std::size_t>(layer)) rows_.resize(static_cast<std::size_t>(layer) + 1);
      rows_[static_cast<std::size_t>(layer)].push_back(cells_.size() - 1);
      return cells_.size() - 1;
    };
    for (std::size_t k = 0; k < graph_.nodes.size(); ++k) {
      const auto& n = graph_.nodes[k];
      places[k].width = n.kind == Kind::factor ? kFactor : label_width(n);
      if (outside(n)) {
        places[k].width =
            8.0 * static_cast<double>(n.name.size()) + 6.0 * static_cast<double>(n.detail.size()) + 26;
        continue;
      }
      // A factor takes the room of its label on its left, mirrored.
      const double room =
          n.kind == Kind::factor ? 14.0 * static_cast<double>(n.name.size()) + 30 : places[k].width;
      cell_of[k] = add(k, places[k].layer, room);
    }
    bends_.resize(graph_.edges.size());
    for (std::size_t e = 0; e < graph_.edges.size(); ++e) {
      const auto& edge = graph_.edges[e];
      if (outside(graph_.nodes[edge.from]) || is_back(e)) continue;
      std::size_t last = cell_of[edge.from];
      for (int layer = places[edge.from].layer + 1; layer <= places[edge.to].layer; ++layer) {
        const bool end = layer == places[edge.to].layer;
        const std::size_t next = end ? cell_of[edge.to] : add(std::string::npos, layer, 16);
        if (!end) bends_[e].push_back(next);
        cells_[last].below.push_back(next);
        cells_[next].above.push_back(last);
        last = next;
      }
    }
  }

  void spread(std::vector<std::size_t>& row) {
    double total = -kGap;
    for (const std::size_t c : row) total += cells_[c].width + kGap;
    double x = -total / 2;
    for (const std::size_t c : row) {
      cells_[c].x = x + cells_[c].width / 2;
      x += cells_[c].width + kGap;
    }
  }

  void order_rows() {
    for (auto& row : rows_) spread(row);
    for (int sweep = 0; sweep < 8; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (std::size_t r = 0; r < rows_.size(); ++r) {
        auto& row = rows_[down ? r : rows_.size() - 1 - r];
        std::stable_sort(row.begin(), row.end(), [&](std::size_t a, std::size_t b) {
          return centre(a, down) < centre(b, down) - 1e-9;
        });
        spread(row);
      }
    }
  }
  double centre(std::size_t c, bool down) const {
    const auto& neighbours = down ? cells_[c].above : cells_[c].below;
    if (neighbours.empty()) return cells_[c].x;
    double sum = 0;
    for (const std::size_t n : neighbours) sum += cells_[n].x;
    return sum / static_cast<double>(neighbours.size());
  }

  // Every row moves as a whole so that its edges lean as little as can be.
  void set_positions() {
    for (std::size_t r = 1; r < rows_.size(); ++r) {
      double shift = 0;
      int counted = 0;
      for (const std::size_t c : rows_[r]) {
        if (cells_[c].above.empty()) continue;
        shift += centre(c, true) - cells_[c].x;
        ++counted;
      }
      for (const std::size_t c : rows_[r]) cells_[c].x += counted == 0 ? 0 : shift / counted;
    }
    for (const Cell& c : cells_) {
      left = std::min(left, c.x - c.width / 2);
      right = std::max(right, c.x + c.width / 2);
      bottom = std::max(bottom, kRow * c.layer);
      if (c.node == std::string::npos) continue;
      places[c.node].x = c.x;
      places[c.node].y = kRow * c.layer;
    }
    frame_right = right;
  }

  // In one column for each row, around its middle; rows of factors are two layers apart.
  void place_outside() {
    std::vector<std::vector<std::size_t>> columns(rows_.size());
    for (const auto& e : graph_.edges) {
      Place& p = places[e.from];
      if (!outside(graph_.nodes[e.from]) || p.layer >= 0) continue;
      p.layer = places[e.to].layer;
      columns[static_cast<std::size_t>(p.layer)].push_back(e.from);
    }
    for (std::size_t row = 0; row < columns.size(); ++row) {
      const double first =
          kRow * static_cast<double>(row) - kChip * 0.5 * (static_cast<double>(columns[row].size()) - 1);
      for (std::size_t k = 0; k < columns[row].size(); ++k) {
        Place& p = places[columns[row][k]];
        p.x = frame_right + 52 + p.width / 2;
        p.y = first + kChip * static_cast<double>(k);
        right = std::max(right, p.x + p.width / 2);
        top = std::min(top, p.y);
        bottom = std::max(bottom, p.y);
      }
    }
  }

  const FactorGraph& graph_;
  std::vector<Cell> cells_;
  std::vector<std::vector<std::size_t>> rows_;
  std::vector<std::vector<std::size_t>> bends_;

 public:
  std::vector<Place> places;
  double left = 0, right = 0, top = 0, bottom = 0, frame_right = 0;
};

constexpr const char* kStyle = R"(<style>
.graph{--ink:#1c2733;--soft:#667585;--line:#93a1af;--latent:#fff;--given:#dfe5eb;--accent:#1f6f8b;--frame:#c9d2da}
@media(prefers-color-scheme:dark){.graph{--ink:#e6edf3;--soft:#93a1b0;--line:#5c6a78;--latent:#161d25;--given:#33404d;--accent:#5cb8d6;--frame:#3a4653}}
.graph text{font:13px system-ui,sans-serif;fill:var(--ink);text-anchor:middle}
.graph .small{font-size:10px;fill:var(--soft)}
.graph .over{paint-order:stroke;stroke:var(--latent);stroke-width:4px}
.graph .edge{fill:none;stroke:var(--line);stroke-width:1.4}
.graph .time{stroke-dasharray:4 3}
.graph .latent{fill:var(--latent);stroke:var(--accent);stroke-width:1.8}
.graph .given{fill:var(--given);stroke:var(--line);stroke-width:1.4}
.graph .parameter{fill:none;stroke:var(--line);stroke-width:1.2}
.graph .input{fill:none;stroke:var(--line);stroke-width:1;stroke-dasharray:2 2}
.graph .factor{fill:var(--ink)}
.graph .plate{fill:none;stroke:var(--frame);stroke-width:1.4}
.graph .arrow{fill:var(--line)}
</style>
)";

}  // namespace

std::string svg(const FactorGraph& graph) {
  const Layout layout(graph);
  const bool framed = !graph.plates.empty();
  const double margin = framed ? 34 : 16, x0 = layout.left - margin, x1 = layout.right + margin;
  // More parameters than fit beside the first row begin above it.
  const double y0 = -kHeight / 2 - std::max(margin, 4 - layout.top);
  bool loops = false;
  for (std::size_t e = 0; e < graph.edges.size(); ++e)
    loops = loops || (!outside(graph.nodes[graph.edges[e].from]) && layout.is_back(e));
  const double loop_room = loops ? 60 : 0;
  const double width = x1 + loop_room - x0, height = layout.bottom + kHeight / 2 + margin - y0;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"graph\" role=\"img\" aria-label=\"factor graph\" "
      "viewBox=\"{:.0f} {:.0f} {:.0f} {:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\">\n{}",
      x0, y0, width, height, width, height, kStyle);
  out +=
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" "
      "orient=\"auto\"><path class=\"arrow\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n";
  if (framed) {
    const double fx = layout.left - 16, fy = -kHeight / 2 - 16;
    out += fmt::format(
        "<rect class=\"plate\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" rx=\"10\"/>\n"
        "<text class=\"small\" style=\"text-anchor:end\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
        fx, fy, layout.frame_right + 32 - layout.left, layout.bottom + kHeight + 32, layout.frame_right + 10,
        layout.bottom + kHeight / 2 + 11, escape_xml(fmt::format("{}", fmt::join(graph.plates, ", "))));
  }
  std::string labels;  // over the lines that cross them
  for (std::size_t e = 0; e < graph.edges.size(); ++e) {
    const auto& edge = graph.edges[e];
    const Place &a = layout.places[edge.from], &b = layout.places[edge.to];
    const bool draws = graph.nodes[edge.from].kind == Kind::factor;
    std::string path;
    if (outside(graph.nodes[edge.from])) {
      const double from = a.x - a.width / 2, to = b.x + kFactor / 2;
      path = fmt::format("M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", from, a.y, from - 24,
                         a.y, to + 30, b.y, to, b.y);
    } else if (layout.is_back(e)) {
      const double side = std::max(a.x + a.width / 2, b.x + b.width / 2) + 44;
      path = fmt::format("M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", a.x + a.width / 2, a.y,
                         side, a.y, side, b.y, b.x + kFactor / 2, b.y);
      if (!edge.at.empty())
        labels += fmt::format(
            "<text class=\"small over\" style=\"text-anchor:start\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
            side - 8, (a.y + b.y) / 2 + 3, escape_xml(edge.at));
    } else {
      const double top = a.y + (draws ? kFactor / 2 : kHeight / 2),
                   end = b.y - (draws ? kHeight / 2 : kFactor / 2);
      auto points = layout.way(e);
      points.emplace_back(b.x, end);
      path = fmt::format("M{:.1f} {:.1f}", a.x, top);
      double x = a.x, y = top;
      for (const auto& [px, py] : points) {
        path += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", x, (y + py) / 2, px, (y + py) / 2,
                            px, py);
        x = px;
        y = py;
      }
    }
    out += fmt::format("<path class=\"edge{}\" d=\"{}\"{}/>\n", edge.at.empty() ? "" : " time", path,
                       draws ? " marker-end=\"url(#arrow)\"" : "");
  }
  out += labels;
  for (std::size_t k = 0; k < graph.nodes.size(); ++k) {
    const auto& n = graph.nodes[k];
    const Place& p = layout.places[k];
    out += fmt::format("<g><title>{} {}{}</title>", name(n.kind), escape_xml(n.name),
                       n.detail.empty() ? "" : " [" + escape_xml(n.detail) + "]");
    if (n.kind == Kind::factor) {
      out += fmt::format(
          "<rect class=\"factor\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"2\"/>"
          "<text class=\"small over\" style=\"text-anchor:end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>\n",
          p.x - kFactor / 2, p.y - kFactor / 2, kFactor, kFactor, p.x - kFactor / 2 - 6, p.y + 3.5,
          escape_xml(n.name));
      continue;
    }
    if (outside(n)) {
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"22\" rx=\"{}\"/><text "
          "x=\"{:.1f}\" "
          "y=\"{:.1f}\">{}{}</text></g>\n",
          name(n.kind), p.x - p.width / 2, p.y - 11, p.width, n.kind == Kind::parameter ? 5 : 11, p.x,
          p.y + 4.5, escape_xml(n.name),
          n.detail.empty() ? ""
                           : fmt::format("<tspan class=\"small\" dx=\"5\">{}</tspan>", escape_xml(n.detail)));
      continue;
    }
    out +=
        fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"19\"/>",
                    name(n.kind), p.x - p.width / 2, p.y - kHeight / 2, p.width, kHeight);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", p.x, p.y + (n.detail.empty() ? 4.5 : -1),
                       escape_xml(n.name));
    if (!n.detail.empty())
      out += fmt::format("<text class=\"small\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", p.x, p.y + 12,
                         escape_xml(n.detail));
    out += "</g>\n";
  }
  return out + "</svg>\n";
}

}  // namespace freefall::report
