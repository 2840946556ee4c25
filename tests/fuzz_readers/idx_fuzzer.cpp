// Any bytes as IDX images and as IDX labels: as many bytes as the sizes say, or data_error.
#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"
#include "input_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const freefall::fuzz::input_file file({data, size});
  try {
    const auto images = freefall::runtime::read_idx_images(file.path());
    freefall::fuzz::require(images.pixels.size() == images.rows * images.height * images.width);
    if (images.rows > 0 && images.height * images.width > 0)
      freefall::fuzz::require(images.image(images.rows - 1).size() == images.height * images.width);
  } catch (const freefall::runtime::data_error&) {
  }
  try {
    (void)freefall::runtime::read_idx_labels(file.path());
  } catch (const freefall::runtime::data_error&) {
  }
  return 0;
}
