#include "codegen/emit/kernel_signature.hpp"

#include <algorithm>
#include <functional>

#include "codegen/emit/emit_nest.hpp"
#include "codegen/emit/plates_of.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/live_in.hpp"
#include "codegen/loop/one_hot.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/updated_product.hpp"

namespace freefall::emit {
namespace {

using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

void collect_plates(const loop::Operations& operations, std::vector<const ir::Axis*>& into) {
  for (const loop::Operation& o : operations) {
    if (const loop::Operations* body = loop::body_of(o)) {
      collect_plates(*body, into);
      continue;
    }
    for (const ir::Axis* a : plates_of(o)) {
      if (std::find(into.begin(), into.end(), a) == into.end()) into.push_back(a);
    }
  }
}

// The copies of a plate are what threads share, in slices or in the rows of a product. Where a matrix may
// turn out not to be definite, a kernel returns in the middle.
struct ForThreads {
  bool copies = false, matrices = false;
};
ForThreads for_threads(const loop::Operations& operations, const plan::Specialisation& sizes) {
  ForThreads out;
  for (const loop::Operation& o : operations) {
    const auto* gemm = std::get_if<loop::Gemm>(&o.action);
    out.copies = out.copies || std::holds_alternative<loop::Slices>(o.action) ||
                 (gemm != nullptr && loop::product_form(*gemm, sizes) == loop::ProductForm::counted);
    out.matrices = out.matrices || std::holds_alternative<loop::MatrixFunction>(o.action);
    if (const loop::Operations* body = loop::body_of(o)) {
      const ForThreads inside = for_threads(*body, sizes);
      out.copies = out.copies || inside.copies;
      out.matrices = out.matrices || inside.matrices;
    }
  }
  return out;
}

bool ends_early(const loop::Operations& operations) {
  return std::any_of(operations.begin(), operations.end(), [](const loop::Operation& o) {
    const auto* repeat = std::get_if<loop::Repeat>(&o.action);
    const loop::Operations* body = loop::body_of(o);
    return body != nullptr && ((repeat != nullptr && repeat->tolerance) || ends_early(*body));
  });
}

// All that writes t are nests that add to each of its elements along their innermost loop.
bool is_added_to(const loop::Operations& operations, const Tensor* t) {
  return std::all_of(operations.begin(), operations.end(), [&](const loop::Operation& o) {
    if (const loop::Operations* body = loop::body_of(o)) return is_added_to(*body, t);
    if (!contains(loop::touched(o).written, t)) return true;
    const auto* nest = std::get_if<loop::Nest>(&o.action);
    return nest != nullptr && !nest->loops.empty() &&
           std::all_of(nest->stores.begin(), nest->stores.end(), [&](const loop::Store& s) {
             const bool own = std::find(s.subscripts.begin(), s.subscripts.end(),
                                        ir::Subscript(nest->loops.back())) != s.subscripts.end();
             return s.target != t || (own && loop::adds_to_target(s));
           });
  });
}

// How many elements of t are stored where they would be checked; a change that is delayed is checked behind
// its loop alone.
double checked_stores(const loop::Operations& operations, const Tensor* t,
                      const plan::Specialisation& sizes) {
  double out = 0;
  for (const loop::Operation& o : operations) {
    if (const loop::Operations* body = loop::body_of(o)) {
      const auto* repeat = std::get_if<loop::Repeat>(&o.action);
      const auto* sweep = std::get_if<loop::Sweep>(&o.action);
      double passes = repeat != nullptr ? static_cast<double>(repeat->count) : 1;
      if (sweep != nullptr) passes = static_cast<double>(sizes.extent(sweep->tick.axis));
      if (repeat != nullptr && loop::delays_update(*repeat, sizes)) {
        out += checked_stores({body->back()}, t, sizes);
        out += passes * checked_stores({body->begin(), body->end() - 1}, t, sizes);
      } else {
        out += passes * checked_stores(*body, t, sizes);
      }
    } else if (const auto* nest = std::get_if<loop::Nest>(&o.action)) {
      double elements = 1;
      for (const ir::Index& i : loop::scatter(*nest).nest.loops)
        elements *= static_cast<double>(sizes.extent(i.axis));
      for (const loop::Store& s : nest->stores) out += s.target == t ? elements : 0;
    }
  }
  return out;
}

// True if the nest sets neighbouring elements of t along its innermost loop, or one where it has no loops.
bool sets_rows(const loop::Nest& nest, const Tensor* t) {
  return std::all_of(nest.stores.begin(), nest.stores.end(), [&](const loop::Store& s) {
    return s.target != t ||
           (s.mode == loop::Store::Mode::set &&
            (nest.loops.empty() ||
             (!s.subscripts.empty() && s.subscripts.back() == ir::Subscript(nest.loops.back()))));
  });
}
// The nest sets all of t.
bool sets_all(const loop::Nest& nest, const Tensor* t) {
  return std::any_of(nest.stores.begin(), nest.stores.end(), [&](const loop::Store& s) {
    std::vector<ir::Index> own;
    for (const ir::Subscript& at : s.subscripts) {
      if (!at.is_plain() || std::find(own.begin(), own.end(), at.plain()) != own.end()) return false;
      own.push_back(at.plain());
    }
    return s.target == t && own.size() == nest.loops.size();
  });
}
// A nest, or the elements of a product whose tiles write its rows, or of one product in all, whose rows are
// finished in vectors.
std::optional<loop::Nest> elements(const loop::Operation& o, const plan::Specialisation& sizes) {
  if (const auto* nest = std::get_if<loop::Nest>(&o.action)) return *nest;
  const auto* gemm = std::get_if<loop::Gemm>(&o.action);
  if (gemm == nullptr) return std::nullopt;
  const bool in_rows = loop::stored_rows(*gemm, sizes) ||
                       (gemm->outer.empty() && loop::product_form(*gemm, sizes) == loop::ProductForm::tiled);
  if (!in_rows) return std::nullopt;
  return loop::Nest{loop::all_indices(*gemm), loop::element_stores(*gemm).stores};
}
// All that writes t are products.
bool is_made_by_products(const loop::Operations& operations, const Tensor* t) {
  return std::all_of(operations.begin(), operations.end(), [&](const loop::Operation& o) {
    if (const loop::Operations* body = loop::body_of(o)) return is_made_by_products(*body, t);
    return std::holds_alternative<loop::Gemm>(o.action) || !contains(loop::touched(o).written, t);
  });
}
// All of t is set once outside of loops, and rows or single elements of it again, if at all, below
// conditions: every element is looked at on its way, most of them once.
bool is_set_once(const loop::Operations& operations, const Tensor* t, const plan::Specialisation& sizes) {
  bool all = false;
  const std::function<bool(const loop::Operations&, bool)> fits = [&](const loop::Operations& body,
                                                                      bool conditional) {
    return std::all_of(body.begin(), body.end(), [&](const loop::Operation& o) {
      if (!contains(loop::touched(o).written, t)) return true;
      if (const loop::Operations* inside = loop::body_of(o)) {
        const auto* repeat = std::get_if<loop::Repeat>(&o.action);
        return repeat != nullptr && repeat->count == 1 && fits(*inside, true);
      }
      const std::optional<loop::Nest> nest = elements(o, sizes);
      if (!nest || !sets_rows(loop::scatter(*nest).nest, t)) return false;
      const bool again = all;
      all = all || (!conditional && sets_all(*nest, t));
      return conditional || !again;
    });
  };
  return fits(operations, false) && all;
}

// All that writes t are scatters, which touch a part of it.
bool is_scattered_to(const loop::Operations& operations, const Tensor* t) {
  return std::all_of(operations.begin(), operations.end(), [&](const loop::Operation& o) {
    if (const loop::Operations* body = loop::body_of(o)) return is_scattered_to(*body, t);
    if (!contains(loop::touched(o).written, t)) return true;
    const auto* nest = std::get_if<loop::Nest>(&o.action);
    return nest != nullptr && !loop::scatter(*nest).at.empty();
  });
}

}  // namespace

KernelSignature signature(const loop::Kernel& kernel, const plan::Compilation& compilation) {
  KernelSignature out;
  out.kernel = &kernel;
  out.counts_passes = ends_early(kernel.operations);
  out.memory = loop::plan_memory(kernel, compilation.sizes);
  const ForThreads work = for_threads(kernel.operations, compilation.sizes);
  out.is_threaded =
      work.copies && !work.matrices &&
      loop::cost(kernel.operations, compilation.sizes).operations >= compilation.sizes.machine.threaded;
  const std::vector<const Tensor*> live_in = loop::live_in(kernel.operations);
  const auto touched = loop::touched(kernel.operations);
  const Tensor* flag = compilation.is_prepared;
  const bool prepares = out.prepares = flag != nullptr && contains(touched.written, flag);
  const auto once = [](const Tensor* t) {
    return t->role == ir::Role::constant || t->role == ir::Role::prepared;
  };
  out.needs_prepare = !prepares && std::any_of(touched.read.begin(), touched.read.end(), once);
  for (const Tensor& t : compilation.program->context->tensors()) {
    if (t.role == ir::Role::temporary) continue;
    const bool constant = t.role == ir::Role::constant;
    if (contains(touched.read, &t) || contains(touched.written, &t) || (prepares && constant) ||
        (out.needs_prepare && &t == flag))
      out.arguments.push_back(&t);
    // Constants were checked when they were prepared.
    if (prepares ? constant : contains(live_in, &t) && !once(&t)) out.live_in.push_back(&t);
    if (contains(touched.written, &t)) out.written.push_back(&t);
  }
  const auto trusted = compilation.trusted.find(kernel.name);
  for (const Tensor* t : out.live_in) {
    const bool unchecked = trusted != compilation.trusted.end() && contains(trusted->second, t);
    (unchecked ? out.trusted : out.checked_first).push_back(t);
    if (unchecked && !t->zero_diagonal) continue;
    if (std::any_of(compilation.kernels.begin(), compilation.kernels.end(),
                    [&](const loop::Kernel& k) { return contains(loop::touched(k.operations).written, t); }))
      out.live_state.push_back(t);
  }
  const std::size_t read_again = compilation.sizes.machine.first_cache_bytes / 2;
  for (const Tensor* t : out.written) {
    const std::size_t bytes = compilation.sizes.size(t) * plan::bytes(compilation.sizes.scalar);
    const bool much = bytes >= read_again || t->axes.size() > 1 || is_scattered_to(kernel.operations, t);
    // Of what threads share, products alone note what each thread stores.
    if (out.is_threaded && !is_made_by_products(kernel.operations, t)) continue;
    // A store that is checked takes about as long more as it takes to look at the element at the end.
    constexpr double kTimes = 2;
    const bool often = checked_stores(kernel.operations, t, compilation.sizes) >
                       kTimes * static_cast<double>(compilation.sizes.size(t));
    const bool vectors = bytes > compilation.sizes.machine.vector_bytes;  // one costs less to load again
    if ((much && !often && is_added_to(kernel.operations, t)) ||
        (vectors && is_set_once(kernel.operations, t, compilation.sizes)))
      out.checked_where_written.push_back(t);
  }
  out.steps = loop::steps(kernel.operations);
  collect_plates(kernel.operations, out.plates);
  std::sort(out.plates.begin(), out.plates.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  return out;
}

std::vector<const Tensor*> library_arrays(const std::vector<KernelSignature>& kernels,
                                          const ir::Context& context) {
  std::vector<const Tensor*> out;
  for (const Tensor& t : context.tensors()) {
    if (std::any_of(kernels.begin(), kernels.end(), [&](const auto& k) { return contains(k.arguments, &t); }))
      out.push_back(&t);
  }
  return out;
}

bool is_written(const Tensor* tensor, const std::vector<KernelSignature>& kernels) {
  return std::any_of(kernels.begin(), kernels.end(),
                     [&](const auto& k) { return contains(k.written, tensor); });
}

}  // namespace freefall::emit
