#include <cstdio>

#include "attractor_views.hpp"

namespace {
// Two pictures of 4 x 4.
constexpr const char* pictures[] = {"####....####....", "#..##..##..##..#"};
double pixel(const char* picture, int i) { return picture[i] == '#' ? 1 : -1; }
}  // namespace

int main() {
  attractor::instance net;
  net.draw_seed = 1;
  net.beta() = 1;
  for (int step = 0; step < 2000; ++step) {
    const char* shown = pictures[step / 10 % 2];
    for (int i = 0; i < 16; ++i) net.bias()(i) = 10 * pixel(shown, i);
    net.train();
  }
  // The upper half of each picture, and nothing of the lower.
  net.beta() = 4;
  for (const char* picture : pictures) {
    for (int i = 0; i < 16; ++i) net.sigma()(i) = net.bias()(i) = i < 8 ? pixel(picture, i) : 0;
    net.relax();
    int right = 0;
    for (int i = 0; i < 16; ++i) {
      std::putchar(net.sigma()(i) > 0 ? '#' : '.');
      right += (net.sigma()(i) > 0) == (picture[i] == '#');
      if (i % 4 == 3) std::putchar('\n');
    }
    std::printf("%d of 16 pixels\n", right);
  }
}
