#pragma once
// What an experiment has left to show (models/support/results.hpp writes it): JSON
//
//   {"model": "pcn",
//    "figures": {"test accuracy": 0.99},
//    "charts": [{"name": "accuracy", "x": "epoch", "series": [{"name": "test", "values": [0.91, 0.97]}]}],
//    "pictures": [{"caption": "7", "width": 8, "values": [0, 0.5, ...]}],
//    "rasters": [{"title": "spikes", "rows": 20, "times": 1000, "events": [[3, 17], ...]}]}

#include <string>
#include <utility>
#include <vector>

namespace freefall::report {

struct Results {
  struct Series {
    std::string name;
    std::vector<double> values;
    std::size_t colour = 0;  ///< that of its name in every chart
  };
  struct Chart {
    std::string name, x;
    std::vector<Series> series;
  };
  struct Picture {
    std::string caption;
    std::size_t width = 0;
    std::vector<double> values;  ///< 0 (paper) to 1 (ink), row by row
  };
  struct Raster {
    std::string title;
    std::size_t rows = 0, times = 0;
    std::vector<std::pair<std::size_t, std::size_t>> events;  ///< time, row
  };
  std::string model;
  std::vector<std::pair<std::string, double>> figures;
  std::vector<Chart> charts;
  std::vector<Picture> pictures;
  std::vector<Raster> rasters;
};

/// Throws std::runtime_error naming the file and what is wrong with it.
Results read_results(const std::string& file);

/// Drawings that follow the reader's colour scheme by the variables of the page.
std::string svg(const Results::Chart& chart);
std::string svg(const Results::Picture& picture);
std::string svg(const Results::Raster& raster);

}  // namespace freefall::report
