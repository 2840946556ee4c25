// A square array with its second index first lies by columns: everything that is computed is the same.

#include <gtest/gtest.h>

#include <freefall/dsl.hpp>

#include "codegen/plan/pipeline.hpp"
#include "tests/support/run_program.hpp"

namespace freefall::test {
namespace {

using by_rows = std::false_type;
using by_columns = std::true_type;

// parameter<Name>(axis, axis.prime(), ...) or the same by columns.
template <fixed_string Name, class ByColumns, class Axis, class... More>
auto square_parameter(ByColumns, Axis axis, More... more) {
  if constexpr (ByColumns::value) {
    return parameter<Name>(axis.prime(), axis, more...);
  } else {
    return parameter<Name>(axis, axis.prime(), more...);
  }
}

template <class Layout>
program attractor(Layout layout) {
  axis<"unit"> unit;
  auto sigma = variable<"sigma">(unit);
  auto bias = input<"bias">(unit);
  auto rate_of_learning = input<"rate_of_learning">();
  auto J = square_parameter<"J">(layout, unit, no_diagonal);
  auto p = conditionals<"attractor">(sigma <<= continuous_bernoulli(bias + J * prime(sigma)));
  auto q = family(continuous_bernoulli(sigma));
  auto F = local_free_energy(p, q);
  auto S = surprise(sigma, continuous_bernoulli(bias + J * prime(previous(sigma))));
  return program{kernel<"run">(solve(F, q), draw(q), descend(S, J, rate(rate_of_learning)))};
}

template <class Layout>
program spikes(Layout layout) {
  axis<"signal"> signal;
  axis<"unit"> unit;
  auto u = input<"u">(signal);
  auto eta = input<"eta">();
  auto r = trace<"r">(unit, decay(0.1));
  auto x = trace<"x">(signal, decay(0.1), drive(u));
  auto D = parameter<"D">(signal, unit);
  auto W = square_parameter<"W">(layout, unit);
  auto firing = greedy(sum(square(x - D * r), signal) / 2, r);
  auto membrane = voltage<"V">(firing, W);
  auto L = sum(hadamard(prime(spike(firing)), square(membrane.value + W)), unit, unit.prime()) / 2;
  return program{
      kernel<"run">(advance(x, r, membrane), fire(membrane, one_winner, on_spike(descend(L, W, rate(eta)))))};
}

// A linear map, its transpose and a quadratic form of a constant, of an input and of a parameter.
template <class Layout>
program maps(Layout) {
  axis<"unit"> unit;
  auto x = variable<"x">(unit);
  auto y = variable<"y">(unit);
  const auto declared = [&](auto declare) {
    if constexpr (Layout::value) {
      return declare(unit.prime(), unit);
    } else {
      return declare(unit, unit.prime());
    }
  };
  auto A = declared(constant<"A">);
  auto B = declared(input<"B">);
  auto C = declared(parameter<"C">);
  auto p = model<"maps">(x <<= normal(0), y <<= normal(tanh(A * prime(x)) + B * prime(x) + C * prime(x)));
  auto F = free_energy(p, family(delta(x)));
  return program{kernel<"run">(descend(F, x, rate(0.1)), descend(F, C, rate(0.1)))};
}

std::vector<long double> transposed(const std::vector<long double>& square, std::size_t n) {
  std::vector<long double> out(square.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) out[j * n + i] = square[i * n + j];
  return out;
}

// Runs the kernel `run` of both for a few calls, from arrays that are the transposed of each other.
void expect_same(const ir::Program& rows, const ir::Program& columns, const plan::Specialisation& sizes,
                 std::size_t n) {
  const plan::Compilation c = plan::compile(rows, sizes), d = plan::compile(columns, sizes);
  Arrays<long double> of_rows, of_columns;
  const auto is_square = [&](const std::vector<long double>& a) { return a.size() == n * n; };
  for (const ir::Tensor& t : rows.context->tensors()) {
    if (t.role == ir::Role::temporary || t.role == ir::Role::prepared || t.role == ir::Role::output) continue;
    auto& a = of_rows[t.name];
    a.resize(sizes.size(&t));
    const runtime::stream numbers(3, t.name.size() + 10);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = numbers.uniform(i);
    for (std::size_t i = 0; t.zero_diagonal && i < n; ++i) a[i * (n + 1)] = 0;
    of_columns[t.name] = is_square(a) ? transposed(a, n) : a;
  }
  for (int call = 0; call < 3; ++call) {
    for (const auto* of : {&c, &d}) {
      Arrays<long double>& arrays = of == &c ? of_rows : of_columns;
      for (const auto& k : of->kernels)
        arrays = run_operations<long double>(k.operations, *of->program->context, arrays, of->sizes, {});
    }
  }
  for (const auto& [name, values] : of_rows) {
    if (name.starts_with("prepared") || name == "is_prepared") continue;
    EXPECT_LE(distance(is_square(values) ? transposed(of_columns.at(name), n) : of_columns.at(name), values),
              1e-12L)
        << name;
  }
}

TEST(Layout, CouplingsOfAnAttractorMayLieByColumns) {
  expect_same(attractor(by_rows{}).ir(), attractor(by_columns{}).ir(), {"attractor", {{"unit", 9}}}, 9);
}
TEST(Layout, CouplingsOfSpikesMayLieByColumns) {
  expect_same(spikes(by_rows{}).ir(), spikes(by_columns{}).ir(), {"spikes", {{"unit", 7}, {"signal", 2}}}, 7);
}
TEST(Layout, ConstantsAndInputsMayLieByColumns) {
  expect_same(maps(by_rows{}).ir(), maps(by_columns{}).ir(), {"maps", {{"unit", 5}}}, 5);
}

}  // namespace
}  // namespace freefall::test
