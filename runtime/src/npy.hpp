// The .npy array format (NumPy enhancement proposal 1): a magic string, a header that is a Python dictionary,
// the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freefall::runtime::npy {

// An element type that checkpoints know, under the spelling of the format and the one of messages.
struct element_type {
  std::string_view descriptor;
  std::string_view name;
  std::size_t bytes;
};

// In the order of the alternatives of array_view::data and array_slot::data.
inline constexpr element_type element_types[] = {
    {"<f4", "float32", 4}, {"<f8", "float64", 8}, {"<i8", "int64", 8}, {"|u1", "uint8", 1}};

// A parsed array: the data are a view into the bytes that were parsed.
struct array {
  std::string descriptor;
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::span<const std::uint8_t> data;
};

// "(256, 784)", "(7,)", "()".
[[nodiscard]] std::string to_string(std::span<const std::size_t> shape);

// Product of the extents times `element_bytes`; nothing if that overflows.
[[nodiscard]] std::optional<std::size_t> byte_count(std::span<const std::size_t> shape,
                                                    std::size_t element_bytes);

// Everything before the data, padded to a multiple of 64 bytes (format version 1.0).
[[nodiscard]] std::string make_header(std::string_view descriptor, std::span<const std::size_t> shape);

// Throws data_error naming the file and the array if the bytes are not an array; the amount of data is not
// checked.
[[nodiscard]] array parse(std::span<const std::uint8_t> bytes, const std::filesystem::path& file,
                          std::string_view name);

}  // namespace freefall::runtime::npy
