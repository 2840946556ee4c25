// Any bytes as the results of an experiment: what is read can be drawn, charts at finite places, or
// std::runtime_error.
#include <stdexcept>

#include "codegen/report/results.hpp"
#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const freefall::fuzz::input_file file({data, size});
  try {
    auto results = freefall::report::read_results(file.path().string());
    for (auto& chart : results.charts) {
      chart.name.clear(), chart.x.clear();
      const std::string drawing = freefall::report::svg(chart);
      freefall::fuzz::require(drawing.find("nan") == std::string::npos &&
                              drawing.find("inf") == std::string::npos);
    }
    for (const auto& picture : results.pictures) (void)freefall::report::svg(picture);
    for (const auto& raster : results.rasters) (void)freefall::report::svg(raster);
  } catch (const std::runtime_error&) {
  }
  return 0;
}
