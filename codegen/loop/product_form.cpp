#include "codegen/loop/product_form.hpp"

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
  return is_small(g, sizes) ? ProductForm::small : ProductForm::blocked;
}

std::size_t stride(ir::Expr access, const std::optional<ir::Index>& index,
                   const plan::Specialisation& sizes) {
  if (!index) return 0;
  const auto all = strides(access->tensor, sizes);
  for (std::size_t p = 0; p < access->subscripts.size(); ++p) {
    if (access->subscripts[p].plain() == *index) return all[p];
  }
  return 0;
}

}  // namespace freefall::loop
