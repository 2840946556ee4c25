#include "freefall/runtime/checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "byte_source.hpp"
#include "freefall/runtime/error.hpp"
#include "npy.hpp"
#include "zip.hpp"

namespace freefall::runtime {
namespace {

static_assert(std::endian::native == std::endian::little, "checkpoints are copied to memory byte for byte");

using bytes = std::span<const std::uint8_t>;

constexpr const char* suffix = ".npy";

// A new file beside `target` that takes its place on `commit`, and is removed if that never comes.
class replacement_file {
 public:
  explicit replacement_file(const std::filesystem::path& target) : target_(target) {
    // O_EXCL: never write into a file that is not ours, be it a leftover or another program's.
    for (long attempt = 0; descriptor_ < 0; ++attempt) {
      temporary_ = target;
      for (const long part : {long{::getpid()}, attempt})
        temporary_ += std::string(".").append(std::to_string(part));
      temporary_ += ".tmp";
      descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor_ < 0 && errno != EEXIST) fail();
    }
  }
  ~replacement_file() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  replacement_file(const replacement_file&) = delete;
  replacement_file& operator=(const replacement_file&) = delete;

  void write(const void* from, std::size_t n) {
    const auto* position = static_cast<const char*>(from);
    while (n > 0) {
      const ssize_t written = ::write(descriptor_, position, n);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail();
      position += written;
      n -= static_cast<std::size_t>(written);
    }
  }

  void commit() {
    if (::fsync(descriptor_) != 0) fail();
    if (::close(std::exchange(descriptor_, -1)) != 0) fail();
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
    committed_ = true;
    // The new file is complete under its name; making the name durable too is beyond what every file system
    // offers.
    const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
    if (const int handle = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); handle >= 0) {
      ::fsync(handle);
      ::close(handle);
    }
  }

 private:
  [[noreturn]] void fail() const {
    const int reason = errno;
    const std::filesystem::path folder = target_.parent_path();
    std::error_code ignored;
    if (!folder.empty() && !std::filesystem::exists(folder, ignored))
      throw data_error(target_,
                       "cannot be written: there is no folder '" + folder.string() + "'. Make it first.");
    throw data_error(target_, std::string("cannot be written: ") + std::strerror(reason) +
                                  ". An older file of this name is unchanged.");
  }

  std::filesystem::path target_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

template <class Array>
const void* address(const Array& array) {
  return std::visit([](auto* p) { return static_cast<const void*>(p); }, array.data);
}

// Number of bytes of a view or slot. Throws std::invalid_argument if it has no name, no memory, or an absurd
// size.
template <class Array>
std::size_t check_array(const Array& array) {
  constexpr std::size_t longest = 65535 - 4;  // the format's limit, less the suffix
  if (array.name.empty() || array.name.size() > longest)
    throw std::invalid_argument("checkpoint: the name of an array has " + std::to_string(array.name.size()) +
                                " bytes; expected 1 to " + std::to_string(longest) + ".");
  const auto size = npy::byte_count(array.shape, npy::element_types[array.data.index()].bytes);
  if (!size || (*size > 0 && address(array) == nullptr))
    throw std::invalid_argument("checkpoint: array '" + array.name + "' of shape " +
                                npy::to_string(array.shape) +
                                (size ? " has no memory; pass the address of its data."
                                      : " is larger than memory can be; check its shape."));
  return *size;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& file) {
  const file_handle handle = open_file(file, {});
  std::vector<std::uint8_t> contents;
  constexpr std::size_t piece = std::size_t{1} << 16;
  // The size the file system gives saves copying and decides nothing.
  std::error_code ignored;
  if (const auto size = std::filesystem::file_size(file, ignored); !ignored) contents.reserve(size + piece);
  std::size_t filled = 0, got = 0;
  do {
    contents.resize(filled + piece);
    got = std::fread(contents.data() + filled, 1, piece, handle.get());
    filled += got;
  } while (got == piece);
  if (std::ferror(handle.get()))
    throw data_error(file, std::string("cannot be read: ") + std::strerror(errno) + ".");
  contents.resize(filled);
  return contents;
}

// The spelling of messages for an element type of the format.
std::string type_name(std::string_view descriptor) {
  for (const npy::element_type& type : npy::element_types)
    if (type.descriptor == descriptor) return std::string(type.name);
  return "'" + std::string(descriptor) + "'";
}

// A checked array of the file, ready to be copied. `storage` owns the data if they were compressed.
struct loaded_array {
  npy::array array;
  std::vector<std::uint8_t> storage;
};

loaded_array load_array(const zip::reader& archive, const std::filesystem::path& file,
                        const std::string& name) {
  const std::string member = name + suffix;
  if (!archive.contains(member))
    throw data_error(file,
                     "holds no array '" + name + "'. Give a checkpoint of this model, of the same version.");
  loaded_array loaded;
  const bytes contents = archive.extract(member, loaded.storage);
  loaded.array = npy::parse(contents, file, name);
  return loaded;
}

void check_type(const npy::array& array, const npy::element_type& type, const std::filesystem::path& file,
                const std::string& name) {
  if (array.descriptor != type.descriptor)
    throw data_error(file, "array '" + name + "': found elements of type " + type_name(array.descriptor) +
                               ", expected " + std::string(type.name) +
                               ". Convert the array or change the model.");
  const auto expected = npy::byte_count(array.shape, type.bytes);
  if (expected != array.data.size())
    throw data_error(file, "array '" + name + "': found " + std::to_string(array.data.size()) +
                               " bytes of data, expected " +
                               (expected ? std::to_string(*expected) : "more than memory can hold") +
                               " for shape " + npy::to_string(array.shape) + ". Use an older checkpoint.");
}

// Copies to row-major order.
void copy_out(const npy::array& array, std::size_t element_bytes, void* to) {
  if (array.data.empty()) return;
  if (!array.fortran_order || array.shape.size() < 2) {
    std::memcpy(to, array.data.data(), array.data.size());
    return;
  }
  auto* out = static_cast<std::uint8_t*>(to);
  const std::size_t elements = array.data.size() / element_bytes;
  for (std::size_t element = 0; element < elements; ++element) {
    std::size_t from = 0, rest = element, stride = elements;
    for (std::size_t axis = array.shape.size(); axis-- > 0; rest /= array.shape[axis]) {
      stride /= array.shape[axis];
      from += rest % array.shape[axis] * stride;
    }
    std::memcpy(out + element * element_bytes, array.data.data() + from * element_bytes, element_bytes);
  }
}

}  // namespace

array_view text_view(std::string name, std::string_view text) {
  return {std::move(name), {text.size()}, reinterpret_cast<const std::uint8_t*>(text.data())};
}

void save_checkpoint(const std::filesystem::path& file, std::span<const array_view> arrays) {
  std::set<std::string_view> names;
  for (const array_view& array : arrays) {
    check_array(array);
    if (!names.insert(array.name).second)
      throw std::invalid_argument("checkpoint: the name '" + array.name + "' is given to two arrays.");
  }
  replacement_file out(file);
  zip::writer archive([&out](const void* from, std::size_t n) { out.write(from, n); });
  for (const array_view& array : arrays) {
    const std::string header =
        npy::make_header(npy::element_types[array.data.index()].descriptor, array.shape);
    const std::array<bytes, 2> parts = {
        bytes(reinterpret_cast<const std::uint8_t*>(header.data()), header.size()),
        bytes(static_cast<const std::uint8_t*>(address(array)), check_array(array))};
    archive.add(array.name + suffix, parts);
  }
  archive.finish();
  out.commit();
}

void load_checkpoint(const std::filesystem::path& file, std::span<const array_slot> slots) {
  for (const array_slot& slot : slots) check_array(slot);
  const std::vector<std::uint8_t> contents = read_file(file);
  const zip::reader archive(contents, file);
  std::vector<loaded_array> loaded;
  for (const array_slot& slot : slots) {
    loaded.push_back(load_array(archive, file, slot.name));
    const npy::array& array = loaded.back().array;
    if (array.shape != slot.shape)
      throw data_error(file, "array '" + slot.name + "': found shape " + npy::to_string(array.shape) +
                                 ", expected " + npy::to_string(slot.shape) +
                                 ". Load a checkpoint of the same sizes.");
    check_type(array, npy::element_types[slot.data.index()], file, slot.name);
  }
  // Nothing below can fail.
  for (std::size_t i = 0; i < slots.size(); ++i)
    copy_out(loaded[i].array, npy::element_types[slots[i].data.index()].bytes,
             const_cast<void*>(address(slots[i])));
}

std::string load_text(const std::filesystem::path& file, std::string_view name) {
  const std::vector<std::uint8_t> contents = read_file(file);
  const zip::reader archive(contents, file);
  const loaded_array loaded = load_array(archive, file, std::string(name));
  const npy::array& array = loaded.array;
  check_type(array, npy::element_types[3], file, std::string(name));
  if (array.shape.size() != 1)
    throw data_error(file, "array '" + std::string(name) + "': found shape " + npy::to_string(array.shape) +
                               ", expected a text, a single row of bytes.");
  return {array.data.begin(), array.data.end()};
}

}  // namespace freefall::runtime
