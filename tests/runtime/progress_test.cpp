#include "freefall/runtime/progress.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "scratch.hpp"

namespace freefall::runtime {
namespace {

// A clock that goes on only when told to.
progress::clock::time_point now_value;
progress::clock::time_point fake_now() { return now_value; }
void pass(int milliseconds) { now_value += std::chrono::milliseconds(milliseconds); }

class ProgressInFile : public test::scratch {
 protected:
  template <class Run>
  std::string output_of(Run run) const {
    std::FILE* const file = std::fopen((folder / "log").c_str(), "w");
    run(file);
    std::fclose(file);
    return read(folder / "log");
  }
};

TEST_F(ProgressInFile, WritesAPlainLineForEachTenth) {
  const std::string log = output_of([](std::FILE* file) {
    progress bar("train", 20, "images", file, fake_now);
    for (std::size_t i = 1; i <= 20; ++i) {
      pass(500);
      bar.update(i, "F = " + std::to_string(100 - i));
    }
    bar.finish();
  });
  std::string expected;
  for (std::size_t i = 2; i <= 18; i += 2)
    expected += "train: " + std::to_string(i) + "/20 images (" + std::to_string(5 * i) +
                "%), 2.00/s, F = " + std::to_string(100 - i) + "\n";
  EXPECT_EQ(log, expected + "train: 20/20 images (100%), 2.00/s\n");
}

TEST_F(ProgressInFile, WritesOneLineWhenSeveralTenthsPassAtOnce) {
  EXPECT_EQ(output_of([](std::FILE* file) {
              progress bar("infer", 100, "steps", file, fake_now);
              bar.update(55);
              bar.update(59);
            }),
            "infer: 55/100 steps (55%)\n");
}

TEST_F(ProgressInFile, ShowsTheStateAtWhichARunEndedEarly) {
  EXPECT_EQ(output_of([](std::FILE* file) {
              progress bar("infer", 100, "steps", file, fake_now);
              pass(2000);
              bar.update(7);
              bar.finish("settled");
              bar.finish("again");
              bar.update(90);
            }),
            "infer: 7/100 steps (7%), 3.50/s, settled\n");
}

TEST_F(ProgressInFile, BearsATotalOfNothing) {
  EXPECT_EQ(output_of([](std::FILE* file) {
              progress bar("train", 0, "images", file, fake_now);
              bar.update(0);
              bar.finish();
            }),
            "train: 0/0 images\n");
}

// The far end of a pseudo-terminal 40 columns wide.
class ProgressOnTerminal : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TERM", "xterm", 1);
    screen = ::posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(screen, 0);
    ASSERT_EQ(::grantpt(screen), 0);
    ASSERT_EQ(::unlockpt(screen), 0);
    winsize size{};
    size.ws_row = 24, size.ws_col = 40;
    ASSERT_EQ(::ioctl(screen, TIOCSWINSZ, &size), 0);
    terminal = ::fdopen(::open(::ptsname(screen), O_RDWR | O_NOCTTY), "w");
    ASSERT_NE(terminal, nullptr);
  }
  void TearDown() override {
    if (terminal != nullptr) std::fclose(terminal);
    ::close(screen);
  }
  // What was drawn since the last call. The kernel delivers in its own time: read up to a mark of our own.
  std::string drawn() const {
    constexpr char mark = '\x1f';
    std::fputc(mark, terminal);
    std::fflush(terminal);
    std::string text;
    for (char c = 0; ::read(screen, &c, 1) == 1 && c != mark;) text += c;
    return text;
  }

  int screen = -1;
  std::FILE* terminal = nullptr;
};

TEST_F(ProgressOnTerminal, RedrawsOneLine) {
  progress bar("train", 10, "images", terminal, fake_now);
  pass(1000);
  bar.update(1, "F = 3");
  EXPECT_EQ(drawn(), "\rtrain: 1/10 images (10%), 1.00/s, F = 3\x1b[K");
  pass(1000);
  bar.update(3);
  bar.finish("done");
  EXPECT_EQ(drawn(),
            "\rtrain: 3/10 images (30%), 1.50/s\x1b[K\rtrain: 3/10 images (30%), 1.50/s, done\x1b[K\r\n");
}

TEST_F(ProgressOnTerminal, DrawsAtMostTenTimesASecond) {
  progress bar("train", 100, "images", terminal, fake_now);
  for (std::size_t i = 0; i < 100; ++i) {
    bar.update(i);
    pass(10);
  }
  const std::string text = drawn();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 10);
}

TEST_F(ProgressOnTerminal, KeepsTheLineWithinTheTerminal) {
  progress bar("train", 10, "images", terminal, fake_now);
  bar.update(1, "\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83");
  // 39 columns of bytes: 26 before the text, six whole letters of two bytes, and no half of the seventh.
  EXPECT_EQ(drawn(), "\rtrain: 1/10 images (10%), \xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\xcf\x83\x1b[K");
}

TEST_F(ProgressOnTerminal, WritesPlainLinesIfItIsDumb) {
  ::setenv("TERM", "dumb", 1);
  progress bar("train", 10, "images", terminal, fake_now);
  bar.update(1);
  EXPECT_EQ(drawn(), "train: 1/10 images (10%)\r\n");
}

}  // namespace
}  // namespace freefall::runtime
