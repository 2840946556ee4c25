#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "byte_source.hpp"
#include "freefall/runtime/dataset.hpp"
#include "freefall/runtime/error.hpp"

namespace freefall::runtime {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return text.substr(0, 0);
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// At most 24 characters of a cell, fit for a message.
std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 24;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > longest ? "...'" : "'");
}

class csv_parser {
 public:
  explicit csv_parser(std::filesystem::path file) : file_(std::move(file)) {}

  void line(std::string_view text) {
    ++line_;
    if (line_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // byte order mark
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (const std::string_view content = trimmed(text); content.empty() || content.front() == '#') return;
    std::size_t columns = 0, start = 0, comma = 0;
    do {
      comma = text.find(',', start);
      values_.push_back(number(text.substr(start, comma - start), start));
      ++columns;
      start = comma + 1;
    } while (comma != std::string_view::npos);
    if (columns_ == 0) columns_ = columns, first_row_ = line_;
    if (columns != columns_)
      refuse(0, "found " + std::to_string(columns) + " columns, expected " + std::to_string(columns_) +
                    " as in line " + std::to_string(first_row_) + ". Make all rows equally long.");
  }

  table finish() && {
    if (columns_ == 0)
      throw data_error(file_, "found no row of numbers, expected at least one. Check the file.");
    return {values_.size() / columns_, columns_, std::move(values_)};
  }

 private:
  [[noreturn]] void refuse(std::size_t offset, const std::string& message) const {
    throw data_error(file_.string() + ":" + std::to_string(line_) + ":" + std::to_string(offset + 1),
                     message);
  }

  double number(std::string_view cell, std::size_t offset) const {
    std::string_view digits = trimmed(cell);
    if (!digits.empty()) offset += static_cast<std::size_t>(digits.data() - cell.data());
    if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range)
      refuse(offset, "found " + excerpt(digits) + ", expected a number in the range of a double.");
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
      refuse(offset, "found " + excerpt(trimmed(cell)) +
                         ", expected a number. Put # before a line of headings or remarks.");
    if (!std::isfinite(value))
      refuse(offset,
             "found " + excerpt(digits) + ", expected a finite number. Remove the row or fill the gap.");
    return value;
  }

  std::filesystem::path file_;
  std::size_t line_ = 0, columns_ = 0, first_row_ = 0;
  std::vector<double> values_;
};

}  // namespace

table read_csv(const std::filesystem::path& file, std::string_view hint) {
  byte_source source(file, hint);
  csv_parser parser(file);
  std::vector<std::uint8_t> pending;  // bytes from the start of an unfinished line
  constexpr std::size_t piece = std::size_t{1} << 20;
  for (bool more = true; more;) {
    // However long a line is, each of its bytes is looked at once and moved a few times.
    std::size_t seen = pending.size();
    if (pending.capacity() < seen + piece) pending.reserve(2 * seen + piece);
    more = source.append(pending, piece) == piece;
    std::string_view text(reinterpret_cast<const char*>(pending.data()), pending.size());
    for (std::size_t end = 0; (end = text.find('\n', seen)) != std::string_view::npos; seen = 0) {
      parser.line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    if (!more && !text.empty()) parser.line(text);
    pending.erase(pending.begin(), pending.end() - static_cast<std::ptrdiff_t>(text.size()));
  }
  return std::move(parser).finish();
}

}  // namespace freefall::runtime
