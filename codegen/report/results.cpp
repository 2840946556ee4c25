#include "codegen/report/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "codegen/report/escape.hpp"

namespace freefall::report {
namespace {

// A step of 1, 2 or 5 times a power of ten that makes about `count` steps of the range.
double nice_step(double range, int count) {
  const double raw = range / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0}) {
    if (m * power >= raw) return m * power;
  }
  return 10 * power;
}

// A name has one colour in all charts; one that is new to a chart takes the first that is free there.
void choose_colours(std::vector<Results::Chart>& charts) {
  std::map<std::string, std::size_t> known;
  for (Results::Chart& chart : charts) {
    std::set<std::size_t> taken;
    for (const Results::Series& s : chart.series) {
      if (const auto at = known.find(s.name); at != known.end()) taken.insert(at->second);
    }
    for (Results::Series& s : chart.series) {
      std::size_t first = 0;
      while (taken.contains(first)) ++first;
      s.colour = known.try_emplace(s.name, first).first->second;
      taken.insert(s.colour);
    }
  }
}

}  // namespace

Results read_results(const std::string& file) {
  std::ifstream in(file);
  if (!in)
    throw std::runtime_error(
        fmt::format("{}: cannot be opened: {}; write one with `freefall run MODEL --results FILE`", file,
                    std::strerror(errno)));
  try {
    using Json = nlohmann::ordered_json;
    const Json json = Json::parse(in);
    const auto list = [&](const char* name) { return json.value(name, Json::array()); };
    const auto text = [](const Json& entry, const char* name) { return entry.at(name).get<std::string>(); };
    const auto number = [&](const Json& value) {
      if (!value.is_number_unsigned())
        throw std::runtime_error(
            fmt::format("{}: found {}, expected a whole number, none below zero", file, value.dump()));
      return value.get<std::size_t>();
    };
    const auto count = [&](const Json& entry, const char* name) { return number(entry.at(name)); };
    Results out;
    out.model = json.value("model", "");
    const Json figures = json.value("figures", Json::object());
    for (const auto& [name, value] : figures.items()) out.figures.emplace_back(name, value.get<double>());
    for (const Json& c : list("charts")) {
      Results::Chart chart{text(c, "name"), c.value("x", ""), {}};
      for (const Json& s : c.at("series")) {
        Results::Series series{text(s, "name"), {}, 0};
        for (const Json& v : s.at("values")) series.values.push_back(v.is_null() ? NAN : v.get<double>());
        chart.series.push_back(series);
      }
      out.charts.push_back(chart);
    }
    choose_colours(out.charts);
    for (const Json& p : list("pictures")) {
      Results::Picture picture{text(p, "caption"), count(p, "width"),
                               p.at("values").get<std::vector<double>>()};
      if (picture.width == 0 || picture.values.empty() || picture.values.size() % picture.width != 0)
        throw std::runtime_error(
            fmt::format("{}: the picture '{}' has {} values, which is no multiple of its width {}", file,
                        picture.caption, picture.values.size(), picture.width));
      out.pictures.push_back(picture);
    }
    for (const Json& r : list("rasters")) {
      Results::Raster raster{text(r, "title"), count(r, "rows"), count(r, "times"), {}};
      for (const Json& e : r.at("events")) raster.events.emplace_back(number(e.at(0)), number(e.at(1)));
      out.rasters.push_back(raster);
    }
    return out;
  } catch (const nlohmann::json::exception& e) {
    throw std::runtime_error(fmt::format(
        "{}: not a file of results, as `freefall run MODEL --results FILE` writes them: {}", file, e.what()));
  }
}

std::string svg(const Results::Chart& chart) {
  constexpr double kWidth = 460, kHeight = 250, kLeft = 58, kRight = 12, kTop = 12, kBottom = 40;
  std::size_t points = 0;
  double low = INFINITY, high = -INFINITY;
  const auto drawn = [](double v) { return std::fabs(v) < 1e300; };  // the range of the rest is a number
  for (const auto& s : chart.series) {
    points = std::max(points, s.values.size());
    for (const double v : s.values) {
      if (!drawn(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (points == 0 || low > high) return "";
  if (const double size = std::max({1.0, std::fabs(low), std::fabs(high)}); high - low < 1e-12 * size) {
    low -= 0.5 * size;
    high += 0.5 * size;
  }
  const double step = nice_step(high - low, 4);
  low = std::floor(low / step) * step;
  high = std::ceil(high / step) * step;
  const double span = points > 1 ? static_cast<double>(points - 1) : 1;
  const auto x = [&](double k) { return kLeft + (kWidth - kLeft - kRight) * (points > 1 ? k / span : 0.5); };
  const auto y = [&](double v) { return kTop + (kHeight - kTop - kBottom) * (high - v) / (high - low); };
  std::string out = fmt::format("<svg class=\"chart\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\">",
                                escape_xml(chart.name), kWidth, kHeight);
  const int ticks = static_cast<int>(std::lround((high - low) / step));
  for (int k = 0; k <= ticks; ++k) {
    const double v = low + step * k;
    out += fmt::format(
        "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text class=\"tick\" text-anchor=\"end\" x=\"{}\" "
        "y=\"{:.1f}\">{:.6g}</text>",
        kLeft, y(v), kWidth - kRight, kLeft - 8, y(v) + 4, std::fabs(v) < step * 1e-9 ? 0.0 : v);
  }
  const double x_step = std::max(1.0, nice_step(span, 6));
  for (double k = 0; k < static_cast<double>(points); ++k) {
    const double number = k + 1;  // epochs count from one
    if (points > 1 && number != 1 && std::fabs(std::remainder(number, x_step)) > 1e-9) continue;
    // The last one ends where the chart does: on a phone, whose letters are larger, it is wider than the
    // margin.
    const bool ends = x(k) > kWidth - kRight - 1;
    out += fmt::format("<text class=\"tick\" text-anchor=\"{}\" x=\"{:.1f}\" y=\"{}\">{:.0f}</text>",
                       ends ? "end" : "middle", ends ? kWidth - 1 : x(k), kHeight - kBottom + 18, number);
  }
  out += fmt::format("<text class=\"tick\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 4, escape_xml(chart.x));
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    std::string path;
    bool pen = false;
    const auto& values = chart.series[s].values;
    const std::size_t colour = chart.series[s].colour % 5;
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (drawn(values[k]))
        path += fmt::format("{}{:.1f} {:.1f}", pen ? "L" : "M", x(static_cast<double>(k)), y(values[k]));
      pen = drawn(values[k]);
    }
    out += fmt::format("<path class=\"line s{}\" d=\"{}\"/>", colour, path);
    if (values.size() == 1 && drawn(values[0]))
      out += fmt::format("<circle class=\"dot s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>", colour, x(0),
                         y(values[0]));
  }
  return out + "</svg>";
}

std::string svg(const Results::Picture& picture) {
  // One path for each of 16 levels of ink, runs of equal pixels together.
  constexpr int kLevels = 16;
  const std::size_t rows = picture.values.size() / picture.width;
  std::vector<std::string> paths(kLevels);
  const auto level = [&](std::size_t row, std::size_t column) {
    const double v = std::clamp(picture.values[row * picture.width + column], 0.0, 1.0);
    return static_cast<std::size_t>(std::lround(v * (kLevels - 1)));
  };
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < picture.width;) {
      std::size_t end = c + 1;
      while (end < picture.width && level(r, end) == level(r, c)) ++end;
      if (level(r, c) > 0) paths[level(r, c)] += fmt::format("M{} {}h{}v1h-{}z", c, r, end - c, end - c);
      c = end;
    }
  }
  std::string out = fmt::format(
      "<svg class=\"picture\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" "
      "shape-rendering=\"crispEdges\">",
      escape_xml(picture.caption), picture.width, rows);
  for (std::size_t l = 1; l < kLevels; ++l) {
    if (!paths[l].empty())
      out += fmt::format("<path opacity=\"{:.2f}\" d=\"{}\"/>", static_cast<double>(l) / (kLevels - 1),
                         paths[l]);
  }
  return out + "</svg>";
}

std::string svg(const Results::Raster& raster) {
  std::string path;
  for (const auto& [time, row] : raster.events) path += fmt::format("M{} {}v.8", time, row);
  return fmt::format(
      "<svg class=\"raster\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" "
      "preserveAspectRatio=\"none\"><path d=\"{}\"/></svg>",
      escape_xml(raster.title), raster.times, raster.rows, path);
}

}  // namespace freefall::report
