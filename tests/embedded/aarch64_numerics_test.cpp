// The functions of kernels keep the bounds of numerics.def on AArch64: its program evaluates them under an
// emulator, the exact values are this machine's.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "protocol.hpp"
#include "tests/numerics/measure.hpp"

namespace freefall::numerics {
namespace {

// The emulated program, running as long as this one.
class server {
 public:
  server() {
    std::array<int, 2> to{}, from{};
    if (::pipe(to.data()) != 0 || ::pipe(from.data()) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(to[0], STDIN_FILENO), ::dup2(from[1], STDOUT_FILENO);
      ::close(to[1]), ::close(from[0]);
      ::execl(FREEFALL_EMULATOR, FREEFALL_EMULATOR, FREEFALL_FUNCTIONS_SERVER, nullptr);
      ::_exit(127);
    }
    ::close(to[0]), ::close(from[1]);
    requests_ = ::fdopen(to[1], "wb"), answers_ = ::fdopen(from[0], "rb");
  }
  ~server() {
    std::fclose(requests_), std::fclose(answers_);
    ::waitpid(process_, nullptr, 0);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  template <class T>
  void evaluate(std::size_t function, std::size_t n, const T* x, const T* y, T* out) {
    const request r{static_cast<std::uint32_t>(function), sizeof(T), static_cast<std::uint32_t>(n)};
    const bool sent = std::fwrite(&r, sizeof r, 1, requests_) == 1 &&
                      std::fwrite(x, sizeof(T), n, requests_) == n &&
                      std::fwrite(y, sizeof(T), n, requests_) == n && std::fflush(requests_) == 0;
    if (!sent || std::fread(out, sizeof(T), n, answers_) != n)
      throw std::runtime_error(FREEFALL_EMULATOR " " FREEFALL_FUNCTIONS_SERVER " does not answer");
  }

 private:
  ::pid_t process_ = -1;
  std::FILE *requests_ = nullptr, *answers_ = nullptr;
};

server& emulated() {
  static server program;
  return program;
}

template <std::size_t function, class T>
void remote(std::size_t n, const T* x, const T* y, T* out) {
  emulated().evaluate(function, n, x, y, out);
}
template <std::size_t... function>
constexpr auto remote_functions(std::index_sequence<function...>) {
  return std::array{implementation{remote<function, float>, remote<function, double>}...};
}

#define FREEFALL_NUMERIC(name, domain, floor, in_float, in_double, value) +1
constexpr std::size_t kRows = 0
#include "tests/numerics/numerics.def"
    ;
#undef FREEFALL_NUMERIC
constexpr auto kFunctions = remote_functions(std::make_index_sequence<kRows + 2>{});  // softmax, log_sum_exp

template <class T>
void expect_within_bounds() {
  for (const measurement& m : measure<T>({1'000'003, 500}, {{"AArch64", kFunctions.data()}}))
    EXPECT_LE(m.by_set[0].ulp, m.bound) << m.name << " at " << m.by_set[0].x << ", " << m.by_set[0].y;
}

TEST(NumericsOnAArch64, FloatFunctionsKeepTheirBounds) { expect_within_bounds<float>(); }
TEST(NumericsOnAArch64, DoubleFunctionsKeepTheirBounds) { expect_within_bounds<double>(); }

}  // namespace
}  // namespace freefall::numerics
