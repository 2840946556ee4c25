// Any bytes as a checkpoint: arrays are restored, or data_error leaves them as they were.
#include <algorithm>
#include <array>

#include "freefall/runtime/checkpoint.hpp"
#include "freefall/runtime/error.hpp"
#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const freefall::fuzz::input_file file({data, size});
  std::array<float, 6> weights{};
  std::array<std::int64_t, 1> epoch{};
  weights.fill(7), epoch.fill(7);
  try {
    freefall::runtime::load_checkpoint(file.path(),
                                       {{"W", {2, 3}, weights.data()}, {"epoch", {}, epoch.data()}});
  } catch (const freefall::runtime::data_error&) {
    freefall::fuzz::require(std::all_of(weights.begin(), weights.end(), [](float x) { return x == 7; }) &&
                            epoch[0] == 7);
  }
  try {
    (void)freefall::runtime::load_text(file.path(), "model");
  } catch (const freefall::runtime::data_error&) {
  }
  return 0;
}
