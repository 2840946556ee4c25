// Any bytes as a table of comma-separated values: a rectangle of finite numbers, or data_error.
#include <algorithm>
#include <cmath>

#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"
#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const freefall::fuzz::input_file file({data, size});
  try {
    const auto table = freefall::runtime::read_csv(file.path());
    freefall::fuzz::require(table.rows > 0 && table.columns > 0 &&
                            table.values.size() == table.rows * table.columns);
    freefall::fuzz::require(
        std::all_of(table.values.begin(), table.values.end(), [](double x) { return std::isfinite(x); }));
  } catch (const freefall::runtime::data_error&) {
  }
  return 0;
}
