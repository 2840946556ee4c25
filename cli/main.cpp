// freefall: what the compiler can do, on the command line. The verbs about a model are those of its generator
// (codegen/driver/verbs.cpp), which is compiled when it is needed.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <nlohmann/json.hpp>

#include "cli/bench.hpp"
#include "cli/model.hpp"
#include "cli/new_project.hpp"
#include "cli/process.hpp"
#include "cli/verify_all.hpp"
#include "codegen/driver/guarded.hpp"
#include "codegen/driver/verb.hpp"

namespace {

using namespace freefall;
using Words = std::vector<std::string>;

constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 the model or its sizes are wrong, it does not compile, or a run of it failed;\n"
    "2 the command line is wrong; 3 a file could not be read or written; 4 the C++ compiler is missing; 70 a "
    "bug in freefall.";
constexpr const char* kModel =
    "a shipped model (see `freefall models`), a file that defines "
    "freefall::program define(), or a folder with such a model.cpp";

// The words behind the verb without the model: what the generator or the experiment gets.
Words rest(int argc, char** argv, const std::string& model) {
  Words out(argv + 2, argv + argc);
  out.erase(std::find(out.begin(), out.end(), model));
  return out;
}

bool gives(const Words& words, std::string_view option) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& w) {
    return w == option || (w.starts_with(option) && w[option.size()] == '=');
  });
}

// The words with the usual sizes of a shipped model where they give none.
Words with_sizes(Words words, const cli::Model& model) {
  if (model.shipped == nullptr) return words;
  const bool scalar = gives(words, "--scalar"), axes = gives(words, "--axes");
  if (!scalar) words.insert(words.end(), {"--scalar", model.shipped->scalar});
  if (!axes) {
    words.push_back("--axes");
    words.insert(words.end(), model.shipped->axes.begin(), model.shipped->axes.end());
  }
  return words;
}

[[noreturn]] void run_verb(const driver::Verb& verb, const std::string& word, const Words& given) {
  const cli::Installation installation = cli::find_installation();
  const cli::Model model = cli::find_model(installation, word);
  Words words = verb.sized ? with_sizes(given, model) : given;
  if (verb.sized && model.shipped != nullptr && !gives(words, "--name"))
    words.insert(words.begin(), {"--name", model.source.parent_path().filename().string()});
  Words command{cli::generator_of(installation, model).string(), verb.name};
  command.insert(command.end(), words.begin(), words.end());
  cli::become(command);
}

[[noreturn]] void run_experiment(const std::string& word, const Words& words) {
  const cli::Installation installation = cli::find_installation();
  const cli::Model model = cli::find_model(installation, word);
  if (model.shipped == nullptr || model.shipped->experiment.empty()) {
    Words known;
    for (const auto& [name, m] : installation.models) {
      if (!m.experiment.empty()) known.push_back(name);
    }
    throw ir::ModelError(
        fmt::format("'{}' has no experiment; these have: {}. A model of your own runs in a program of your "
                    "own (`freefall new` writes one)",
                    word, fmt::join(known, ", ")));
  }
  if (!std::filesystem::exists(model.shipped->experiment))
    throw std::runtime_error(
        fmt::format("{}: the experiment of '{}' is not built; in a build of freefall, "
                    "`cmake --build <build> --target {}` makes it",
                    model.shipped->experiment.string(), word, model.shipped->experiment.filename().string()));
  Words command{model.shipped->experiment.string()};
  command.insert(command.end(), model.shipped->arguments.begin(), model.shipped->arguments.end());
  command.insert(command.end(), words.begin(), words.end());
  cli::become(command);
}

int list_models(const std::string& format) {
  const cli::Installation installation = cli::find_installation();
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const auto& [name, m] : installation.models) {
    json.push_back({{"name", name},
                    {"source", m.source.string()},
                    {"axes", m.axes},
                    {"scalar", m.scalar},
                    {"experiment", !m.experiment.empty()}});
    if (format == "text")
      fmt::print("{:<22} {:<6} {}{}\n", name, m.scalar, fmt::join(m.axes, " "),
                 m.experiment.empty() ? "" : "  (run)");
  }
  if (format == "json") fmt::print("{}\n", json.dump(2));
  return 0;
}

int main_with(int argc, char** argv) {
  CLI::App app{"The compiler for free-energy models.", "freefall"};
  app.require_subcommand(1);
  app.footer(kExitCodes);
  app.set_version_flag("--version", "freefall " FREEFALL_VERSION);

  std::string folder, model, format = "text";
  auto* make = app.add_subcommand("new", "write a small project that builds at once");
  make->add_option("NAME", folder, "its folder; the last part names the kernels")->required();
  auto* models = app.add_subcommand("models", "list the shipped models and their usual sizes");
  models->add_option("--format", format, "how to print it")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  bool all = false;
  std::deque<driver::Request> requests;
  std::vector<CLI::App*> verbs;
  for (const driver::Verb& verb : driver::verbs()) {
    verbs.push_back(app.add_subcommand(verb.name, verb.help));
    auto* which = verbs.back()->add_option("MODEL", model, kModel);
    driver::add_options(verb, *verbs.back(), requests.emplace_back());
    if (std::string_view(verb.name) == "verify") {
      verbs.back()
          ->add_flag("--all", all, "every shipped model, its variants and the printed equations beside it")
          ->excludes(which);
      verbs.back()->callback([&] {
        if (!all && model.empty()) throw CLI::RequiredError("MODEL or --all");
      });
    } else {
      which->required();
    }
    if (verb.sized)
      verbs.back()->footer("A shipped model has its usual sizes and scalar type where none are given.");
  }
  auto* experiment = app.add_subcommand("run", "run the experiment of a shipped model");
  experiment->add_option("MODEL", model, "a shipped model with an experiment (see `freefall models`)")
      ->required();
  std::string seed, epochs, checkpoint, results;
  bool resume = false;
  experiment->add_option("--seed", seed, "of initial values and of the order of the data");
  experiment->add_option("--epochs", epochs, "passes over the data");
  experiment->add_option("--checkpoint", checkpoint, "file (.npz) for the state after every epoch");
  experiment->add_flag("--resume", resume,
                       "go on from the checkpoint; the end is the same as without the break");
  experiment->add_option("--results", results,
                         "file (.json) for curves and figures; `freefall report` shows them");
  experiment->allow_extras();
  experiment->footer("Further options go to the experiment; `freefall run MODEL -- --help` lists them.");

  auto* bench = app.add_subcommand("bench", "compile the kernels for this machine and time each of them");
  std::string scalar;
  Words axes;
  bench->add_option("MODEL", model, kModel)->required();
  bench->add_option("--axes", axes, "sizes, as axis=size ...")->delimiter(',');
  bench->add_option("--scalar", scalar, "scalar type (default: that of the shipped model, else double)")
      ->check(CLI::IsMember({"float", "double"}));
  bench->add_option("--format", format, "how to print it")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();

  // CLI11 says that a verb is missing, and not that this is none.
  Words known;
  for (const CLI::App* verb : app.get_subcommands({})) known.push_back(verb->get_name());
  if (argc < 2 || (argv[1][0] != '-' && std::find(known.begin(), known.end(), argv[1]) == known.end())) {
    fmt::print(stderr, "freefall: error: {}; the verbs are: {}. `freefall --help` says what they do\n",
               argc < 2 ? "no verb was given" : fmt::format("'{}' is no verb", argv[1]),
               fmt::join(known, ", "));
    return 2;
  }
  // What stands behind -- is the experiment's, --help too.
  const auto own =
      static_cast<int>(std::find_if(argv, argv + argc, [](std::string_view w) { return w == "--"; }) - argv);
  try {
    app.parse(own, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (make->parsed()) {
    cli::new_project(cli::find_installation(), folder);
    return 0;
  }
  if (models->parsed()) return list_models(format);
  if (bench->parsed()) {
    const cli::Installation installation = cli::find_installation();
    const cli::Model found = cli::find_model(installation, model);
    Words sizes;
    if (!scalar.empty()) sizes.insert(sizes.end(), {"--scalar", scalar});
    if (!axes.empty()) sizes.push_back("--axes");
    sizes.insert(sizes.end(), axes.begin(), axes.end());
    return cli::bench(installation, found, with_sizes(sizes, found), format);
  }
  for (std::size_t k = 0; all && k < verbs.size(); ++k) {
    if (verbs[k]->parsed())
      return cli::verify_all(cli::find_installation(), requests[k].format, requests[k].quiet);
  }
  Words words = rest(argc, argv, model);
  if (experiment->parsed()) {
    words.erase(std::remove(words.begin(), words.end(), "--"), words.end());
    run_experiment(model, words);
  }
  for (std::size_t k = 0; k < verbs.size(); ++k) {
    if (verbs[k]->parsed()) run_verb(driver::verbs()[k], model, words);
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  return driver::guarded(argc, argv, [&] {
    try {
      return main_with(argc, argv);
    } catch (const cli::CannotStart& e) {
      fmt::print(stderr,
                 "freefall: error: cannot run {}: {}. A specification is compiled by the C++ compiler that "
                 "freefall was built with, or by the one that the variable CXX names\n",
                 e.program, e.reason);
      return 4;
    }
  });
}
