#include "codegen/driver/generator.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <filesystem>

#include "codegen/driver/guarded.hpp"
#include "codegen/driver/verb.hpp"

namespace freefall::driver {
int run_generator(int argc, char** argv, const std::function<ir::Program()>& define) {
  CLI::App app{"Derives the rules of the model compiled into this program and writes its kernels."};
  app.require_subcommand(1);
  app.name(std::filesystem::path(argv[0]).filename().string());
  app.footer(
      "Without a verb: emit.\n\nExit codes: 0 done; 1 the model or its sizes are wrong; 2 the command line "
      "is "
      "wrong;\n3 a file could not be read or written; 70 a bug in freefall.");
  std::deque<Request> requests;
  std::vector<CLI::App*> apps;
  for (const Verb& verb : verbs()) {
    apps.push_back(app.add_subcommand(verb.name, verb.help));
    add_options(verb, *apps.back(), requests.emplace_back());
  }
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool verbless = arguments.empty() || arguments[0].starts_with("-");
  if (verbless && !(arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")))
    arguments.insert(arguments.begin(), "emit");
  std::reverse(arguments.begin(), arguments.end());  // the order CLI11 takes
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return guarded(argc, argv, [&] {
    int code = 0;
    std::string out;
    for (std::size_t k = 0; k < apps.size(); ++k) {
      if (apps[k]->parsed()) code = verbs()[k].run(requests[k], define(), out);
    }
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0)
      throw std::runtime_error("cannot write to the standard output");
    return code;
  });
}

}  // namespace freefall::driver
