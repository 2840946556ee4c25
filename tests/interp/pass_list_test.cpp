// The tables of passes for readers name the passes of the compiler, all of them and in their order.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::plan {
namespace {

// The first column of the table under "| pass |".
std::vector<std::string> table_of(const std::string& file) {
  std::ifstream in(std::string(FREEFALL_SOURCE_DIR) + "/" + file);
  std::vector<std::string> out;
  bool is_inside = false;
  for (std::string line; std::getline(in, line);) {
    is_inside = line.starts_with("| pass |") || (is_inside && line.starts_with("|"));
    if (is_inside && line.starts_with("| `")) out.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  return out;
}

TEST(EveryPass, StandsInTheTablesForReaders) {
  std::vector<std::string> names;
  for (const Pass& p : passes()) names.emplace_back(p.name);
  EXPECT_EQ(table_of("codegen/README.md"), names);
  EXPECT_EQ(table_of("docs/explanation/passes.md"), names);
}

}  // namespace
}  // namespace freefall::plan
