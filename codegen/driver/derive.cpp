#include "codegen/driver/verbs.hpp"
#include "codegen/report/description.hpp"
#include "codegen/report/rules_json.hpp"
#include "codegen/report/rules_text.hpp"

namespace freefall::driver {
namespace {

struct Format {
  std::string_view name;
  std::string (*print)(const plan::Compilation&);
};
constexpr Format kFormats[] = {{"text", report::rules_text},
                               {"latex", report::rules_latex},
                               {"mathml", report::rules_mathml},
                               {"json", report::rules_json}};

}  // namespace

int run_derive(const Request& request, const ir::Program& program, std::string& out) {
  const plan::Compilation c = plan::derive(program);
  for (const Format& f : kFormats) {
    if (f.name == request.format) out += f.print(c);
  }
  return 0;
}

}  // namespace freefall::driver
