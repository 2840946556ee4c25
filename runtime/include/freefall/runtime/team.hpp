// Threads that work on one kernel call together: each runs the same statements on its share of the work and
// waits for the others between two that depend on each other. The shares are whole elements of the results,
// so no sum is split and every result has the bits of one thread.
#pragma once

#include <cstddef>

#include "freefall/runtime/denormals.hpp"

#ifndef FREEFALL_THREADS
#define FREEFALL_THREADS __STDC_HOSTED__
#endif

namespace freefall::runtime {

// Where the threads of a team meet.
class meeting_point {
 public:
  /// Returns when all threads have called it.
  virtual void wait() = 0;

 protected:
  ~meeting_point() = default;
};

// One thread of a team.
class team {
 public:
  /// The only one.
  constexpr team() = default;
  /// Number `thread` of `threads`, which meet there.
  constexpr team(std::size_t thread, std::size_t threads, meeting_point* meeting)
      : thread_(thread), threads_(threads), meeting_(meeting) {}

  /// Which it is, from 0 on.
  [[nodiscard]] constexpr std::size_t thread() const { return thread_; }
  /// True for the one that does what cannot be shared.
  [[nodiscard]] constexpr bool is_first() const { return thread_ == 0; }
  /// How many there are.
  [[nodiscard]] constexpr std::size_t threads() const { return threads_; }
  /// Its share of n elements is [begin(n), end(n)).
  [[nodiscard]] constexpr std::size_t begin(std::size_t n) const { return n * thread_ / threads_; }
  /// The other end.
  [[nodiscard]] constexpr std::size_t end(std::size_t n) const { return n * (thread_ + 1) / threads_; }
  /// True if part number `part` of many is its own.
  [[nodiscard]] constexpr bool owns(std::size_t part) const {
    return threads_ == 1 || part % threads_ == thread_;
  }
  /// Returns when all threads have called it.
  [[gnu::always_inline]] void wait() const {
    if (meeting_ != nullptr) meeting_->wait();
  }

 private:
  std::size_t thread_ = 0, threads_ = 1;
  meeting_point* meeting_ = nullptr;
};

#if FREEFALL_THREADS
namespace detail {
void run_on_threads(std::size_t threads, void (*work)(const void*, const team&), const void* context);
}
#endif

// Calls work(team) on that many threads, the calling one among them, and returns when all are done. The
// others are kept for the next call; if they are at work for another caller, new ones are made for this call.
template <class Work>
void run_team([[maybe_unused]] std::size_t threads, const Work& work) {
#if FREEFALL_THREADS
  if (threads > 1) {
    detail::run_on_threads(
        threads,
        [](const void* w, const team& t) {
          [[maybe_unused]] const flush_denormals mode = {};  // that of the calling thread
          (*static_cast<const Work*>(w))(t);
        },
        &work);
    return;
  }
#endif
  work(team());
}

}  // namespace freefall::runtime
