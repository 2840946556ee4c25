#include "byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "freefall/runtime/error.hpp"

namespace freefall::runtime {
namespace {

constexpr std::uint8_t gzip_magic[2] = {0x1f, 0x8b};
constexpr std::size_t piece = std::size_t{1} << 20;

}  // namespace

file_handle open_file(const std::filesystem::path& file, std::string_view hint) {
  file_handle handle(std::fopen(file.c_str(), "rb"));
  if (!handle) {
    std::string message = std::string("cannot be opened: ") + std::strerror(errno) + ".";
    if (!hint.empty()) message.append(" ").append(hint);
    throw data_error(file, message);
  }
  return handle;
}

byte_source::byte_source(const std::filesystem::path& file, std::string_view hint)
    : path_(file), file_(open_file(file, hint)) {
  refill();
  compressed_ = filled_ >= 2 && std::equal(std::begin(gzip_magic), std::end(gzip_magic), input_.begin());
  constexpr int gzip_only = 15 + 16;  // largest window; expect the gzip header
  if (compressed_ && inflateInit2(&inflater_, gzip_only) != Z_OK) throw std::bad_alloc();
}

byte_source::~byte_source() {
  if (compressed_) inflateEnd(&inflater_);
}

void byte_source::refill() {
  position_ = 0;
  filled_ = std::fread(input_.data(), 1, input_.size(), file_.get());
  if (filled_ == 0 && std::ferror(file_.get()))
    throw data_error(path_, std::string("cannot be read: ") + std::strerror(errno) + ".");
}

void byte_source::inflate_some(std::uint8_t* to, std::size_t n, std::size_t& done) {
  inflater_.next_in = input_.data() + position_;
  inflater_.avail_in = static_cast<uInt>(filled_ - position_);
  inflater_.next_out = to;
  inflater_.avail_out = static_cast<uInt>(std::min(n, piece));
  const uInt room = inflater_.avail_out;
  const int result = inflate(&inflater_, Z_NO_FLUSH);
  position_ = filled_ - inflater_.avail_in;
  done += room - inflater_.avail_out;
  if (result == Z_STREAM_END) {
    between_members_ = true;
    inflateReset(&inflater_);
  } else if (result == Z_MEM_ERROR) {
    throw std::bad_alloc();
  } else if (result != Z_OK && result != Z_BUF_ERROR) {
    throw data_error(path_, std::string("damaged gzip data (") +
                                (inflater_.msg ? inflater_.msg : "unknown reason") +
                                "); expected a sound gzip file. Fetch it again.");
  }
}

std::size_t byte_source::read(void* to, std::size_t n) {
  auto* bytes = static_cast<std::uint8_t*>(to);
  std::size_t done = 0;
  while (done < n) {
    if (position_ == filled_) refill();
    const std::size_t ready = filled_ - position_;
    if (!compressed_) {
      if (ready == 0) break;
      const std::size_t take = std::min(ready, n - done);
      std::memcpy(bytes + done, input_.data() + position_, take);
      position_ += take;
      done += take;
      continue;
    }
    if (ready == 0) {
      if (between_members_) break;
      // The inflater may hold output back: ask once more without input before calling it the end.
      const std::size_t before = done;
      inflate_some(bytes + done, n - done, done);
      if (done == before && !between_members_)
        throw data_error(path_,
                         "truncated gzip data; expected the end mark of the stream. Fetch the file again.");
      continue;
    }
    if (between_members_ && input_[position_] != gzip_magic[0])
      throw data_error(path_,
                       "bytes after the end of the gzip data; expected the end of the file. Fetch it again.");
    between_members_ = false;
    inflate_some(bytes + done, n - done, done);
  }
  return done;
}

std::size_t byte_source::append(std::vector<std::uint8_t>& out, std::size_t limit) {
  std::size_t total = 0;
  while (total < limit) {
    const std::size_t want = std::min(piece, limit - total);
    const std::size_t old_size = out.size();
    if (out.capacity() < old_size + want)
      out.reserve(old_size + std::min(std::max(old_size, want), limit - total));
    out.resize(old_size + want);
    const std::size_t got = read(out.data() + old_size, want);
    out.resize(old_size + got);
    total += got;
    if (got < want) break;
  }
  return total;
}

}  // namespace freefall::runtime
