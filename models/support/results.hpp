#pragma once
// What an experiment has to show, for `freefall report --results`: curves, figures, pictures and rasters, as
// one JSON file that is whole at any time.

#include <fmt/format.h>

#include <filesystem>
#include <freefall/runtime/error.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace freefall::models {

///   Results results("run.json", "pcn");
///   results.append("accuracy", "epoch", "test", 0.97);   // the next point of the curve `test` in that chart
///   results.figure("test accuracy", 0.99);
///   results.save();
///
/// Without a file name nothing is kept.
class Results {
 public:
  Results(std::string file, const std::string& model) : file_(std::move(file)) { json_["model"] = model; }

  /// What an interrupted run had written, cut back to its first `points` points a curve. Throws data_error
  /// when the file is damaged or of another model; a file that does not exist is an empty one.
  void resume(std::size_t points) {
    if (file_.empty() || !std::filesystem::exists(file_)) return;
    std::ifstream in(file_);
    Json old = Json::parse(in, nullptr, false);
    if (old.is_discarded() || !old.is_object() || old.value("model", "") != json_["model"])
      throw runtime::data_error(file_,
                                "not the results of an earlier run of this model; choose another file");
    json_ = std::move(old);
    for (Json& chart : json_["charts"]) {
      for (Json& series : chart["series"]) {
        Json& values = series["values"];
        if (values.size() > points)
          values.erase(values.begin() + static_cast<std::ptrdiff_t>(points), values.end());
      }
    }
    for (const char* at_the_end : {"figures", "pictures", "rasters"}) json_.erase(at_the_end);
  }

  void append(const std::string& chart, const std::string& x, const std::string& series, double value) {
    Json& c = named(json_["charts"], chart);
    c["x"] = x;
    named(c["series"], series)["values"].push_back(value);
  }
  /// A whole curve at once: what is measured when the epochs are over. One that is there is replaced.
  void curve(const std::string& chart, const std::string& x, const std::string& series,
             std::span<const double> values) {
    Json& c = named(json_["charts"], chart);
    c["x"] = x;
    named(c["series"], series)["values"] = Json(std::vector<double>(values.begin(), values.end()));
  }
  void figure(const std::string& name, double value) { json_["figures"][name] = value; }
  /// Grey values from 0 (paper) to 1 (ink), row by row.
  void picture(const std::string& caption, std::size_t width, std::span<const float> grey) {
    Json values = Json::array();
    for (const float g : grey) values.push_back(std::round(static_cast<double>(g) * 100) / 100);
    json_["pictures"].push_back({{"caption", caption}, {"width", width}, {"values", std::move(values)}});
  }
  /// Events as (time, row).
  void raster(const std::string& title, std::size_t rows, std::size_t times,
              const std::vector<std::pair<std::size_t, std::size_t>>& events) {
    json_["rasters"].push_back({{"title", title}, {"rows", rows}, {"times", times}, {"events", events}});
  }

  void save() const {
    if (file_.empty()) return;
    const std::string temporary = file_ + ".tmp";
    {
      std::ofstream out(temporary);
      out << json_.dump(1) << "\n";
      out.close();
      if (!out) throw runtime::data_error(file_, "cannot be written");
    }
    std::error_code error;
    std::filesystem::rename(temporary, file_, error);
    if (error) throw runtime::data_error(file_, "cannot replace the file: " + error.message());
  }

 private:
  using Json = nlohmann::ordered_json;

  static Json& named(Json& list, const std::string& name) {
    for (Json& entry : list) {
      if (entry["name"] == name) return entry;
    }
    list.push_back({{"name", name}});
    return list.back();
  }

  std::string file_;
  Json json_;
};

}  // namespace freefall::models
