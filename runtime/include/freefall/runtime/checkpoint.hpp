// Saves and restores named arrays as a .npz file: a zip archive of .npy arrays, which numpy.load opens.
//
//   std::int64_t epoch = 3;
//   save_checkpoint("run.npz", {{"W1", {256, 784}, W1.data()}, {"epoch", {}, &epoch}});
//   load_checkpoint("run.npz", {{"W1", {256, 784}, W1.data()}, {"epoch", {}, &epoch}});
//
// The bytes of a checkpoint depend on its arrays alone: no date, no user, no path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace freefall::runtime {

// An array to be saved: dense and row-major; an empty shape is a scalar. `data` points to the product of the
// shape's extents and may be null only if that is 0. NaN and infinity are saved as they are.
struct array_view {
  /// Not empty; unique in its file.
  std::string name;
  /// Empty for a scalar.
  std::vector<std::size_t> shape;
  /// Dense, row-major.
  std::variant<const float*, const double*, const std::int64_t*, const std::uint8_t*> data;
};

// An array to be restored, likewise.
struct array_slot {
  /// Under which name it was saved.
  std::string name;
  /// What shape it must have; empty for a scalar.
  std::vector<std::size_t> shape;
  /// Where it goes.
  std::variant<float*, double*, std::int64_t*, std::uint8_t*> data;
};

// A text as an array of bytes, such as a model's name or settings; it must outlive the view.
[[nodiscard]] array_view text_view(std::string name, std::string_view text);

// Writes all arrays to `file`. The data go to a temporary file in the same folder, are flushed to the disk
// and only then take the place of `file`; if anything fails (a full disk, a missing folder) the temporary is
// removed, an older `file` stays as it was, and data_error names the file and the reason given by the
// operating system. Throws std::invalid_argument if a name is empty, longer than 65531 bytes or given twice,
// or if data is null.
void save_checkpoint(const std::filesystem::path& file, std::span<const array_view> arrays);
/// The same for a list.
inline void save_checkpoint(const std::filesystem::path& file, std::initializer_list<array_view> arrays) {
  save_checkpoint(file, std::span(arrays.begin(), arrays.size()));
}

// Reads the arrays named by `slots`; other arrays of the file are left alone. Also reads what numpy.savez and
// numpy.savez_compressed write, in C or Fortran order. The directory and every array asked for are checked
// before the first byte is copied out: a file that is damaged, or in which a name, shape or element type
// differs, throws data_error and leaves the memory of all slots untouched. Throws std::invalid_argument if a
// slot has no memory.
void load_checkpoint(const std::filesystem::path& file, std::span<const array_slot> slots);
/// The same for a list.
inline void load_checkpoint(const std::filesystem::path& file, std::initializer_list<array_slot> slots) {
  load_checkpoint(file, std::span(slots.begin(), slots.size()));
}

// Reads a text saved by text_view, of any length. Throws data_error.
[[nodiscard]] std::string load_text(const std::filesystem::path& file, std::string_view name);

}  // namespace freefall::runtime
