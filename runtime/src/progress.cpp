#include "freefall/runtime/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace freefall::runtime {
namespace {

constexpr auto redraw_interval = std::chrono::milliseconds(100);

bool is_terminal(std::FILE* file) {
  const char* kind = std::getenv("TERM");
  return ::isatty(::fileno(file)) == 1 && !(kind != nullptr && std::string_view(kind) == "dumb");
}

// Cuts the text to the columns of the terminal, less the one where some terminals wrap. Bytes stand for
// columns; a UTF-8 character is kept or dropped whole.
void fit(std::string& text, std::FILE* terminal) {
  winsize size{};
  if (::ioctl(::fileno(terminal), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || text.size() < size.ws_col)
    return;
  std::size_t length = size.ws_col - 1U;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  text.resize(length);
}

// Three significant digits and no exponent: "0.123", "12.3", "1230".
std::string rate_text(double rate) {
  std::array<char, 64> text{};
  const int decimals = rate >= 100 ? 0 : rate >= 10 ? 1 : rate >= 1 ? 2 : 3;
  std::snprintf(text.data(), text.size(), "%.*f", decimals, rate);
  return text.data();
}

}  // namespace

progress::progress(std::string label, std::size_t total, std::string unit, std::FILE* to,
                   clock::time_point (*now)())
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      to_(to),
      now_(now),
      start_(now()),
      next_(start_),
      terminal_(is_terminal(to)) {}

void progress::update(std::size_t done, std::string_view extra) {
  if (finished_) return;
  done_ = done;
  if (terminal_) {
    const clock::time_point time = now_();
    if (time < next_) return;
    next_ = time + redraw_interval;
  } else {
    const auto tenths =
        total_ == 0
            ? 0
            : static_cast<std::size_t>(10.0 * static_cast<double>(done) / static_cast<double>(total_));
    if (tenths <= tenths_ || tenths >= 10) return;  // the last line is finish's
    tenths_ = tenths;
  }
  draw(extra);
}

void progress::finish(std::string_view extra) {
  if (finished_) return;
  draw(extra);
  if (terminal_) std::fputc('\n', to_);
  std::fflush(to_);
  finished_ = true;
}

void progress::draw(std::string_view extra) {
  std::string line = label_ + ": " + std::to_string(done_) + "/" + std::to_string(total_) + " " + unit_;
  if (total_ > 0)
    line +=
        " (" +
        std::to_string(static_cast<int>(100.0 * static_cast<double>(done_) / static_cast<double>(total_))) +
        "%)";
  if (const std::chrono::duration<double> elapsed = now_() - start_; elapsed.count() > 0)
    line += ", " + rate_text(static_cast<double>(done_) / elapsed.count()) + "/s";
  if (!extra.empty()) line.append(", ").append(extra);
  if (terminal_) {
    fit(line, to_);
    std::fprintf(to_, "\r%s\x1b[K", line.c_str());  // back to the start; clear what is left of a longer line
  } else {
    std::fprintf(to_, "%s\n", line.c_str());
  }
  std::fflush(to_);
}

}  // namespace freefall::runtime
