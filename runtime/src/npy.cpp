#include "npy.hpp"

#include <algorithm>
#include <charconv>

#include "freefall/runtime/error.hpp"

namespace freefall::runtime::npy {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

// Just enough Python for the header: a dictionary of a string, a truth value and a tuple of numbers.
class header_parser {
 public:
  explicit header_parser(std::string_view text) : rest_(text) {}

  // False if the text is anything else.
  bool parse(array& out) {
    bool descriptor = false, order = false, shape = false;
    if (!take("{")) return false;
    while (!take("}")) {
      std::string key;
      if (!quoted(key) || !take(":")) return false;
      if (key == "descr" && !descriptor)
        descriptor = quoted(out.descriptor);
      else if (key == "fortran_order" && !order)
        order = truth(out.fortran_order);
      else if (key == "shape" && !shape)
        shape = tuple(out.shape);
      else
        return false;
      if (!take(",") && !rest_.starts_with("}")) return false;
    }
    skip_blanks();
    return rest_.empty() && descriptor && order && shape;
  }

 private:
  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }

  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool quoted(std::string& out) {
    if (!take("'")) return false;
    const std::size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return false;
    out = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool truth(bool& out) {
    out = take("True");
    return out || take("False");
  }

  bool tuple(std::vector<std::size_t>& out) {
    if (!take("(")) return false;
    while (!take(")")) {
      skip_blanks();
      std::size_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{}) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      out.push_back(extent);
      if (!take(",") && !rest_.starts_with(")")) return false;
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string to_string(std::span<const std::size_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

std::optional<std::size_t> byte_count(std::span<const std::size_t> shape, std::size_t element_bytes) {
  std::size_t bytes = element_bytes;
  for (const std::size_t extent : shape) {
    if (extent == 0) return 0;
    if (bytes > std::numeric_limits<std::size_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

std::string make_header(std::string_view descriptor, std::span<const std::size_t> shape) {
  std::string dictionary = "{'descr': '" + std::string(descriptor) +
                           "', 'fortran_order': False, 'shape': " + to_string(shape) + ", }";
  constexpr std::size_t prefix = 10, alignment = 64;  // magic, two bytes of version, two of length
  const std::size_t total = (prefix + dictionary.size() + 1 + alignment - 1) / alignment * alignment;
  dictionary.append(total - prefix - dictionary.size() - 1, ' ') += '\n';
  const auto low = static_cast<char>(dictionary.size() & 0xff),
             high = static_cast<char>(dictionary.size() >> 8);
  return std::string(magic) + '\1' + '\0' + low + high + dictionary;
}

array parse(std::span<const std::uint8_t> bytes, const std::filesystem::path& file, std::string_view name) {
  const auto refuse = [&](const char* what) {
    throw data_error(file, "array '" + std::string(name) + "': " + what +
                               "; expected an array written by freefall or numpy.save.");
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || !text.starts_with(magic)) refuse("found no .npy header");
  const int version = bytes[6];
  if (version < 1 || version > 3) refuse("found an unknown version of the .npy format");
  const std::size_t length_bytes = version == 1 ? 2 : 4, start = 8 + length_bytes;
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | bytes[8 + i];
  if (length > text.size() - start) refuse("its .npy header is longer than the array");
  array out;
  if (!header_parser(text.substr(start, length)).parse(out))
    refuse("found a .npy header that is not understood");
  out.data = bytes.subspan(start + length);
  return out;
}

}  // namespace freefall::runtime::npy
