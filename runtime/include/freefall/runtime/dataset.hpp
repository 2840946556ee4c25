// Readers of data files: IDX images and labels (the format of MNIST), and numeric tables as comma-separated
// values.
//
// Each file may be plain or gzip-compressed; its first bytes decide, not its name. All readers throw
// data_error, which names the file, what was found and what was expected. `hint` is added to the message when
// the file cannot be opened, to say how to get it: read_idx_images("data/train-images.gz", "Run scripts/data
// mnist.").
//
// A header is never believed before the bytes are there: memory grows with what the file really holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace freefall::runtime {

// `rows` images of height x width grey values 0 to 255, one after the other, each row-major.
struct image_set {
  std::size_t rows = 0;              // number of images
  std::size_t height = 0;            // of each, in pixels
  std::size_t width = 0;             // of each, in pixels
  std::vector<std::uint8_t> pixels;  // [rows, height, width]

  /// The pixels of an image, row by row.
  [[nodiscard]] std::span<const std::uint8_t> image(std::size_t row) const {
    return std::span(pixels).subspan(row * height * width, height * width);
  }
};

// An IDX file of unsigned bytes in three dimensions (magic number 0x00000803), with nothing before or after.
[[nodiscard]] image_set read_idx_images(const std::filesystem::path& file, std::string_view hint = {});

// An IDX file of unsigned bytes in one dimension (magic number 0x00000801).
[[nodiscard]] std::vector<std::uint8_t> read_idx_labels(const std::filesystem::path& file,
                                                        std::string_view hint = {});

// A matrix of finite numbers, row-major.
struct table {
  std::size_t rows = 0;        // number of rows
  std::size_t columns = 0;     // numbers in each
  std::vector<double> values;  // [rows, columns]

  /// The numbers of a row.
  [[nodiscard]] std::span<const double> row(std::size_t r) const {
    return std::span(values).subspan(r * columns, columns);
  }
};

// Lines of numbers between commas, as many in each line as in the first. A line whose first character other
// than a blank is #, and an empty line, are skipped; blanks around a number are allowed; a line may end in \n
// or \r\n. Errors give
// "<file>:<line>:<column>:", both from 1, the column counted in bytes.
[[nodiscard]] table read_csv(const std::filesystem::path& file, std::string_view hint = {});

}  // namespace freefall::runtime
