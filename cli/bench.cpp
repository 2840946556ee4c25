#include "cli/bench.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"
#include "codegen/driver/write_file.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "bench_kernels";

std::string program(const nlohmann::json& costs, const std::string& title, const std::string& format) {
  std::string rows;
  for (const auto& k : costs)
    rows += fmt::format("      {{\"{0}\", {1}, {2}, [&] {{ model.{0}(); }}}},\n",
                        k.at("kernel").get<std::string>(), k.at("after").at("operations").get<double>(),
                        k.at("after").at("bytes_moved").get<double>());
  return fmt::format(
      "#include <{0}_views.hpp>\n\n#include \"time_kernels.hpp\"\n\nint main() {{\n  {0}::instance model;\n"
      "  freefall::bench::fill(model, {0}::tensors());\n  return freefall::bench::time_kernels({{\n{1}  }}, "
      "\"{2}\", {3});\n}}\n",
      kLibrary, rows, title, format == "json");
}

}  // namespace

int bench(const Installation& installation, const Model& model, const std::vector<std::string>& sizes,
          const std::string& format) {
  const fs::path generator = generator_of(installation, model);
  const fs::path folder = generator.parent_path() / fmt::format("bench.{}", getpid());
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  const auto generate = [&](const char* verb) {
    std::vector<std::string> out{generator.string(), verb, "--name", kLibrary};
    out.insert(out.end(), sizes.begin(), sizes.end());
    return out;
  };
  const auto finish = [&](int code) {
    fs::remove_all(folder, ignored);
    return code;
  };
  std::vector<std::string> cost = generate("cost");
  cost.insert(cost.end(), {"--format", "json"});
  if (const int code = run(cost, folder / "cost.json")) return finish(code);
  std::vector<std::string> shown;
  for (const std::string& word : sizes) {
    if (!word.starts_with("--")) shown.push_back(word);
  }
  const std::string title = fmt::format(
      "{} at {}, on one thread: fastest of 10 rounds; operations and bytes are those of `freefall cost`",
      model.shipped != nullptr ? model.source.parent_path().filename().string()
                               : model.source.filename().string(),
      shown.empty() ? "its sizes" : fmt::format("{}", fmt::join(shown, " ")));
  std::ifstream costs(folder / "cost.json");
  std::vector<std::string> emit = generate("emit");
  emit.insert(emit.end(), {"--out", folder.string()});
  if (const int code = run(emit)) return finish(code);
  driver::write_if_changed(folder / "main.cpp", program(nlohmann::json::parse(costs), title, format));
  fmt::print(stderr, "freefall: compiling the kernels\n");
  std::vector<std::string> compile = compiler(installation);
  compile.insert(compile.end(),
                 {"-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd",
                  "-DFREEFALL_OPENMP_SIMD", "-I" + folder.string(), "-I" + installation.bench.string(),
                  (folder / (std::string(kLibrary) + ".cpp")).string(), (folder / "main.cpp").string(), "-o",
                  (folder / "bench").string()});
  compile.insert(compile.end(), installation.libraries.begin(), installation.libraries.end());
  if (run(compile) != 0) {
    finish(0);
    throw ir::ModelError(
        "the kernels do not compile (the messages are above); this is a bug in freefall unless the views "
        "lack Eigen or xtensor");
  }
  return finish(run({(folder / "bench").string()}));
}

}  // namespace freefall::cli
