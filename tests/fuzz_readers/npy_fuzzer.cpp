// Any bytes as the array "a" of a sound checkpoint, which its checksum would otherwise guard: the array is
// restored into a slot of the shape and type it claims, or data_error.
#include <array>
#include <variant>

#include "freefall/runtime/checkpoint.hpp"
#include "freefall/runtime/error.hpp"
#include "input_file.hpp"
#include "runtime/src/npy.hpp"
#include "runtime/src/zip.hpp"

namespace {

using namespace freefall::runtime;

std::vector<std::uint8_t> archive_of(std::span<const std::uint8_t> member) {
  std::vector<std::uint8_t> out;
  zip::writer writer([&out](const void* from, std::size_t n) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    out.insert(out.end(), bytes, bytes + n);
  });
  writer.add("a.npy", std::array{member});
  writer.finish();
  return out;
}

// A slot for what the header claims, unless that is more than the file can hold.
template <class T>
void load(const freefall::fuzz::input_file& file, const npy::array& claimed, std::size_t most) {
  const auto bytes = npy::byte_count(claimed.shape, sizeof(T));
  if (!bytes || *bytes > most) return;
  std::vector<T> values(*bytes / sizeof(T) + 1);
  try {
    load_checkpoint(file.path(), {{"a", claimed.shape, values.data()}});
  } catch (const data_error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto archive = archive_of({data, size});
  const freefall::fuzz::input_file file(archive);
  try {
    (void)load_text(file.path(), "a");
  } catch (const data_error&) {
  }
  try {
    const npy::array claimed = npy::parse({data, size}, "input", "a");
    load<float>(file, claimed, size);
    load<double>(file, claimed, size);
    load<std::int64_t>(file, claimed, size);
    load<std::uint8_t>(file, claimed, size);
  } catch (const data_error&) {
  }
  return 0;
}
