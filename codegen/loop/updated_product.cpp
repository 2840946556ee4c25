#include "codegen/loop/updated_product.hpp"

#include <algorithm>

#include "codegen/loop/product_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool is_over_plates(const std::vector<Index>& loops) {
  return std::any_of(loops.begin(), loops.end(), [](const Index& i) { return plan::is_counted(i.axis); });
}

}  // namespace

bool updates_matrix_of(const Nest& update, const Gemm& g, const plan::Specialisation& sizes) {
  if (product_form(g, sizes) != ProductForm::matrix_vector || !g.outer.empty()) return false;
  if (update.loops.size() != 2 || update.stores.size() != 1 || is_over_plates(update.loops)) return false;
  const Index row = g.m ? *g.m : *g.n, column = *g.k;
  const Expr matrix = g.m ? g.a : g.b, vector = g.m ? g.b : g.a;
  const Store& s = update.stores[0];
  const std::vector<Subscript> own{update.loops[0], update.loops[1]};
  const bool by_rows = matrix->subscripts == std::vector<Subscript>{row, column},
             by_columns = matrix->subscripts == std::vector<Subscript>{column, row};
  if (s.mode != Store::Mode::set || s.target != matrix->tensor || s.subscripts != own ||
      !reads_only_at(s.value, s.target, own) || vector->tensor == s.target || (!by_rows && !by_columns))
    return false;
  if (sizes.extent(row.axis) < 2 || sizes.extent(column.axis) < 2) return false;
  if (by_rows && stride(vector, column, sizes) != 1) return false;
  // What is stored for a row may be read by its own change, which comes first.
  const Substitution to_update{{row, Subscript(update.loops[by_rows ? 0 : 1])}};
  const auto read = tensors_of(s.value);
  const auto may_store = [&](const Tensor* t, std::vector<Subscript> at) {
    if (std::find(read.begin(), read.end(), t) == read.end()) return t != s.target;
    const bool of_row = std::find(at.begin(), at.end(), Subscript(row)) != at.end();
    for (Subscript& each : at) each = substitute(each, to_update);
    return t != s.target && of_row && reads_only_at(s.value, t, at);
  };
  return (!g.stores_c || may_store(g.c->tensor, g.c->subscripts)) &&
         std::all_of(g.epilogue.begin(), g.epilogue.end(), [&](const Store& after) {
           const auto reads = tensors_of(after.value);
           return may_store(after.target, after.subscripts) &&
                  std::find(reads.begin(), reads.end(), s.target) == reads.end();
         });
}

bool are_updated_product(const Operation& update, const Operation& product,
                         const plan::Specialisation& sizes) {
  const auto* nest = std::get_if<Nest>(&update.action);
  const auto* gemm = std::get_if<Gemm>(&product.action);
  return nest != nullptr && gemm != nullptr && ticks_of(update).empty() && ticks_of(product).empty() &&
         updates_matrix_of(*nest, *gemm, sizes);
}

bool delays_update(const Repeat& repeat, const plan::Specialisation& sizes) {
  return repeat.count >= 2 && !repeat.tolerance && repeat.while_positive == nullptr &&
         repeat.body.size() >= 2 && are_updated_product(repeat.body.back(), repeat.body.front(), sizes);
}

}  // namespace freefall::loop
