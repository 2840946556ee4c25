#pragma once
// Two layers over copies, with the weights by rows or by columns: products whose sums are stored as they are,
// and products with work on each sum.

#include <freefall/dsl.hpp>
#include <type_traits>

namespace freefall::test {

using weights_by_rows = std::false_type;
using weights_by_columns = std::true_type;

template <class Layout>
program layers(Layout) {
  plate<"batch"> batch;
  axis<"in"> in;
  axis<"middle"> middle;
  axis<"out"> out;
  const auto weights = []<fixed_string Name>(name<Name>, auto to, auto from) {
    if constexpr (Layout::value) {
      return parameter<Name>(from, to);
    } else {
      return parameter<Name>(to, from);
    }
  };
  auto x = variable<"x">(batch, in);
  auto h = variable<"h">(batch, middle);
  auto y = variable<"y">(batch, out);
  auto b = parameter<"b">(middle);
  auto W = weights(name<"W">{}, middle, in);
  auto V = weights(name<"V">{}, out, middle);
  auto p = model<"layers">(h <<= normal(W * x), y <<= normal(V * h));
  auto bent = model<"bent">(h <<= normal(tanh(W * x + b)), y <<= normal(V * h));
  return program{kernel<"first">(predict(p, h)), kernel<"both">(predict(p, h), predict(p, y)),
                 kernel<"bent">(predict(bent, h), predict(bent, y))};
}

}  // namespace freefall::test
