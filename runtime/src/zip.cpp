#include "zip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "freefall/runtime/error.hpp"

namespace freefall::runtime::zip {
namespace {

constexpr std::uint32_t local_signature = 0x0403'4b50, member_signature = 0x0201'4b50,
                        end_signature = 0x0605'4b50, end64_signature = 0x0606'4b50,
                        locator64_signature = 0x0706'4b50;
constexpr std::size_t local_size = 30, member_size = 46, end_size = 22, end64_size = 56, locator64_size = 20;
constexpr std::uint16_t version_needed = 45;  // 4.5: 64-bit sizes
constexpr std::uint16_t made_by = 3 << 8 | version_needed,
                        readable_by_all = 0644;   // 3: Unix permissions follow
constexpr std::uint16_t first_date = 1 << 5 | 1;  // 1980-01-01
constexpr std::uint16_t utf8_flag = 1 << 11, encrypted_flag = 1 << 0;
constexpr std::uint16_t stored = 0, deflated = 8;
constexpr std::uint16_t extra64 = 1;  // id of the extra field with 64-bit sizes
constexpr std::uint32_t in_extra64 = 0xffff'ffff;
constexpr std::uint16_t in_end64 = 0xffff;

// Little-endian fields appended to a string.
class fields {
 public:
  fields& u16(std::uint64_t x) { return put(x, 2); }
  fields& u32(std::uint64_t x) { return put(x, 4); }
  fields& u64(std::uint64_t x) { return put(x, 8); }
  fields& text(std::string_view x) { return bytes.append(x), *this; }
  std::string bytes;

 private:
  fields& put(std::uint64_t x, int n) {
    for (; n > 0; --n, x >>= 8) bytes += static_cast<char>(x & 0xff);
    return *this;
  }
};

std::uint64_t little_endian(std::span<const std::uint8_t> bytes, std::size_t offset, std::size_t n) {
  std::uint64_t x = 0;
  while (n-- > 0) x = x << 8 | bytes[offset + n];
  return x;
}
std::uint16_t u16(std::span<const std::uint8_t> b, std::size_t at) {
  return static_cast<std::uint16_t>(little_endian(b, at, 2));
}
std::uint32_t u32(std::span<const std::uint8_t> b, std::size_t at) {
  return static_cast<std::uint32_t>(little_endian(b, at, 4));
}
std::uint64_t u64(std::span<const std::uint8_t> b, std::size_t at) { return little_endian(b, at, 8); }

std::string_view as_text(std::span<const std::uint8_t> b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace

void writer::put(std::string_view bytes) {
  out_(bytes.data(), bytes.size());
  offset_ += bytes.size();
}

void writer::add(const std::string& name, std::span<const std::span<const std::uint8_t>> parts) {
  std::uint64_t size = 0;
  uLong crc = crc32_z(0, nullptr, 0);
  for (const auto part : parts) {
    if (part.empty()) continue;  // crc32_z takes a null pointer as a request for the initial value
    crc = crc32_z(crc, part.data(), part.size());
    size += part.size();
  }
  const bool ascii =
      std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
  // The fields that the local header and the directory share.
  const std::string shared = fields()
                                 .u16(version_needed)
                                 .u16(ascii ? 0 : utf8_flag)
                                 .u16(stored)
                                 .u16(0)  // midnight
                                 .u16(first_date)
                                 .u32(crc)
                                 .u32(in_extra64)
                                 .u32(in_extra64)
                                 .u16(name.size())
                                 .bytes;
  directory_ += fields()
                    .u32(member_signature)
                    .u16(made_by)
                    .text(shared)
                    .u16(28)  // length of the extra field
                    .u16(0)   // comment
                    .u16(0)   // disk
                    .u16(0)   // internal attributes
                    .u32(readable_by_all << 16)
                    .u32(in_extra64)  // offset of the local header
                    .text(name)
                    .u16(extra64)
                    .u16(24)
                    .u64(size)
                    .u64(size)
                    .u64(offset_)
                    .bytes;
  put(fields()
          .u32(local_signature)
          .text(shared)
          .u16(20)
          .text(name)
          .u16(extra64)
          .u16(16)
          .u64(size)
          .u64(size)
          .bytes);
  for (const auto part : parts) put(as_text(part));
  ++members_;
}

void writer::finish() {
  const std::uint64_t directory_offset = offset_;
  put(directory_);
  const std::uint64_t end64_offset = offset_;
  put(fields()
          .u32(end64_signature)
          .u64(end64_size - 12)  // what follows this field
          .u16(made_by)
          .u16(version_needed)
          .u32(0)  // this disk
          .u32(0)  // disk of the directory
          .u64(members_)
          .u64(members_)
          .u64(directory_.size())
          .u64(directory_offset)
          .u32(locator64_signature)
          .u32(0)
          .u64(end64_offset)
          .u32(1)  // number of disks
          .u32(end_signature)
          .u16(0)
          .u16(0)
          .u16(in_end64)
          .u16(in_end64)
          .u32(in_extra64)
          .u32(in_extra64)
          .u16(0)  // comment
          .bytes);
}

void reader::refuse(const std::string& what) const {
  throw data_error(file_,
                   what + "; expected a sound .npz archive. Use an older checkpoint, or make it again.");
}

std::span<const std::uint8_t> reader::slice(std::uint64_t offset, std::uint64_t n) const {
  if (offset > bytes_.size() || n > bytes_.size() - offset)
    refuse("damaged or truncated: its directory points beyond the end of the file");
  return bytes_.subspan(offset, n);
}

reader::reader(std::span<const std::uint8_t> bytes, std::filesystem::path file)
    : bytes_(bytes), file_(std::move(file)) {
  if (bytes_.size() < end_size)
    refuse("found " + std::to_string(bytes_.size()) + " bytes, too few for an archive");
  // The end record stands last, but for a comment that numpy never writes.
  const std::size_t end_offset = bytes_.size() - end_size;
  const auto end = slice(end_offset, end_size);
  if (u32(end, 0) != end_signature || u16(end, 20) != 0)
    refuse("damaged or truncated: found no end of the archive where the file ends");
  std::uint64_t count = u16(end, 10), size = u32(end, 12), offset = u32(end, 16);
  if (count == in_end64 || size == in_extra64 || offset == in_extra64) {
    if (end_offset < locator64_size) refuse("damaged: found no 64-bit end of the archive");
    const auto locator = slice(end_offset - locator64_size, locator64_size);
    if (u32(locator, 0) != locator64_signature) refuse("damaged: found no 64-bit end of the archive");
    const auto end64 = slice(u64(locator, 8), end64_size);
    if (u32(end64, 0) != end64_signature) refuse("damaged: found no 64-bit end of the archive");
    count = u64(end64, 32), size = u64(end64, 40), offset = u64(end64, 48);
  }
  read_directory(offset, size, count);
}

void reader::read_directory(std::uint64_t offset, std::uint64_t size, std::uint64_t count) {
  auto directory = slice(offset, size);
  for (; count > 0; --count) {
    if (directory.size() < member_size || u32(directory, 0) != member_signature)
      refuse("damaged: found an unreadable entry in its directory");
    const std::size_t name_size = u16(directory, 28), extra_size = u16(directory, 30),
                      comment_size = u16(directory, 32);
    if (directory.size() - member_size < name_size + extra_size + comment_size)
      refuse("damaged: found a truncated entry in its directory");
    const std::string name(as_text(directory.subspan(member_size, name_size)));
    auto extra = directory.subspan(member_size + name_size, extra_size);

    member m{u16(directory, 10), u32(directory, 16), {}, u32(directory, 24)};
    std::uint64_t packed_size = u32(directory, 20), local = u32(directory, 42);
    for (; extra.size() >= 4; extra = extra.subspan(4 + u16(extra, 2))) {
      if (extra.size() - 4 < u16(extra, 2)) refuse("damaged: found a truncated entry in its directory");
      if (u16(extra, 0) != extra64) continue;
      auto wide = extra.subspan(4, u16(extra, 2));
      for (std::uint64_t* field :
           {&m.size, &packed_size, &local}) {  // the order in which the format lists them
        if (*field != in_extra64) continue;
        if (wide.size() < 8) refuse("damaged: found an entry without its 64-bit size");
        *field = u64(wide, 0);
        wide = wide.subspan(8);
      }
    }

    if (u16(directory, 8) & encrypted_flag) refuse("member '" + name + "' is encrypted");
    if (m.method != stored && m.method != deflated)
      refuse("member '" + name + "' uses compression method " + std::to_string(m.method));
    const auto header = slice(local, local_size);
    if (u32(header, 0) != local_signature || u16(header, 26) != name_size ||
        as_text(slice(local + local_size, name_size)) != name)
      refuse("damaged: member '" + name + "' is not where the directory says");
    m.packed = slice(local + local_size + name_size + u16(header, 28), packed_size);
    if (!members_.emplace(name, m).second) refuse("found the member '" + name + "' twice");
    directory = directory.subspan(member_size + name_size + extra_size + comment_size);
  }
  if (!directory.empty()) refuse("damaged: found bytes after the last entry of its directory");
}

std::span<const std::uint8_t> reader::extract(const std::string& name,
                                              std::vector<std::uint8_t>& storage) const {
  const member& m = members_.at(name);
  const auto damaged = [&](const std::string& what) { refuse("damaged: member '" + name + "' " + what); };
  std::span<const std::uint8_t> contents = m.packed;
  if (m.method == stored) {
    if (m.size != m.packed.size()) damaged("has two different sizes");
  } else {
    // Deflate makes at most 1032 bytes of one (zlib's technical notes): a larger claim is a lie, found out in
    // time.
    constexpr std::uint64_t most = 1032;
    if (m.size / most > m.packed.size()) damaged("claims more bytes than its data can hold");
    storage.resize(m.size);
    z_stream inflater{};
    constexpr int raw = -15;  // no header around the data
    if (inflateInit2(&inflater, raw) != Z_OK) throw std::bad_alloc();
    // zlib counts in 32 bits: feed both sides by the piece.
    constexpr std::size_t piece = std::numeric_limits<uInt>::max();
    std::size_t in = 0, out = 0;
    int result = Z_OK;
    do {
      const auto give = static_cast<uInt>(std::min(piece, m.packed.size() - in));
      const auto room = static_cast<uInt>(std::min(piece, storage.size() - out));
      std::uint8_t none = 0;  // an empty vector has no address, and zlib wants one
      inflater.next_in = const_cast<Bytef*>(m.packed.data() + in);
      inflater.avail_in = give;
      inflater.next_out = storage.empty() ? &none : storage.data() + out;
      inflater.avail_out = room;
      result = inflate(&inflater, Z_NO_FLUSH);
      in += give - inflater.avail_in;
      out += room - inflater.avail_out;
    } while (result == Z_OK);
    inflateEnd(&inflater);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_STREAM_END || in != m.packed.size() || out != storage.size())
      damaged("cannot be decompressed to the size in the directory");
    contents = storage;
  }
  const uLong crc = contents.empty() ? 0 : crc32_z(0, contents.data(), contents.size());
  if (crc != m.crc) damaged("fails its checksum");
  return contents;
}

}  // namespace freefall::runtime::zip
