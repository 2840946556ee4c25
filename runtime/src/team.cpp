#include "freefall/runtime/team.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>
#ifdef __linux__
#include <sched.h>
#endif

namespace freefall::runtime {
namespace {

// A thread that spins this often has waited for some microseconds.
constexpr int kSpins = 4000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A scheduler may wake a thread on the processor of the one that called it, and leave it there while calls
// follow each other: two threads then take as long as one. So a thread moves off the processor of its caller
// if it may use another; it is bound to none.
#ifdef __linux__
int processor() { return sched_getcpu(); }
void move_off(int busy) {
  if (busy < 0 || sched_getcpu() != busy) return;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(static_cast<std::size_t>(busy), &others);
  if (CPU_COUNT(&others) == 0) return;
  sched_setaffinity(0, sizeof others, &others);
  sched_setaffinity(0, sizeof allowed, &allowed);
}
#else
int processor() { return -1; }
void move_off(int) {}
#endif

// Threads meet within a call every few microseconds, so they spin; where there are more threads than
// processors they also let others run.
class spinning final : public meeting_point {
 public:
  explicit spinning(std::size_t threads) : threads_(threads) {}

  void wait() override {
    const std::size_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int n = 0; round_.load(std::memory_order_acquire) == round; ++n) {
      pause();
      if (n > kSpins) std::this_thread::yield();
    }
  }

 private:
  const std::size_t threads_;
  alignas(64) std::atomic<std::size_t> arrived_{0};
  alignas(64) std::atomic<std::size_t> round_{0};
};

using Work = void (*)(const void*, const team&);

// Threads that wait for calls. One caller at a time.
class Workers {
 public:
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      call_.fetch_add(1, std::memory_order_release);
    }
    begin_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  void run(std::size_t threads, Work work, const void* context) {
    spinning meeting(threads);
    {
      const std::lock_guard lock(mutex_);
      work_ = work;
      context_ = context;
      meeting_ = &meeting;
      team_ = threads;
      caller_ = processor();
      busy_.store(threads - 1, std::memory_order_relaxed);
      while (threads_.size() + 1 < threads) {
        const std::size_t number = threads_.size() + 1, seen = call_.load(std::memory_order_relaxed);
        threads_.emplace_back([this, number, seen] { serve(number, seen); });
      }
      call_.fetch_add(1, std::memory_order_release);
    }
    begin_.notify_all();
    work(context, team(0, threads, &meeting));
    for (int n = 0; busy_.load(std::memory_order_acquire) != 0; ++n) {
      pause();
      if (n > kSpins) std::this_thread::yield();
    }
  }

  std::mutex in_use;

 private:
  // Spins for the next call, then sleeps until it comes.
  void serve(std::size_t number, std::size_t seen) {
    for (;;) {
      for (int n = 0; n < kSpins && call_.load(std::memory_order_acquire) == seen; ++n) pause();
      std::unique_lock lock(mutex_);
      begin_.wait(lock, [&] { return call_.load(std::memory_order_relaxed) != seen; });
      seen = call_.load(std::memory_order_relaxed);
      if (ending_) return;
      if (number >= team_) continue;
      const Work work = work_;
      const void* context = context_;
      const team own(number, team_, meeting_);
      const int caller = caller_;
      lock.unlock();
      move_off(caller);
      work(context, own);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::mutex mutex_;
  std::condition_variable begin_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> call_{0}, busy_{0};
  Work work_ = nullptr;
  const void* context_ = nullptr;
  meeting_point* meeting_ = nullptr;
  std::size_t team_ = 0;
  int caller_ = -1;  // the processor it is on
  bool ending_ = false;
};

void run_on_new_threads(std::size_t threads, Work work, const void* context) {
  spinning meeting(threads);
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t)
    others.emplace_back([&, t] { work(context, team(t, threads, &meeting)); });
  work(context, team(0, threads, &meeting));
  for (std::thread& t : others) t.join();
}

}  // namespace

namespace detail {

void run_on_threads(std::size_t threads, Work work, const void* context) {
  static Workers workers;
  if (workers.in_use.try_lock()) {
    const std::lock_guard lock(workers.in_use, std::adopt_lock);
    workers.run(threads, work, context);
  } else {
    run_on_new_threads(threads, work, context);
  }
}

}  // namespace detail
}  // namespace freefall::runtime
