#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"
#include "scratch.hpp"

namespace freefall::runtime {
namespace {

using test::message_of;
using ::testing::ElementsAre;

class Idx : public test::scratch {
 protected:
  static std::string big_endian(std::uint32_t x) {
    return {static_cast<char>(x >> 24), static_cast<char>(x >> 16), static_cast<char>(x >> 8),
            static_cast<char>(x)};
  }
  static std::string images(std::uint32_t rows, std::uint32_t height, std::uint32_t width,
                            const std::string& pixels) {
    return big_endian(0x803) + big_endian(rows) + big_endian(height) + big_endian(width) + pixels;
  }
  static std::string labels(std::uint32_t rows, const std::string& values) {
    return big_endian(0x801) + big_endian(rows) + values;
  }
  static std::string error_of_images(const std::filesystem::path& file, const std::string& hint = {}) {
    return message_of<data_error>([&] { static_cast<void>(read_idx_images(file, hint)); });
  }

  const std::string two_images = images(2, 2, 3, "abcdefABCDE\xff");
};

TEST_F(Idx, ReadsPlainImages) {
  const image_set set = read_idx_images(write("images", two_images));
  EXPECT_EQ(set.rows, 2U);
  EXPECT_EQ(set.height, 2U);
  EXPECT_EQ(set.width, 3U);
  EXPECT_THAT(set.image(1), ElementsAre('A', 'B', 'C', 'D', 'E', 255));
}

TEST_F(Idx, ReadsCompressedFilesWhateverTheirName) {
  EXPECT_EQ(read_idx_images(write_gzip("images.idx", two_images)).pixels,
            read_idx_images(write("images.gz", two_images)).pixels);
}

TEST_F(Idx, ReadsLabels) {
  EXPECT_THAT(read_idx_labels(write("labels", labels(3, "\1\2\11"))), ElementsAre(1, 2, 9));
  EXPECT_THAT(read_idx_labels(write("none", labels(0, ""))), ElementsAre());
}

TEST_F(Idx, ReadsMoreThanOneBufferOfCompressedData) {
  std::string pixels;
  for (std::uint32_t i = 0; i < 3'000'000; ++i) pixels += static_cast<char>(i * 2654435761U >> 24);
  const image_set set = read_idx_images(write_gzip("images", images(3000, 10, 100, pixels)));
  EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), set.pixels.begin(), set.pixels.end(),
                         [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }));
}

TEST_F(Idx, ReadsGzipMembersInARow) {
  const std::string head = read(write_gzip("head", two_images.substr(0, 20)));
  const std::string tail = read(write_gzip("tail", two_images.substr(20)));
  EXPECT_EQ(read_idx_images(write("both", head + tail)).pixels,
            read_idx_images(write("plain", two_images)).pixels);
}

TEST_F(Idx, NamesAMissingFileAndHowToGetIt) {
  const auto file = folder / "absent";
  EXPECT_EQ(error_of_images(file, "Run scripts/data mnist."),
            file.string() + ": cannot be opened: No such file or directory. Run scripts/data mnist.");
}

TEST_F(Idx, RefusesAFolder) {
  EXPECT_EQ(error_of_images(folder), folder.string() + ": cannot be read: Is a directory.");
}

TEST_F(Idx, RefusesAnotherMagicNumber) {
  const auto file = write("labels", labels(3, "\1\2\11"));
  EXPECT_EQ(error_of_images(file),
            file.string() +
                ": found the magic number 0x00000801, expected 0x00000803 (IDX images, unsigned "
                "bytes in 3 dimensions). Check that this is the right file.");
}

TEST_F(Idx, RefusesEveryTruncation) {
  for (std::size_t n = 0; n < two_images.size(); ++n)
    EXPECT_THROW(static_cast<void>(read_idx_images(write("cut", two_images.substr(0, n)))), data_error) << n;
  const auto file = write("cut", two_images.substr(0, 20));
  EXPECT_EQ(error_of_images(file),
            file.string() +
                ": found 4 bytes after the header, expected 12 (2 x 2 x 3). Fetch the file "
                "again.");
}

TEST_F(Idx, RefusesEveryTruncationOfCompressedData) {
  const std::string packed = read(write_gzip("images", two_images));
  for (std::size_t n = 0; n < packed.size(); ++n)
    EXPECT_THROW(static_cast<void>(read_idx_images(write("cut", packed.substr(0, n)))), data_error) << n;
  EXPECT_NE(error_of_images(write("cut", packed.substr(0, packed.size() - 1))).find("truncated gzip data"),
            std::string::npos);
}

TEST_F(Idx, RefusesADamagedByteOfCompressedData) {
  std::string packed = read(write_gzip("images", two_images));
  constexpr std::size_t gzip_header = 10;  // holds a date and the like, which may be anything
  for (std::size_t i = gzip_header; i < packed.size(); ++i) {
    packed[i] = static_cast<char>(packed[i] ^ 0x10);
    EXPECT_THROW(static_cast<void>(read_idx_images(write("damaged", packed))), data_error) << i;
    packed[i] = static_cast<char>(packed[i] ^ 0x10);
  }
}

TEST_F(Idx, RefusesTrailingBytes) {
  const auto file = write("long", two_images + "x");
  EXPECT_EQ(error_of_images(file),
            file.string() +
                ": found more than 12 bytes after the header, expected 12 (2 x 2 x 3). Fetch the "
                "file again.");
  EXPECT_THROW(static_cast<void>(read_idx_images(write_gzip("long", two_images + "x"))), data_error);
  const std::string packed = read(write_gzip("images", two_images));
  EXPECT_NE(error_of_images(write("long", packed + "x")).find("bytes after the end of the gzip data"),
            std::string::npos);
}

// A header may claim 2^31 images or sizes whose product overflows: neither may cost memory.
TEST_F(Idx, DoesNotBelieveALyingHeader) {
  const auto file = write("lie", images(0x7fffffff, 28, 28, "abc"));
  EXPECT_EQ(error_of_images(file),
            file.string() +
                ": found 3 bytes after the header, expected 1683627179248 (2147483647 x 28 x "
                "28). Fetch the file again.");
  EXPECT_NE(error_of_images(write("lie", images(~0U, ~0U, ~0U, "abc"))).find("more than memory can address"),
            std::string::npos);
}

}  // namespace
}  // namespace freefall::runtime
