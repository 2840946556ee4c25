#include "codegen/loop/product_form.hpp"

#include <algorithm>

namespace freefall::loop {
namespace {

bool is_tiled(const Gemm& g, const plan::Specialisation& sizes) {
  if (g.accumulate || !g.m || !g.n || !g.k || plan::is_counted(g.m->axis) || plan::is_counted(g.n->axis))
    return false;
  const std::size_t bytes = plan::bytes(sizes.scalar), k = sizes.extent(g.k->axis);
  return stride(g.b, g.n, sizes) == 1 && stride(g.c, g.n, sizes) == 1 &&
         sizes.extent(g.n->axis) * bytes >= sizes.machine.vector_bytes &&
         (k <= sizes.machine.short_sum || sizes.size(g.b->tensor) * bytes <= sizes.machine.cache_bytes / 2);
}

bool is_matrix_vector(const Gemm& g, const plan::Specialisation& sizes) {
  if (g.accumulate || !g.k || plan::is_counted(g.k->axis) || g.m.has_value() == g.n.has_value()) return false;
  const auto& rows = g.m ? g.m : g.n;
  return !plan::is_counted(rows->axis) && stride(g.c, rows, sizes) == 1;
}

// In vectors, the matrix may have twice as many elements.
bool is_small(const Gemm& g, const plan::Specialisation& sizes) {
  if (g.accumulate || !g.m || !g.n || !g.k || plan::is_counted(g.n->axis) || plan::is_counted(g.k->axis))
    return false;
  const std::size_t elements = sizes.extent(g.n->axis) * sizes.extent(g.k->axis);
  return stride(g.c, g.n, sizes) == 1 && sizes.extent(g.n->axis) > 1 &&
         elements * plan::bytes(sizes.scalar) <= sizes.machine.small_matrix_bytes;
}

}  // namespace

ProductForm product_form(const Gemm& g, const plan::Specialisation& sizes) {
  if (is_tiled(g, sizes)) return ProductForm::tiled;
  if (is_matrix_vector(g, sizes)) return ProductForm::matrix_vector;
  const bool counted = has_counted_rows(g, sizes) && stride(g.b, g.n, sizes) == 1;
  if (counted && sizes.extent(g.n->axis) * plan::bytes(sizes.scalar) >= sizes.machine.vector_bytes)
    return ProductForm::counted;
  if (is_small(g, sizes)) return ProductForm::small;
  return counted ? ProductForm::counted : ProductForm::blocked;
}

bool has_counted_rows(const Gemm& g, const plan::Specialisation& sizes) {
  if (g.accumulate || !g.m || !g.n || !g.k || !plan::is_counted(g.m->axis) || plan::is_counted(g.n->axis) ||
      plan::is_counted(g.k->axis))
    return false;
  constexpr std::size_t kVectors = 4;  // in a row of a tile, at most
  return stride(g.c, g.n, sizes) == 1 && sizes.extent(g.n->axis) > 1 &&
         sizes.extent(g.k->axis) * kVectors * sizes.machine.vector_bytes <= sizes.machine.cache_bytes;
}

Elements elements_of(ir::Expr access) { return {access->tensor, access->subscripts}; }

std::optional<Elements> stored_elements(const Gemm& g) {
  if (g.epilogue.empty()) return elements_of(g.c);
  const Store& only = g.epilogue.front();
  const bool plain = std::all_of(only.subscripts.begin(), only.subscripts.end(),
                                 [](const ir::Subscript& s) { return s.is_plain(); });
  if (g.stores_c || g.epilogue.size() > 1 || only.mode != Store::Mode::set || !(only.value == g.c) || !plain)
    return std::nullopt;
  return Elements{only.target, only.subscripts};
}

std::optional<Elements> stored_rows(const Gemm& g, const plan::Specialisation& sizes) {
  const ProductForm form = product_form(g, sizes);
  const bool by_tiles =
      form == ProductForm::tiled || form == ProductForm::counted || form == ProductForm::small;
  const auto stored = stored_elements(g);
  return by_tiles && stored && stride(*stored, g.n, sizes) == 1 ? stored : std::nullopt;
}

std::size_t stride(const Elements& elements, const std::optional<ir::Index>& index,
                   const plan::Specialisation& sizes) {
  if (!index) return 0;
  const auto all = strides(elements.tensor, sizes);
  for (std::size_t p = 0; p < elements.subscripts.size(); ++p) {
    if (elements.subscripts[p].is_plain() && elements.subscripts[p].plain() == *index) return all[p];
  }
  return 0;
}

std::size_t stride(ir::Expr access, const std::optional<ir::Index>& index,
                   const plan::Specialisation& sizes) {
  return stride(elements_of(access), index, sizes);
}

}  // namespace freefall::loop
