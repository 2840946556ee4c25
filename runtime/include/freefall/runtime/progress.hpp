// A line that says how far a long run has come.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace freefall::runtime {

//   progress bar("train", 60000, "images");
//   for (...) bar.update(images_done, "F = 1.25");
//   bar.finish("F = 1.19");
//
// On a terminal one line is redrawn in place, at most ten times a second and no wider than the terminal.
// Elsewhere (a file, a pipe, TERM=dumb) a plain line is written whenever another tenth of the total is
// reached, so that a log has ten lines whatever the speed:
//
//   train: 6000/60000 images (10%), 2310/s, F = 1.25
//
// The rate is the average since construction. The file must outlive the object; failed writes are ignored.
class progress {
 public:
  /// Does not go back.
  using clock = std::chrono::steady_clock;

  // `now` is for tests, which must not wait.
  progress(std::string label, std::size_t total, std::string unit, std::FILE* to = stderr,
           clock::time_point (*now)() = clock::now);

  // `done` units of `total` are finished; never fewer than in the call before. Cheap when there is nothing to
  // draw.
  void update(std::size_t done, std::string_view extra = {});

  // Draws the last state and ends the line. Further calls do nothing.
  void finish(std::string_view extra = {});

 private:
  void draw(std::string_view extra);

  std::string label_, unit_;
  std::size_t total_, done_ = 0;
  std::FILE* to_;
  clock::time_point (*now_)();
  clock::time_point start_, next_;  // next_: the earliest time of the next drawing
  std::size_t tenths_ = 0;          // of the total, already written
  bool terminal_, finished_ = false;
};

}  // namespace freefall::runtime
