#include <CLI/CLI.hpp>

#include "codegen/driver/verbs.hpp"
#include "codegen/report/explanation.hpp"

namespace freefall::driver {

void add_explain_options(CLI::App& app, Request& request) {
  app.add_option("rule", request.rule, "a variable, or kernel.variable; without one, the rules are listed");
}

int run_explain(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Compilation c = plan::derive(program);
  const report::Explanation e = report::explain(c, request.rule);
  out += request.format == "json"    ? report::explanation_json(c, e)
         : request.format == "latex" ? report::explanation_latex(c, e)
                                     : report::explanation_text(c, e);
  return 0;
}

}  // namespace freefall::driver
