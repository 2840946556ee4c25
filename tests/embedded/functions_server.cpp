// Evaluates the functions of numerics.def with the loops that tests/numerics measures, compiled for the
// processor this program is for, until its input ends.
#include <cstdio>
#include <vector>

#include "protocol.hpp"
#include "tests/numerics/measured.hpp"

namespace freefall::numerics {

const implementation* functions();

namespace {

template <class T>
bool answer(const request& r, loop<T> function) {
  std::vector<T> x(r.count), y(r.count), out(r.count);
  if (std::fread(x.data(), sizeof(T), r.count, stdin) != r.count ||
      std::fread(y.data(), sizeof(T), r.count, stdin) != r.count)
    return false;
  function(r.count, x.data(), y.data(), out.data());
  return std::fwrite(out.data(), sizeof(T), r.count, stdout) == r.count && std::fflush(stdout) == 0;
}

}  // namespace
}  // namespace freefall::numerics

int main() {
  using namespace freefall::numerics;
  request r{};
  while (std::fread(&r, sizeof r, 1, stdin) == 1) {
    const implementation& f = functions()[r.function];
    if (!(r.scalar_bytes == 4 ? answer(r, f.in_float) : answer(r, f.in_double))) return 1;
  }
  return 0;
}
