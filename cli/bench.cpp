#include "cli/bench.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"
#include "codegen/driver/write_file.hpp"
#include "codegen/ir/program.hpp"

namespace freefall::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "bench_kernels";

// What the tables of the library do not say of its arrays, as initialisers of bench::Declared.
std::string declared(const nlohmann::json& derived) {
  constexpr std::array<std::array<const char*, 2>, 3> kinds = {
      {{"zero_diagonal", "zero_diagonal"}, {"one_of", "one_of"}, {"index_of", "index"}}};
  std::string out;
  for (const auto& tensor : derived.at("tensors")) {
    for (const auto& [member, kind] : kinds) {
      if (tensor.contains(member))
        out += fmt::format("{{\"{}\", freefall::bench::Declared::Kind::{}}}, ",
                           tensor.at("name").get<std::string>(), kind);
    }
  }
  return out;
}

std::string program(const nlohmann::json& costs, const nlohmann::json& derived, const std::string& title,
                    const std::string& format) {
  std::string rows;
  for (const auto& k : costs)
    rows += fmt::format("      {{\"{0}\", {1}, {2}, [&] {{ model.{0}(); }}}},\n",
                        k.at("kernel").get<std::string>(), k.at("after").at("operations").get<double>(),
                        k.at("after").at("bytes_moved").get<double>());
  return fmt::format(
      "#include <{0}_views.hpp>\n\n#include \"time_kernels.hpp\"\n\nint main() {{\n  {0}::instance model;\n"
      "  const std::vector<freefall::bench::Declared> declared = {{{1}}};\n"
      "  const auto fill = [&](freefall::bench::Numbers numbers) {{\n"
      "    freefall::bench::fill_and_prepare(model, {0}::tensors(), declared, numbers);\n  }};\n"
      "  return freefall::bench::time_kernels({{\n{2}  }}, fill, \"{3}\", {4});\n}}\n",
      kLibrary, declared(derived), rows, title, format == "json");
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
      "{} at {}, on one thread: fastest of 10 rounds; operations and bytes are those of `freefall cost`, of "
      "an until those of its limit",
      model.shipped != nullptr ? model.source.parent_path().filename().string()
                               : model.source.filename().string(),
      shown.empty() ? "its sizes" : fmt::format("{}", fmt::join(shown, " ")));
  if (const int code = run({generator.string(), "derive", "--format", "json"}, folder / "derived.json"))
    return finish(code);
  std::ifstream costs(folder / "cost.json"), derived(folder / "derived.json");
  std::vector<std::string> emit = generate("emit");
  emit.insert(emit.end(), {"--out", folder.string()});
  if (const int code = run(emit)) return finish(code);
  driver::write_if_changed(folder / "main.cpp", program(nlohmann::json::parse(costs),
                                                        nlohmann::json::parse(derived), title, format));
  fmt::print(stderr, "freefall: compiling the kernels\n");
  std::vector<std::string> compile = compiler(installation);
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    compile.emplace_back("-mprefer-vector-width=512");  // as freefall_add_kernels
#endif
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
