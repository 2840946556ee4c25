#pragma once
// Matrices that change from step to step of a loop, and within a kernel, by rows and by columns.

#include <freefall/dsl.hpp>
#include <type_traits>

namespace freefall::test {

using by_rows = std::false_type;
using by_columns = std::true_type;

// A network that draws its states and learns from each, several steps in a call and many; and a linear map
// that learns and is used at once.
template <class Layout>
program online(Layout) {
  axis<"unit"> unit;
  const auto square = [&]<fixed_string Name>(name<Name>, auto... more) {
    if constexpr (Layout::value) {
      return parameter<Name>(unit.prime(), unit, more...);
    } else {
      return parameter<Name>(unit, unit.prime(), more...);
    }
  };
  auto sigma = variable<"sigma">(unit);
  auto bias = input<"bias">(unit);
  auto eta = input<"eta">();
  auto J = square(name<"J">{}, no_diagonal);
  auto p = conditionals<"attractor">(sigma <<= continuous_bernoulli(bias + J * prime(sigma)));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(bias + J * prime(previous(sigma))));

  auto x = input<"x">(unit);
  auto y = variable<"y">(unit);
  auto W = square(name<"W">{});
  auto linear = model<"linear">(y <<= normal(W * prime(x)));
  auto L = free_energy(linear, family(delta(y)));
  return program{kernel<"run">(repeat(5, solve(F, q), draw(q), descend(S, J, rate(eta)))),
                 kernel<"run_on">(repeat(18, solve(F, q), draw(q), descend(S, J, rate(eta)))),
                 kernel<"learn">(descend(L, W, rate(eta)), evaluate<"after">(L))};
}

}  // namespace freefall::test
