// errors_data CASE FOLDER: gives the kernels, checkpoints and readers of data something wrong, and says what
// they say.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <freefall/runtime/checkpoint.hpp>
#include <freefall/runtime/dataset.hpp>
#include <freefall/runtime/instance_io.hpp>
#include <fstream>
#include <limits>
#include <string>

#include "errors_kernels_views.hpp"

namespace {

using namespace freefall::runtime;
using errors_kernels::instance;
namespace fs = std::filesystem;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// An instance whose kernels run.
struct Sensor : instance {
  Sensor() {
    W().setConstant(0.5);
    P().setConstant(1);
    o().setConstant(1);
  }
};

fs::path written(const fs::path& folder, const char* name, const std::string& bytes) {
  std::ofstream(folder / name, std::ios::binary) << bytes;
  return folder / name;
}

fs::path saved(const fs::path& folder, const char* name, std::vector<array_view> arrays) {
  save_checkpoint(folder / name, arrays);
  return folder / name;
}

void load(const fs::path& file) {
  Sensor sensor;
  load_instance(file, sensor, errors_kernels::tensors());
}

struct Case {
  const char* name;
  void (*run)(const fs::path& folder);
};
constexpr Case kCases[] = {
    {"input_is_not_a_number",
     [](const fs::path&) {
       Sensor sensor;
       sensor.o()(1, 2) = kNaN;
       sensor.infer();
     }},
    {"parameter_is_infinite",
     [](const fs::path&) {
       Sensor sensor;
       sensor.W()(2, 0) = std::numeric_limits<double>::infinity();
       sensor.infer();
     }},
    {"inference_diverges",
     [](const fs::path&) {
       Sensor sensor;
       sensor.W().setConstant(1e6);
       sensor.infer();
     }},
    {"more_copies_than_the_plate",
     [](const fs::path&) {
       Sensor sensor;
       sensor.infer(3);
     }},
    {"no_copies",
     [](const fs::path&) {
       Sensor sensor;
       sensor.infer(0);
     }},
    {"instruction_set_is_unknown",
     [](const fs::path&) {
       setenv("FREEFALL_ISA", "sse9", 1);
       Sensor sensor;
       sensor.infer();
     }},
    {"matrix_of_another_shape",
     [](const fs::path&) {
       Sensor sensor;
       Eigen::Matrix<double, 2, 4, Eigen::RowMajor> wide =
           Eigen::Matrix<double, 2, 4, Eigen::RowMajor>::Zero();
       sensor.use_o(wide);
     }},
    {"matrix_by_columns",
     [](const fs::path&) {
       Sensor sensor;
       Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(2, 3);
       sensor.use_o(columns);
     }},
    {"checkpoint_is_missing", [](const fs::path& folder) { load(folder / "nowhere.npz"); }},
    {"checkpoint_is_no_checkpoint",
     [](const fs::path& folder) { load(written(folder, "no_checkpoint.npz", "free energy\n")); }},
    {"checkpoint_is_cut_off",
     [](const fs::path& folder) {
       const double w[6] = {};
       const fs::path whole = saved(folder, "whole.npz", {{"W", {3, 2}, w}});
       std::ifstream in(whole, std::ios::binary);
       std::string bytes((std::istreambuf_iterator<char>(in)), {});
       load(written(folder, "cut_off.npz", bytes.substr(0, bytes.size() / 2)));
     }},
    {"checkpoint_of_another_model",
     [](const fs::path& folder) {
       const double w = 0;
       load(saved(folder, "other_model.npz", {{"J", {}, &w}}));
     }},
    {"checkpoint_of_other_sizes",
     [](const fs::path& folder) {
       const double w[8] = {};
       load(saved(folder, "other_sizes.npz", {{"W", {4, 2}, w}}));
     }},
    {"checkpoint_of_another_type",
     [](const fs::path& folder) {
       const float w[6] = {};
       load(saved(folder, "other_type.npz", {{"W", {3, 2}, w}}));
     }},
    {"csv_is_missing",
     [](const fs::path& folder) {
       static_cast<void>(read_csv(folder / "nowhere.csv", "Run scripts/data."));
     }},
    {"csv_with_a_word",
     [](const fs::path& folder) {
       static_cast<void>(read_csv(written(folder, "word.csv", "1,2,3\n4,five,6\n")));
     }},
    {"csv_with_a_short_row",
     [](const fs::path& folder) {
       static_cast<void>(read_csv(written(folder, "short.csv", "1,2,3\n4,5\n")));
     }},
    {"csv_is_empty",
     [](const fs::path& folder) { static_cast<void>(read_csv(written(folder, "empty.csv", ""))); }},
    {"idx_is_no_idx",
     [](const fs::path& folder) {
       static_cast<void>(read_idx_images(written(folder, "no_idx", "a text of some length")));
     }},
    {"idx_is_cut_off",
     [](const fs::path& folder) {
       const std::string header{"\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02", 16};
       static_cast<void>(read_idx_images(written(folder, "cut_idx", header + "abc")));
     }},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Case& c : kCases) {
    if (argc < 3 || std::strcmp(c.name, argv[1]) != 0) continue;
    try {
      c.run(argv[2]);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
      return 1;
    }
    return 0;
  }
  return 70;
}
