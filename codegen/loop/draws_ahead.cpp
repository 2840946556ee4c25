#include "codegen/loop/draws_ahead.hpp"

#include <algorithm>

#include "codegen/loop/updated_product.hpp"

namespace freefall::loop {
namespace {

bool reads(const Operation& operation, const ir::Tensor* tensor) {
  const auto read = touched(operation).read;
  return std::find(read.begin(), read.end(), tensor) != read.end();
}

}  // namespace

std::optional<DrawsAhead> draws_ahead(const Repeat& repeat, const plan::Specialisation& sizes) {
  if (repeat.count < 2 || repeat.tolerance || repeat.while_positive != nullptr) return {};
  const Operations& body = repeat.body;
  const auto makes_draws = [](const Operation& o) {
    const auto* draws = std::get_if<Draws>(&o.action);
    return draws != nullptr && draws->kind == Draws::Kind::uniform;
  };
  const auto at = std::find_if(body.begin(), body.end(), makes_draws);
  if (at == body.end()) return {};
  const ir::Tensor* result = std::get<Draws>(at->action).result;
  DrawsAhead out{static_cast<std::size_t>(at - body.begin()), 0};
  for (std::size_t n = 0; n < body.size(); ++n) {
    if (!reads(body[n], result)) continue;
    if (n < out.draws) return {};
    out.last_reader = n;
  }
  const bool ends = out.last_reader + 1 >= body.size();
  if (out.last_reader == 0 || (ends && delays_update(repeat, sizes)) ||
      (!ends && are_updated_product(body[out.last_reader], body[out.last_reader + 1], sizes)))
    return {};
  return out;
}

}  // namespace freefall::loop
