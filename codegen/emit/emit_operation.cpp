#include "codegen/emit/emit_operation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/product_form.hpp"

namespace freefall::emit {
namespace {

using ir::Axis;
using ir::Index;
using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

// Elements of an array in use: runs of contiguous ones, and how these repeat, the outermost first. A plate
// together with the axes behind it, up to the next plate, is one level.
struct UsedElements {
  struct Runs {
    std::string count;
    std::size_t stride;
  };
  std::string elements;
  std::vector<Runs> outside;
};
UsedElements used_elements(const Tensor* t, const Names& names) {
  UsedElements out{"1", {}};
  std::size_t stride = 1, behind = 1;  // of the level; elements behind its first axis so far
  bool innermost = true;
  for (std::size_t p = t->axes.size(); p-- > 0;) {
    const Axis* a = t->axes[p];
    if (!a->plate) behind *= names.sizes->extent(a);
    if (!a->plate && p != 0) continue;
    std::string count = fmt::format("{}", behind);
    if (a->plate) count = behind == 1 ? names.copies(a) : fmt::format("{} * {}", names.copies(a), behind);
    if (innermost) {
      out.elements = count;
    } else if (count != "1") {
      out.outside.insert(out.outside.begin(), {count, stride});
    }
    innermost = false;
    stride *= behind * (a->plate ? names.sizes->extent(a) : 1);
    behind = 1;
  }
  return out;
}

std::string fault(const char* what, const std::string& kernel, const std::string& tensor,
                  const std::string& found, const std::string& expected) {
  return fmt::format("{{freefall::runtime::fault::{}, \"{}\", \"{}\", 0, {}, {}}}", what, kernel, tensor,
                     found, expected);
}

std::string argument_row(const Tensor* t, const KernelSignature& k, const Names& names) {
  const UsedElements used = used_elements(t, names);
  std::string outside;
  for (const UsedElements::Runs& r : used.outside)
    outside += fmt::format("{}{{{}, {}}}", outside.empty() ? "" : ", ", r.count, r.stride);
  if (!outside.empty()) outside = fmt::format(", {{{{{}}}}}", outside);
  return fmt::format("{{\"{0}\", a.{0}, {1}, {2}{3}}}", t->name, used.elements, contains(k.live_in, t),
                     outside);
}

std::string argument_type(std::size_t depth, const Names& names) {
  const std::string levels = depth <= 1 ? "" : fmt::format(", {}", depth);
  return fmt::format("freefall::runtime::argument<{}{}>", names.scalar(), levels);
}

// A table of arrays for the checks of runtime/arguments.hpp.
CppStatement argument_table(const char* name, const std::vector<const Tensor*>& tensors,
                            const KernelSignature& k, const Names& names) {
  std::vector<std::string> rows;
  std::size_t depth = 1;
  for (const Tensor* t : tensors) {
    depth = std::max(depth, used_elements(t, names).outside.size());
    rows.push_back(argument_row(t, k, names));
  }
  return {CppDeclare{"const " + argument_type(depth, names), fmt::format("{}[]", name),
                     fmt::format("{{{}}}", fmt::join(rows, ", "))}};
}

// The condition that all of these arrays are finite; "true" for none.
std::string all_finite(const std::vector<const Tensor*>& tensors, const KernelSignature& k,
                       const Names& names) {
  if (tensors.empty()) return "true";
  std::string out = fmt::format("freefall::runtime::finite<{}>()", names.scalar());
  for (const Tensor* t : tensors) {
    const bool plated = std::any_of(t->axes.begin(), t->axes.end(), [](const Axis* a) { return a->plate; });
    out += plated ? fmt::format(" & {}{}", argument_type(used_elements(t, names).outside.size(), names),
                                argument_row(t, k, names))
                  : fmt::format(" & freefall::runtime::whole<{}, {}>{{a.{}}}", names.sizes->size(t),
                                names.scalar(), t->name);
  }
  return fmt::format("bool({})", out);
}

// Offset of an access from its outer indices alone.
std::string outer_offset(ir::Expr access, const std::vector<Index>& outer, const Names& names) {
  std::vector<ir::Subscript> subscripts = access->subscripts;
  for (ir::Subscript& s : subscripts) {
    const bool kept =
        calculus::is_tick(s.plain()) || std::find(outer.begin(), outer.end(), s.plain()) != outer.end();
    if (!kept) s = ir::Subscript(0);
  }
  return names.offset(access->tensor, subscripts);
}

CppBlock in_loops(CppBlock body, const std::vector<Index>& loops, const Names& names) {
  for (std::size_t d = loops.size(); d-- > 0;)
    body = {{CppFor{names.loop_variable(loops[d]), names.extent(loops[d].axis), std::move(body)}}};
  return body;
}

}  // namespace

CppBlock boundary_checks(const KernelSignature& k, const Names& names) {
  CppBlock out;
  for (const Axis* a : k.plates) {
    const std::string copies = names.copies(a);
    out.push_back({CppDeclare{"const std::size_t", copies, "a." + copies}});
    out.push_back({CppIf{
        fmt::format("{0} == 0 || {0} > extent::{1}", copies, a->name),
        {{CppReturn{fault("copies_out_of_range", k.kernel->name, a->name, copies, "extent::" + a->name)}}}}});
  }
  std::vector<std::string> present;
  for (const Tensor* t : k.arguments) present.push_back(fmt::format("a.{} != nullptr", t->name));
  if (!present.empty()) {
    CppBlock tell{
        argument_table("arguments", k.arguments, k, names),
        {CppReturn{fmt::format("freefall::runtime::check_arguments(\"{}\", arguments)", k.kernel->name)}}};
    out.push_back(
        {CppIf{fmt::format("!({} && {})", fmt::join(present, " && "), all_finite(k.live_in, k, names)),
               std::move(tell)}});
  }
  if (k.prepares) out.push_back({CppAssign{"a.is_prepared[0]", "=", "0"}});  // until all is well
  if (k.needs_prepare) {
    out.push_back({CppIf{"a.is_prepared[0] != 1",
                         {{CppReturn{fault("not_prepared", k.kernel->name, "is_prepared", "0", "0")}}}}});
  }
  for (const Tensor* t : k.live_in) {
    if (!t->zero_diagonal) continue;
    out.push_back(
        {CppIf{fmt::format(
                   "const auto s = freefall::runtime::check_zero_diagonal(\"{}\", \"{}\", a.{}, {}); !s.ok()",
                   k.kernel->name, t->name, t->name, names.sizes->extent(t->axes[0])),
               {{CppReturn{"s"}}}}});
  }
  for (const Tensor* t : k.live_in) {
    if (t->index_of == nullptr) continue;
    out.push_back(
        {CppIf{fmt::format("const auto s = freefall::runtime::check_indices(\"{}\", {}{}, {}); !s.ok()",
                           k.kernel->name, argument_type(used_elements(t, names).outside.size(), names),
                           argument_row(t, k, names), names.sizes->extent(t->index_of)),
               {{CppReturn{"s"}}}}});
  }
  if (k.memory.workspace_bytes != 0) {
    out.push_back({CppIf{fmt::format("const auto s = freefall::runtime::check_workspace(\"{0}\", workspace, "
                                     "{0}_workspace_bytes); !s.ok()",
                                     k.kernel->name),
                         {{CppReturn{"s"}}}}});
  }
  return out;
}

CppBlock result_checks(const KernelSignature& k, const Names& names) {
  CppBlock out{{CppIf{all_finite(k.written, k, names), {{CppReturn{"{}"}}}}}};
  if (k.prepares) out.push_back({CppAssign{"a.is_prepared[0]", "=", "0"}});
  out.push_back(argument_table("results", k.written, k, names));
  out.push_back(
      {CppReturn{fmt::format("freefall::runtime::check_results(\"{}\", results)", k.kernel->name)}});
  return out;
}

OperationEmitter::OperationEmitter(const KernelSignature& kernel, const Names& names, std::string library)
    : kernel_(kernel), names_(names), library_(std::move(library)) {}

CppBlock OperationEmitter::run(std::vector<CppFunction>& functions) {
  functions_ = &functions;
  CppBlock out;
  const std::string type = names_.scalar() + "* const";
  if (kernel_.memory.workspace_bytes != 0) {
    out.push_back({CppDeclare{"std::byte* const", "memory", "static_cast<std::byte*>(workspace)"}});
    for (const auto& slot : kernel_.memory.slots) {
      out.push_back(
          {CppDeclare{type, slot.tensor->name,
                      fmt::format("reinterpret_cast<{}*>(memory + {})", names_.scalar(), slot.offset)}});
    }
    if (kernel_.memory.scratch_bytes != 0) {
      out.push_back({CppDeclare{type, "scratch",
                                fmt::format("reinterpret_cast<{}*>(memory + {})", names_.scalar(),
                                            kernel_.memory.scratch_offset)}});
    }
  }
  CppBlock body = block(kernel_.kernel->operations);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

CppBlock OperationEmitter::block(const loop::Operations& operations) {
  CppBlock out;
  for (const loop::Operation& o : operations) {
    std::visit([&](const auto& action) { append(out, action, o); }, o.action);
  }
  return out;
}

std::string OperationEmitter::next_name(const char* what) {
  return fmt::format("{}_{}_{}", kernel_.kernel->name, what, ++operations_);
}

std::vector<std::string> OperationEmitter::outline(const std::string& name, const std::string& text,
                                                   const char* result, CppBlock body,
                                                   const loop::Operation& operation, bool scratch) {
  CppFunction f{text, result, name, {}, std::move(body)};
  std::vector<std::string> arguments;
  for (const Axis* a : plates_of(operation)) {
    f.parameters.push_back({"const std::size_t", names_.copies(a)});
    arguments.push_back(names_.copies(a));
  }
  for (const Index& tick : loop::ticks_of(operation)) {
    f.parameters.push_back({"const std::size_t", names_.loop_variable(tick)});
    arguments.push_back(names_.loop_variable(tick));
  }
  const auto touched = loop::touched(operation);
  std::vector<const Tensor*> all = touched.written;
  for (const Tensor* t : touched.read) {
    if (!contains(all, t)) all.push_back(t);
  }
  for (const Tensor* t : all) {
    const bool written = contains(touched.written, t);
    f.parameters.push_back(
        {fmt::format("{}{}* __restrict", written ? "" : "const ", names_.scalar()), t->name});
    arguments.push_back(t->role == ir::Role::temporary ? t->name : "a." + t->name);
  }
  if (scratch) {
    f.parameters.push_back({names_.scalar() + "* __restrict", "scratch"});
    arguments.push_back("scratch");
  }
  // g++ makes one function of equal ones, such as those of a first pass and of its loop, and then calls it.
  constexpr double kInlined = 1024;  // operations, where a call would be felt
  const bool small = std::string_view(result) == "void" && !scratch &&
                     loop::cost({operation}, *names_.sizes).operations <= kInlined;
  if (small) f.result = "FREEFALL_INLINE void";
  functions_->push_back(std::move(f));
  return arguments;
}

void OperationEmitter::append(CppBlock& out, const loop::Nest& nest, const loop::Operation& operation) {
  const std::string name = next_name("nest");
  out.push_back({CppCall{name, outline(name, "", "void", emit_nest(nest, names_), operation, false)}});
}

void OperationEmitter::append(CppBlock& out, const loop::Gemm& g, const loop::Operation& operation) {
  const std::string name = next_name("product");
  const auto extent = [&](const std::optional<Index>& i) {
    return i ? names_.extent(i->axis) : std::string("1");
  };
  const auto at = [&](ir::Expr e) {
    const std::string offset = outer_offset(e, g.outer, names_);
    return offset == "0" ? e->tensor->name : fmt::format("{} + {}", e->tensor->name, offset);
  };
  const auto stride = [&](ir::Expr e, const std::optional<Index>& i) {
    return loop::stride(e, i, *names_.sizes);
  };
  const auto pair = [&](ir::Expr e, const std::optional<Index>& row, const std::optional<Index>& column) {
    return fmt::format("{}, {}", stride(e, row), stride(e, column));
  };
  const loop::ProductForm form = loop::product_form(g, *names_.sizes);
  if (form == loop::ProductForm::tiled) {
    const std::string function =
        fmt::format("freefall::runtime::tiled_product<{}, {}, {}, {}, {}, {}>", names_.scalar(), extent(g.m),
                    extent(g.n), stride(g.a, g.m), stride(g.a, g.k), stride(g.b, g.k));
    out.push_back({CppCall{name, outline(name, g.label, "void",
                                         emit_product(g, function, {extent(g.k), at(g.a), at(g.b)}, names_),
                                         operation, false)}});
    return;
  }
  if (form == loop::ProductForm::matrix_vector) {
    const auto& rows = g.m ? g.m : g.n;
    const ir::Expr matrix = g.m ? g.a : g.b, vector = g.m ? g.b : g.a;
    const std::string function =
        fmt::format("freefall::runtime::matrix_vector<{}, {}, {}, {}, {}, {}>", names_.scalar(), extent(rows),
                    extent(g.k), stride(matrix, rows), stride(matrix, g.k), stride(vector, g.k));
    CppBlock call = emit_product(g, function, {at(matrix), at(vector)}, names_);
    out.push_back({CppCall{
        name, outline(name, g.label, "void", in_loops(std::move(call), g.outer, names_), operation, false)}});
    return;
  }
  CppBlock call{
      {CppCall{fmt::format("freefall::runtime::gemm<{}>", names_.scalar()),
               {extent(g.m), extent(g.n), extent(g.k), names_.literal(ir::Number(1)), at(g.a),
                pair(g.a, g.m, g.k), at(g.b), pair(g.b, g.k, g.n),
                names_.literal(ir::Number(g.accumulate ? 1 : 0)), at(g.c), pair(g.c, g.m, g.n), "scratch"}}}};
  out.push_back({CppCall{
      name, outline(name, g.label, "void", in_loops(std::move(call), g.outer, names_), operation, true)}});
}

void OperationEmitter::append(CppBlock& out, const loop::MatrixFunction& f,
                              const loop::Operation& operation) {
  const bool inverse = f.kind == loop::MatrixFunction::Kind::inverse;
  const std::string name = next_name(inverse ? "inverse" : "log_det");
  const std::size_t n = names_.sizes->extent(f.row.axis);
  const auto pointer = [&](ir::Expr e) {
    return fmt::format("{} + {}", e->tensor->name, outer_offset(e, f.outer, names_));
  };
  // Symmetric matrices: either index may be the contiguous one.
  const auto leading = [&](ir::Expr e) {
    return fmt::format(
        "{}", std::max(loop::stride(e, f.row, *names_.sizes), loop::stride(e, f.column, *names_.sizes)));
  };
  CppBlock body;
  if (inverse) {
    body = {{CppIf{
        fmt::format("!freefall::runtime::inverse_spd({}, {}, {}, {}, {}, scratch)", n, pointer(f.matrix),
                    leading(f.matrix), pointer(f.result_access), leading(f.result_access)),
        {{CppReturn{"false"}}}}}};
  } else {
    body = {{CppDeclare{"bool", "positive", "true"}},
            {CppAssign{names_.element(f.result, f.result_access->subscripts), "=",
                       fmt::format("freefall::runtime::log_det_spd({}, {}, {}, scratch, positive)", n,
                                   pointer(f.matrix), leading(f.matrix))}},
            {CppIf{"!positive", {{CppReturn{"false"}}}}}};
  }
  body = in_loops(std::move(body), f.outer, names_);
  body.push_back({CppReturn{"true"}});
  const auto arguments = outline(name, f.label, "bool", std::move(body), operation, true);
  out.push_back(
      {CppIf{fmt::format("!{}({})", name, fmt::join(arguments, ", ")),
             {{CppReturn{fault("not_positive_definite", kernel_.kernel->name, f.source->name, "0", "0")}}}}});
}

void OperationEmitter::append(CppBlock& out, const loop::Draws& d, const loop::Operation&) {
  const std::string step = passes_.empty() ? "a.draw_step" : fmt::format("(a.draw_step + {})", passes_);
  // The copies in use where they lie together, else all.
  const UsedElements used = used_elements(d.result, names_);
  const std::string count =
      used.outside.empty() ? used.elements : fmt::format("{}", names_.sizes->size(d.result));
  static constexpr const char* kFill[] = {"fill_uniform", "fill_positions", "fill_permutation"};  // by kind
  out.push_back({CppComment{d.label}});
  out.push_back({CppCall{fmt::format("freefall::runtime::stream(a.draw_seed, \"{}\").{}", d.stream,
                                     kFill[static_cast<std::size_t>(d.kind)]),
                         {fmt::format("std::span<{}>({}, {})", names_.scalar(), d.result->name, count),
                          fmt::format("{} * {}", step, names_.sizes->size(d.result))}}});
}

void OperationEmitter::append(CppBlock& out, const loop::Repeat& repeat, const loop::Operation&) {
  std::string positive;
  if (const ir::Tensor* t = repeat.while_positive)
    positive = fmt::format("{}{}[0] > 0", t->role == ir::Role::temporary ? "" : "a.", t->name);
  if (!positive.empty() && repeat.count == 1) {
    out.push_back({CppIf{positive, block(repeat.body)}});
    return;
  }
  const std::string pass = fmt::format("pass_{}", ++loops_), outer = passes_;
  passes_ = outer.empty() ? pass : fmt::format("({} * {} + {})", outer, repeat.count, pass);
  CppBlock body = block(repeat.body);
  passes_ = outer;
  if (!positive.empty())
    body.insert(body.begin(), CppStatement{CppIf{fmt::format("!({})", positive), {{CppBreak{}}}}});
  if (repeat.tolerance) {
    body.push_back({CppIf{"a.passes != nullptr", {{CppAssign{"*a.passes", "=", pass + " + 1"}}}}});
    body.push_back(
        {CppIf{fmt::format("{}[0] <= {}", repeat.moved->name, names_.literal(ir::Number(*repeat.tolerance))),
               {{CppBreak{}}}}});
  }
  out.push_back({CppFor{pass, fmt::format("{}", repeat.count), std::move(body)}});
}

void OperationEmitter::append(CppBlock& out, const loop::Sweep& sweep, const loop::Operation&) {
  CppBlock body = block(sweep.body);
  const std::string now = names_.loop_variable(sweep.tick), visit = names_.loop_variable(sweep.visit),
                    extent = names_.extent(sweep.tick.axis);
  if (sweep.order == ir::Order::forwards) {
    out.push_back({CppFor{now, extent, std::move(body)}});
    return;
  }
  const std::string element = sweep.elements == nullptr ? fmt::format("{} - 1 - {}", extent, visit)
                                                        : fmt::format("static_cast<std::size_t>({}[{}])",
                                                                      sweep.elements->name, visit);
  body.insert(body.begin(), {CppDeclare{"const std::size_t", now, element}});
  out.push_back({CppFor{visit, extent, std::move(body)}});
}

void OperationEmitter::append(CppBlock& out, const loop::Slices& slices, const loop::Operation&) {
  CppBlock body = block(slices.body);
  const std::size_t width = names_.sizes->extent(slices.lane);
  const std::string slice = fmt::format("slice_{}", ++loops_), copies = names_.copies(slices.plate);
  body.insert(body.begin(), {CppDeclare{"const std::size_t", "first_" + slices.plate->name + "_",
                                        fmt::format("{} * {}", slice, width)}});
  out.push_back({CppFor{slice, fmt::format("({} + {}) / {}", copies, width - 1, width), std::move(body)}});
}

void OperationEmitter::append(CppBlock& out, const loop::Transfer& t, const loop::Operation&) {
  const bool in = t.direction == loop::Transfer::Direction::to_lanes;
  std::size_t outer = 1, inner = 1;
  bool seen = false;
  for (const Axis* a : t.whole->axes) {
    if (a == t.plate) {
      seen = true;
    } else {
      (seen ? inner : outer) *= names_.sizes->extent(a);
    }
  }
  const std::string whole = t.whole->role == ir::Role::temporary ? t.whole->name : "a." + t.whole->name;
  out.push_back({CppCall{fmt::format("freefall::runtime::{}<{}, {}>", in ? "to_lanes" : "from_lanes",
                                     names_.scalar(), names_.sizes->extent(t.lanes->axes.back())),
                         {fmt::format("{}", outer), fmt::format("{}", names_.sizes->extent(t.plate)),
                          fmt::format("{}", inner), "first_" + t.plate->name + "_", names_.copies(t.plate),
                          in ? whole : t.lanes->name, in ? t.lanes->name : whole}}});
}

}  // namespace freefall::emit
