#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"
#include "scratch.hpp"

namespace freefall::runtime {
namespace {

using ::testing::ElementsAre;

class Csv : public test::scratch {
 protected:
  // The message without the path, which must stand before it.
  std::string error_of(const std::string& text) const {
    const auto file = write("table.csv", text);
    const std::string message = test::message_of<data_error>([&] { static_cast<void>(read_csv(file)); });
    EXPECT_TRUE(message.starts_with(file.string() + ":")) << message;
    return message.substr(std::min(file.string().size(), message.size()));
  }
};

TEST_F(Csv, ReadsRowsOfNumbers) {
  const table t = read_csv(write("table.csv", "1,-2.5,3e2\n+4, 5 ,\t.5\n"));
  EXPECT_EQ(t.rows, 2U);
  EXPECT_EQ(t.columns, 3U);
  EXPECT_THAT(t.values, ElementsAre(1, -2.5, 300, 4, 5, 0.5));
  EXPECT_THAT(t.row(1), ElementsAre(4, 5, 0.5));
}

TEST_F(Csv, SkipsRemarksEmptyLinesAndLineEndsOfOtherSystems) {
  EXPECT_THAT(read_csv(write("table.csv", "\xef\xbb\xbf# a,b\r\n\r\n1,2\r\n  # more\n \n3,4")).values,
              ElementsAre(1, 2, 3, 4));
}

TEST_F(Csv, ReadsCompressedTables) {
  EXPECT_THAT(read_csv(write_gzip("table.csv", "1,2\n3,4\n")).values, ElementsAre(1, 2, 3, 4));
}

TEST_F(Csv, ReadsMoreThanOneBuffer) {
  std::string text;
  for (int i = 0; i < 200000; ++i) text += std::to_string(i) + "," + std::to_string(-i) + "\n";
  const table t = read_csv(write("table.csv", text));
  ASSERT_EQ(t.rows, 200000U);
  for (std::size_t i = 0; i < t.rows; ++i) {
    ASSERT_EQ(t.values[2 * i], static_cast<double>(i));
    ASSERT_EQ(t.values[2 * i + 1], -static_cast<double>(i));
  }
}

// Two lines of 5 MB, read by pieces of one: what is known of the first piece of a line holds for the next.
TEST_F(Csv, ReadsLinesLongerThanItsPieces) {
  constexpr std::size_t columns = 700000;
  std::string text;
  for (const int sign : {1, -1}) {
    for (std::size_t i = 0; i < columns; ++i)
      text += std::to_string(sign * static_cast<int>(i)) + (i + 1 < columns ? "," : "\n");
  }
  const table t = read_csv(write("table.csv", text));
  ASSERT_EQ(t.rows, 2U);
  ASSERT_EQ(t.columns, columns);
  for (std::size_t i = 0; i < columns; ++i) {
    ASSERT_EQ(t.row(0)[i], static_cast<double>(i));
    ASSERT_EQ(t.row(1)[i], -static_cast<double>(i));
  }
}

TEST_F(Csv, FindsTheEndOfALineWhereverAPieceEnds) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  for (const std::size_t before : {piece - 2, piece - 1, piece, piece + 1}) {
    std::string text = "1,2";
    text += std::string(before - text.size(), ' ') + "\n3,4\n";
    EXPECT_THAT(read_csv(write("table.csv", text)).values, ElementsAre(1, 2, 3, 4)) << before;
  }
}

TEST_F(Csv, NamesLineAndColumnOfWhatIsNoNumber) {
  EXPECT_EQ(error_of("# remark\n1,2\n3, x4\n"),
            ":3:4: found 'x4', expected a number. Put # before a line of headings or remarks.");
  EXPECT_EQ(error_of("1,2 3\n"),
            ":1:3: found '2 3', expected a number. Put # before a line of headings or remarks.");
  EXPECT_EQ(error_of("1,,2\n"),
            ":1:3: found '', expected a number. Put # before a line of headings or remarks.");
  EXPECT_EQ(error_of("1,2,\n"),
            ":1:5: found '', expected a number. Put # before a line of headings or remarks.");
  EXPECT_EQ(error_of("1;2\n"),
            ":1:1: found '1;2', expected a number. Put # before a line of headings or remarks.");
  EXPECT_EQ(error_of("+-1\n"),
            ":1:1: found '+-1', expected a number. Put # before a line of headings or remarks.");
}

TEST_F(Csv, ShowsOnlyTheBeginningOfLongOrUnprintableText) {
  EXPECT_EQ(
      error_of("abcdefghijklmnopqrstuvwxyz\n"),
      ":1:1: found 'abcdefghijklmnopqrstuvwx...', expected a number. Put # before a line of headings or "
      "remarks.");
  EXPECT_EQ(error_of("\x1b[31m\n"),
            ":1:1: found '?[31m', expected a number. Put # before a line of headings or remarks.");
}

TEST_F(Csv, RefusesNumbersThatAreNotFinite) {
  for (const std::string text : {"nan", "NaN", "inf", "-inf"})
    EXPECT_EQ(error_of("1," + text + "\n"),
              ":1:3: found '" + text + "', expected a finite number. Remove the row or fill the gap.");
  EXPECT_EQ(error_of("1e999\n"), ":1:1: found '1e999', expected a number in the range of a double.");
}

TEST_F(Csv, RefusesRowsOfUnequalLength) {
  EXPECT_EQ(error_of("# remark\n1,2,3\n4,5\n"),
            ":3:1: found 2 columns, expected 3 as in line 2. Make all rows equally long.");
}

TEST_F(Csv, RefusesATableWithoutNumbers) {
  for (const char* text : {"", "\n\n", "# only\n"})
    EXPECT_EQ(error_of(text), ": found no row of numbers, expected at least one. Check the file.");
}

TEST_F(Csv, RefusesTruncatedCompressedTables) {
  const std::string packed = read(write_gzip("table.csv", "1,2\n3,4\n"));
  EXPECT_NE(error_of(packed.substr(0, packed.size() - 4)).find("truncated gzip data"), std::string::npos);
}

}  // namespace
}  // namespace freefall::runtime
