// IDX (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"): 0, 0, type, number of
// dimensions; each dimension as a big-endian 32-bit number; the elements.

#include <array>
#include <cstdio>
#include <limits>
#include <string>

#include "byte_source.hpp"
#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"

namespace freefall::runtime {
namespace {

std::string hex(std::uint32_t word) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", static_cast<unsigned>(word));
  return text.data();
}

std::uint32_t read_big_endian(byte_source& source) {
  std::array<std::uint8_t, 4> b{};
  if (const std::size_t got = source.read(b.data(), b.size()); got != b.size())
    throw data_error(source.path(),
                     "the file ends within its IDX header; expected the magic number and the sizes. "
                     "Fetch the file again.");
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

template <std::size_t rank>
std::array<std::size_t, rank> read_idx(byte_source& source, const char* content,
                                       std::vector<std::uint8_t>& elements) {
  constexpr std::uint32_t unsigned_bytes = 0x0800;
  constexpr std::uint32_t magic = unsigned_bytes + rank;
  if (const std::uint32_t found = read_big_endian(source); found != magic)
    throw data_error(source.path(), "found the magic number " + hex(found) + ", expected " + hex(magic) +
                                        " (IDX " + content + ", unsigned bytes in " + std::to_string(rank) +
                                        " dimensions). Check that this is the right file.");
  std::array<std::size_t, rank> extents{};
  std::size_t expected = 1;
  std::string shape;
  for (std::size_t& extent : extents) {
    extent = read_big_endian(source);
    shape += (shape.empty() ? "" : " x ") + std::to_string(extent);
    if (extent != 0 && expected > std::numeric_limits<std::size_t>::max() / extent)
      throw data_error(source.path(),
                       "the header gives the sizes " + shape +
                           ", more than memory can address; expected an IDX file that fits. Fetch "
                           "the file again.");
    expected *= extent;
  }
  const auto refuse = [&](const std::string& found) {
    throw data_error(source.path(), "found " + found + " bytes after the header, expected " +
                                        std::to_string(expected) + " (" + shape + "). Fetch the file again.");
  };
  const std::size_t found = source.append(elements, expected);
  if (found < expected) refuse(std::to_string(found));
  if (std::uint8_t extra = 0; source.read(&extra, 1) != 0) refuse("more than " + std::to_string(expected));
  return extents;
}

}  // namespace

image_set read_idx_images(const std::filesystem::path& file, std::string_view hint) {
  byte_source source(file, hint);
  image_set images;
  const auto extents = read_idx<3>(source, "images", images.pixels);
  images.rows = extents[0], images.height = extents[1], images.width = extents[2];
  return images;
}

std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& file, std::string_view hint) {
  byte_source source(file, hint);
  std::vector<std::uint8_t> labels;
  read_idx<1>(source, "labels", labels);
  return labels;
}

}  // namespace freefall::runtime
