// Two causes of which the outcome says only whether they differ.
#include <freefall/dsl.hpp>

using namespace freefall;

freefall::program define() {
  axis<"left"> left;
  axis<"right"> right;
  axis<"seen"> seen;
  auto x = one_of<"x">(left);
  auto y = one_of<"y">(right);
  auto o = one_of<"o">(seen);
  auto A = parameter<"A">(seen, left, right);
  auto p = model<"exclusive_or">(x <<= categorical(1 / count(left)), y <<= categorical(1 / count(right)),
                                 o <<= categorical(A(x, y)));
  auto q = family(categorical(x), categorical(y));
  auto F = free_energy(p, q);
  return program{kernel<"begin">(forward(p)), kernel<"settle">(repeat(16, solve(F, q, x), solve(F, q, y))),
                 kernel<"free_energy">(F)};
}
