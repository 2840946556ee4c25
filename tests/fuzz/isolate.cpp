#include "tests/fuzz/isolate.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace freefall::fuzz {
namespace {

// The address sanitizer reserves terabytes of addresses, and takes its time.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// The outcome as bytes that two processes share.
struct Shared {
  int kind;
  std::size_t compared, ill_conditioned, energies, slopes, unclear_slopes, verdicts, without_verdict,
      long_texts, nan_runs;
  char stage[64], text[6000];
};

template <std::size_t N>
void copy(char (&to)[N], const std::string& from) {
  const std::size_t n = std::min(from.size(), N - 1);
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

}  // namespace

Outcome isolated(const std::function<Outcome()>& check, unsigned seconds) {
  if (sanitized) seconds *= 10;
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("isolated: no memory to share");
  auto* shared = new (memory) Shared{};
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("isolated: no process to be had");
  if (child == 0) {
    const rlimit time{seconds, seconds}, space{std::size_t{6} << 30U, std::size_t{6} << 30U};
    setrlimit(RLIMIT_CPU, &time);
    if (!sanitized) setrlimit(RLIMIT_AS, &space);
    Outcome o;
    try {
      o = check();
    } catch (const std::exception& error) {
      o = Outcome::failure("exception", error.what());
    }
    shared->kind = static_cast<int>(o.kind);
    shared->compared = o.compared;
    shared->ill_conditioned = o.ill_conditioned;
    shared->energies = o.energies;
    shared->slopes = o.slopes;
    shared->unclear_slopes = o.unclear_slopes;
    shared->verdicts = o.verdicts;
    shared->without_verdict = o.without_verdict;
    shared->long_texts = o.long_texts;
    shared->nan_runs = o.nan_runs;
    copy(shared->stage, o.stage);
    copy(shared->text, o.text);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Outcome out{static_cast<Outcome::Kind>(shared->kind),
              shared->stage,
              shared->text,
              shared->compared,
              shared->ill_conditioned,
              shared->energies,
              shared->slopes,
              shared->unclear_slopes,
              shared->verdicts,
              shared->without_verdict,
              shared->long_texts,
              shared->nan_runs};
  munmap(memory, sizeof(Shared));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return out;
  if (WIFEXITED(status))
    return Outcome::failure("crash", fmt::format("ends with exit code {}", WEXITSTATUS(status)));
  const bool hangs = WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL;
  return Outcome::failure(hangs ? "hang" : "crash", hangs
                                                        ? fmt::format("takes more than {} s", seconds)
                                                        : fmt::format("ends by signal {}", WTERMSIG(status)));
}

}  // namespace freefall::fuzz
