#include "codegen/emit/emit_operation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "codegen/emit/boundary.hpp"
#include "codegen/emit/plates_of.hpp"
#include "codegen/loop/cost.hpp"
#include "codegen/loop/draws_ahead.hpp"
#include "codegen/loop/product_form.hpp"
#include "codegen/loop/turn_matrices.hpp"
#include "codegen/loop/updated_product.hpp"
#include "codegen/loop/whole_vectors.hpp"
#include "codegen/plan/generic_form.hpp"

namespace freefall::emit {
namespace {

using ir::Axis;
using ir::Index;
using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

// The scratch of gemm, and the first cache where it is not that which gemm takes by itself.
std::string scratch_and_cache(const plan::Machine& machine) {
  if (machine.first_cache_bytes == plan::kFirstCacheBytes) return "scratch";
  return fmt::format("scratch, {}", machine.first_cache_bytes);
}

// Offset of an access from its outer indices alone.
std::string outer_offset(const loop::Elements& e, const std::vector<Index>& outer, const Names& names) {
  std::vector<ir::Subscript> subscripts = e.subscripts;
  for (ir::Subscript& s : subscripts) {
    const bool kept =
        calculus::is_tick(s.plain()) || std::find(outer.begin(), outer.end(), s.plain()) != outer.end();
    if (!kept) s = ir::Subscript(0);
  }
  return names.offset(e.tensor, subscripts);
}

// Where the elements of the inner indices begin.
std::string pointer(const loop::Elements& e, const std::vector<Index>& outer, const Names& names) {
  const std::string offset = outer_offset(e, outer, names);
  return offset == "0" ? e.tensor->name : fmt::format("{} + {}", e.tensor->name, offset);
}

CppBlock in_loops(CppBlock body, const std::vector<Index>& loops, const Names& names) {
  for (std::size_t d = loops.size(); d-- > 0;)
    body = {{CppFor{names.loop_variable(loops[d]), names.extent(loops[d].axis), std::move(body)}}};
  return body;
}

std::string condition(const Tensor& positive, const Names& names) {
  const std::string array =
      fmt::format("{}{}", positive.role == ir::Role::temporary ? "" : "a.", positive.name);
  const std::size_t elements = names.sizes->size(&positive);
  if (elements == 1) return array + "[0] > 0";
  return fmt::format("freefall::runtime::any_positive<{}>({})", elements, array);
}
bool is_condition(const loop::Operation& operation) {
  const auto* repeat = std::get_if<loop::Repeat>(&operation.action);
  return repeat != nullptr && repeat->while_positive != nullptr && repeat->count == 1 && !repeat->tolerance;
}

}  // namespace

OperationEmitter::OperationEmitter(const KernelSignature& kernel, const Names& names, std::string library)
    : kernel_(kernel), names_(names), library_(std::move(library)) {}

// What the operations need of the workspace, and the numbers alone that only they touch, which a compiler
// keeps in registers.
CppBlock OperationEmitter::places(const loop::Operations& operations, const loop::Operations& others,
                                  CppBlock& of_threads) const {
  CppBlock out;
  const std::string type = names_.scalar() + "* const";
  const loop::MemoryPlan& memory = kernel_.memory;
  const auto here = loop::touched(operations), elsewhere = loop::touched(others);
  const auto touches = [](const loop::Touched& t, const Tensor* tensor) {
    return contains(t.read, tensor) || contains(t.written, tensor);
  };
  for (const auto& slot : memory.slots) {
    const bool both = touches(elsewhere, slot.tensor);
    if (!touches(here, slot.tensor) && both) continue;
    if (!kernel_.is_threaded && !both && names_.sizes->size(slot.tensor) == 1) {
      out.push_back({CppDeclare{names_.scalar(), slot.tensor->name + "[1]", ""}});
      continue;
    }
    const bool of_thread = kernel_.is_threaded && loop::is_of_lanes(slot.tensor, *names_.sizes);
    const std::string at = of_thread ? fmt::format("lanes_ + {}", slot.offset - memory.lanes_offset)
                                     : fmt::format("memory + {}", slot.offset);
    (of_thread ? of_threads : out)
        .push_back({CppDeclare{type, slot.tensor->name,
                               fmt::format("reinterpret_cast<{}*>({})", names_.scalar(), at)}});
  }
  if (memory.scratch_bytes != 0) {
    out.push_back({CppDeclare{
        "[[maybe_unused]] " + type, "scratch",
        fmt::format("reinterpret_cast<{}*>(memory + {})", names_.scalar(), memory.scratch_offset)}});
  }
  return out;
}

// What the threads of a kernel have noted in kStored, together.
static constexpr const char* kOfAll = "stored_by_all_";

CppBlock OperationEmitter::run(std::vector<CppFunction>& functions, std::vector<CppFunction>& apart) {
  functions_ = &functions;
  CppBlock out;
  CppBlock own;  // of each thread
  const auto add = [](CppBlock& to, CppBlock more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  const loop::MemoryPlan& memory = kernel_.memory;
  const bool notes = !kernel_.checked_where_written.empty();
  loop::Operations always = kernel_.kernel->operations, last;
  if (!kernel_.is_threaded && !always.empty() && is_condition(always.back())) {
    last.push_back(std::move(always.back()));
    always.pop_back();
  }
  if (memory.workspace_bytes != 0) {
    out.push_back(
        {CppDeclare{"[[maybe_unused]] std::byte* const", "memory", "static_cast<std::byte*>(workspace)"}});
    if (kernel_.is_threaded && memory.lanes_bytes != 0) {
      const std::string behind =
          fmt::format("memory + {} + (team_.thread() - 1) * {}", memory.workspace_bytes, memory.lanes_bytes);
      own.push_back(
          {CppDeclare{"std::byte* const", "lanes_",
                      fmt::format("team_.is_first() ? memory + {} : {}", memory.lanes_offset, behind)}});
    }
  }
  add(out, places(always, last, own));
  if (notes) out.push_back({CppDeclare{stored_type(names_), kernel_.is_threaded ? kOfAll : kStored, "{}"}});
  if (kernel_.is_threaded) {
    if (notes) own.push_back({CppDeclare{stored_type(names_), kStored, "{}"}});
    add(own, shared_block(always));
    if (notes) own.push_back({CppCall{fmt::format("{}.join", kOfAll), {kStored}}});
    out.push_back({CppCallWith{"freefall::runtime::run_team",
                               {"a.threads"},
                               "const freefall::runtime::team& team_",
                               std::move(own)}});
    if (notes) out.push_back({CppDeclare{stored_type(names_) + "&", kStored, kOfAll}});
    return out;
  }
  add(out, block(always));
  // A condition at the end of a kernel is that of an event. What happens then stands apart.
  for (const loop::Operation& event : last) {
    const auto& repeat = std::get<loop::Repeat>(event.action);
    const std::string bits = fmt::format("freefall::runtime::exponent_bits<{}>", names_.scalar());
    std::vector<std::pair<CppParameter, std::string>> more;
    if (memory.workspace_bytes != 0)
      more.push_back({{"[[maybe_unused]] std::byte* const", "memory"}, "memory"});
    if (notes) more.push_back({{"const " + bits, "before_"}, std::string(kStored) + ".bits()"});
    CppBlock body = places(repeat.body, always, own);
    if (notes) body.push_back({CppDeclare{stored_type(names_), kStored, stored_type(names_) + "(before_)"}});
    add(body, block(repeat.body));
    add(body, result_checks(kernel_, names_, apart));
    out.push_back(
        {CppIf{condition(*repeat.while_positive, names_),
               {return_apart(kernel_, names_, "event", "FREEFALL_APART", std::move(body), apart, more)}}});
  }
  return out;
}

CppBlock OperationEmitter::shared_block(const loop::Operations& operations) {
  CppBlock out, alone;
  const auto flush = [&] {
    if (alone.empty()) return;
    out.push_back({CppIf{"team_.is_first()", std::exchange(alone, {})}});
    wait(out);
  };
  for (const loop::Operation& o : operations) {
    const bool shared = is_shared(o);
    if (shared) flush();
    sharing_ = shared;
    std::visit([&](const auto& action) { append(shared ? out : alone, action, o); }, o.action);
    sharing_ = false;
    const bool waits = std::holds_alternative<loop::Repeat>(o.action) ||
                       std::holds_alternative<loop::Sweep>(o.action);  // at the end of its body
    if (shared && !waits) wait(out);
  }
  flush();
  return out;
}

// Work that is worth a wait, in shares that are whole elements of the results.
bool OperationEmitter::is_shared(const loop::Operation& operation) const {
  if (std::holds_alternative<loop::Slices>(operation.action)) return true;
  if (const loop::Operations* body = loop::body_of(operation))
    return std::any_of(body->begin(), body->end(), [&](const loop::Operation& o) { return is_shared(o); });
  if (loop::cost({operation}, *names_.sizes).operations < names_.sizes->machine.shared) return false;
  if (const auto* gemm = std::get_if<loop::Gemm>(&operation.action)) {
    // Several tiles may add to one element.
    const bool adds = std::any_of(gemm->epilogue.begin(), gemm->epilogue.end(),
                                  [](const loop::Store& s) { return s.mode != loop::Store::Mode::set; });
    const loop::ProductForm form = loop::product_form(*gemm, *names_.sizes);
    return !adds && (form == loop::ProductForm::tiled || form == loop::ProductForm::counted);
  }
  const auto* nest = std::get_if<loop::Nest>(&operation.action);
  if (nest == nullptr || nest->loops.size() < 2) return false;
  const auto own_rows = [&](const loop::Store& s) {
    return std::find(s.subscripts.begin(), s.subscripts.end(), ir::Subscript(nest->loops[0])) !=
           s.subscripts.end();
  };
  return std::all_of(nest->stores.begin(), nest->stores.end(), [&](const loop::Store& written) {
    return own_rows(written) &&
           std::all_of(nest->stores.begin(), nest->stores.end(), [&](const loop::Store& reader) {
             return loop::reads_only_at(reader.value, written.target, written.subscripts);
           });
  });
}

CppBlock OperationEmitter::block(const loop::Operations& operations) {
  CppBlock out;
  for (std::size_t n = 0; n < operations.size(); ++n) {
    const loop::Operation& o = operations[n];
    if (n + 1 < operations.size() && loop::are_updated_product(o, operations[n + 1], *names_.sizes)) {
      append_updated(out, o, operations[++n], "");
    } else {
      std::visit([&](const auto& action) { append(out, action, o); }, o.action);
    }
  }
  return out;
}

void OperationEmitter::append_updated(CppBlock& out, const loop::Operation& update,
                                      const loop::Operation& product, const std::string& pass) {
  const auto& g = std::get<loop::Gemm>(product.action);
  const ir::Expr matrix = g.m ? g.a : g.b, vector = g.m ? g.b : g.a;
  const auto& rows = g.m ? g.m : g.n;
  const auto stride = [&](ir::Expr e, const std::optional<Index>& i) {
    return loop::stride(e, i, *names_.sizes);
  };
  const std::string function =
      fmt::format("freefall::runtime::updated_matrix_vector<{}, {}, {}, {}, {}, {}>", names_.scalar(),
                  rows_of(g, &std::get<loop::Nest>(update.action)), names_.extent(g.k->axis),
                  stride(matrix, rows), stride(matrix, g.k), stride(vector, g.k));
  const bool checked = pass.empty() && contains(kernel_.checked_where_written, matrix->tensor);
  CppBlock body = emit_updated_product(std::get<loop::Nest>(update.action), g, function,
                                       {matrix->tensor->name, vector->tensor->name}, names_, checked,
                                       pass.empty() ? "false" : "backwards_");
  const std::string name = next_name("updated_product");
  const loop::Operation both{loop::Repeat{1, std::nullopt, nullptr, {update, product}}};
  std::vector<std::string> arguments = outline(name, g.label, "void", std::move(body), both, false, checked);
  if (!pass.empty()) {
    functions_->back().parameters.push_back({"const bool", "backwards_"});
    arguments.push_back(pass + " % 2 != 0");
  }
  out.push_back({CppCall{name, std::move(arguments)}});
}

std::size_t OperationEmitter::rows_of(const loop::Gemm& g, const loop::Nest* update) const {
  const plan::Specialisation& sizes = *names_.sizes;
  const std::size_t rows = sizes.extent((g.m ? g.m : g.n)->axis);
  const bool go_on = loop::rows_may_go_on(g, sizes) &&
                     (update == nullptr || loop::may_go_on(update->stores, update->loops.back()));
  return go_on ? loop::extended(rows, sizes) : rows;
}

std::string OperationEmitter::next_name(const char* what) {
  return fmt::format("{}_{}_{}", kernel_.kernel->name, what, ++operations_);
}

std::vector<std::string> OperationEmitter::outline(const std::string& name, const std::string& text,
                                                   const char* result, CppBlock body,
                                                   const loop::Operation& operation, bool scratch,
                                                   bool checked) {
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
  if (sharing_) {
    f.parameters.push_back({"const freefall::runtime::team&", "team_"});
    arguments.push_back("team_");
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
  if (checked && std::any_of(touched.written.begin(), touched.written.end(),
                             [&](const Tensor* t) { return contains(kernel_.checked_where_written, t); })) {
    f.parameters.push_back({stored_type(names_) + "&", kStored});
    arguments.emplace_back(kStored);
  }
  if (scratch) {
    f.parameters.push_back({names_.scalar() + "* __restrict", "scratch"});
    arguments.push_back("scratch");
  }
  // g++ makes one function of equal ones, such as those of a first pass and of its loop, and then calls it.
  const bool small = std::string_view(result) == "void" && !scratch &&
                     loop::cost({operation}, *names_.sizes).operations <= names_.sizes->machine.inlined;
  // Also the rows of a tile, one after the other, where their elements take long.
  const auto* gemm = std::get_if<loop::Gemm>(&operation.action);
  const bool takes_long = gemm != nullptr &&
                          loop::product_form(*gemm, *names_.sizes) == loop::ProductForm::tiled &&
                          std::any_of(gemm->epilogue.begin(), gemm->epilogue.end(),
                                      [](const loop::Store& s) { return plan::is_expensive(s.value); });
  if (goes_abreast(f.body) || takes_long) {
    f.result = fmt::format("FREEFALL_MIXED {}", result);
  } else if (small) {
    f.result = "FREEFALL_INLINE void";
  }
  functions_->push_back(std::move(f));
  return arguments;
}

void OperationEmitter::append(CppBlock& out, const loop::Nest& nest, const loop::Operation& operation) {
  const bool checked = std::any_of(nest.stores.begin(), nest.stores.end(), [&](const loop::Store& s) {
    return contains(kernel_.checked_where_written, s.target);
  });
  if (loop::is_transposition(nest) && !sharing_ && !checked) {
    const loop::Store& s = nest.stores[0];
    const auto name_of = [](const Tensor* t) {
      return t->role == ir::Role::temporary ? t->name : "a." + t->name;
    };
    out.push_back({CppComment{s.label}});
    out.push_back({CppCall{fmt::format("freefall::runtime::transpose<{}, {}, {}>", names_.scalar(),
                                       names_.extent(s.target->axes[0]), names_.extent(s.target->axes[1])),
                           {name_of(s.value->tensor), name_of(s.target)}}});
    return;
  }
  const std::string name = next_name("nest");
  CppBlock body = sharing_ ? emit_rows(nest, names_) : emit_nest(nest, names_, kernel_.checked_where_written);
  if (sharing_) {
    auto& rows = std::get<CppFor>(body.back().node);
    rows.first = fmt::format("team_.begin({})", rows.bound);
    rows.bound = fmt::format("team_.end({})", rows.bound);
  }
  out.push_back({CppCall{name, outline(name, "", "void", std::move(body), operation, false)}});
}

void OperationEmitter::append(CppBlock& out, const loop::Gemm& g, const loop::Operation& operation) {
  const std::string name = next_name("product");
  const auto extent = [&](const std::optional<Index>& i) {
    return i ? names_.extent(i->axis) : std::string("1");
  };
  const auto at = [&](ir::Expr e) { return pointer(loop::elements_of(e), g.outer, names_); };
  const auto stride = [&](ir::Expr e, const std::optional<Index>& i) {
    return loop::stride(e, i, *names_.sizes);
  };
  const auto pair = [&](ir::Expr e, const std::optional<Index>& row, const std::optional<Index>& column) {
    return fmt::format("{}, {}", stride(e, row), stride(e, column));
  };
  const loop::ProductForm form = loop::product_form(g, *names_.sizes);
  if (form != loop::ProductForm::blocked) {
    std::string function;
    std::vector<std::string> arguments;
    constexpr std::size_t kShort = 32;  // a longer sum has no short tiles
    const bool is_light = names_.sizes->extent(g.k->axis) <= kShort &&
                          std::none_of(g.epilogue.begin(), g.epilogue.end(),
                                       [](const loop::Store& s) { return plan::is_expensive(s.value); });
    if (form == loop::ProductForm::tiled) {
      function = fmt::format("freefall::runtime::tiled_product<{}, {}, {}, {}, {}, {}{}>", names_.scalar(),
                             extent(g.m), extent(g.n), stride(g.a, g.m), stride(g.a, g.k), stride(g.b, g.k),
                             is_light ? ", true" : "");
      arguments = {extent(g.k), at(g.a), at(g.b)};
      if (sharing_) arguments.insert(arguments.begin(), "team_");
    } else if (form == loop::ProductForm::counted) {
      function = fmt::format("freefall::runtime::counted_rows<{}, {}, {}, {}, {}, {}{}>", names_.scalar(),
                             names_.sizes->extent(g.m->axis), extent(g.n), extent(g.k), pair(g.a, g.m, g.k),
                             stride(g.b, g.k), is_light ? ", true" : "");
      arguments = {extent(g.m), at(g.a), at(g.b)};
      if (sharing_) arguments.insert(arguments.begin(), "team_");
    } else if (form == loop::ProductForm::small) {
      function = fmt::format("freefall::runtime::small_product<{}, {}, {}, {}, {}>", names_.scalar(),
                             extent(g.n), extent(g.k), pair(g.a, g.m, g.k), pair(g.b, g.k, g.n));
      arguments = {extent(g.m), at(g.a), at(g.b)};
    } else {
      const auto& rows = g.m ? g.m : g.n;
      const ir::Expr matrix = g.m ? g.a : g.b, vector = g.m ? g.b : g.a;
      function =
          fmt::format("freefall::runtime::matrix_vector<{}, {}, {}, {}, {}, {}>", names_.scalar(), rows_of(g),
                      extent(g.k), stride(matrix, rows), stride(matrix, g.k), stride(vector, g.k));
      arguments = {at(matrix), at(vector)};
    }
    CppBlock call;
    if (const auto stored = loop::stored_rows(g, *names_.sizes)) {
      const bool checked = contains(kernel_.checked_where_written, stored->tensor);
      arguments.push_back(
          fmt::format("freefall::runtime::stored_rows<{}, {}{}>{{{}{}}}", names_.scalar(),
                      loop::stride(*stored, g.m, *names_.sizes), checked ? ", " + stored_type(names_) : "",
                      pointer(*stored, g.outer, names_), checked ? fmt::format(", {}", kStored) : ""));
      for (const loop::Store& s : g.epilogue) call.push_back({CppComment{s.label}});
      call.push_back({CppCall{function, std::move(arguments)}});
    } else {
      call = emit_product(g, function, std::move(arguments), names_, kernel_.checked_where_written);
    }
    out.push_back({CppCall{
        name, outline(name, g.label, "void", in_loops(std::move(call), g.outer, names_), operation, false)}});
    return;
  }
  CppBlock call{{CppCall{
      fmt::format("freefall::runtime::gemm<{}>", names_.scalar()),
      {extent(g.m), extent(g.n), extent(g.k), names_.literal(ir::Number(1)), at(g.a), pair(g.a, g.m, g.k),
       at(g.b), pair(g.b, g.k, g.n), names_.literal(ir::Number(g.accumulate ? 1 : 0)), at(g.c),
       pair(g.c, g.m, g.n), scratch_and_cache(names_.sizes->machine)}}}};
  out.push_back({CppCall{
      name, outline(name, g.label, "void", in_loops(std::move(call), g.outer, names_), operation, true)}});
}

void OperationEmitter::append(CppBlock& out, const loop::MatrixFunction& f,
                              const loop::Operation& operation) {
  const bool inverse = f.kind == loop::MatrixFunction::Kind::inverse;
  const std::string name = next_name(inverse ? "inverse" : "log_det");
  const std::size_t n = names_.sizes->extent(f.row.axis);
  const auto pointer = [&](ir::Expr e) {
    return fmt::format("{} + {}", e->tensor->name, outer_offset(loop::elements_of(e), f.outer, names_));
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
  std::string fill = kFill[static_cast<std::size_t>(d.kind)];
  // The memory of a temporary is a whole number of the largest vectors, but for one element alone (places()).
  if (d.kind == loop::Draws::Kind::uniform && d.result->role == ir::Role::temporary &&
      names_.sizes->size(d.result) > 1)
    fill += "_and_rest";
  out.push_back({CppComment{d.label}});
  out.push_back(
      {CppCall{fmt::format("freefall::runtime::uniform_stream(a.draw_seed, \"{}\").{}", d.stream, fill),
               {fmt::format("std::span<{}>({}, {})", names_.scalar(), d.result->name, count),
                fmt::format("{} * {}", step, names_.sizes->size(d.result))}}});
}

void OperationEmitter::append(CppBlock& out, const loop::Repeat& repeat, const loop::Operation&) {
  std::string positive = repeat.while_positive == nullptr ? "" : condition(*repeat.while_positive, names_);
  const bool shared = sharing_;
  const auto inside = [&] { return shared ? shared_block(repeat.body) : block(repeat.body); };
  // What a condition reads changes only when all threads have read it.
  if (!positive.empty() && repeat.count == 1) {
    if (shared) {
      const std::string goes_on = fmt::format("goes_on_{}_", ++loops_);
      out.push_back({CppDeclare{"const bool", goes_on, positive}});
      positive = goes_on;
      wait(out);
    }
    out.push_back({CppIf{positive, inside()}});
    return;
  }
  const std::string pass = fmt::format("pass_{}", ++loops_), outer = passes_;
  const auto steps = [&](const std::string& of_pass) {
    return outer.empty() ? of_pass : fmt::format("({} * {} + {})", outer, repeat.count, of_pass);
  };
  passes_ = steps(pass);
  const bool delays = !shared && loop::delays_update(repeat, *names_.sizes);
  const auto ahead = shared ? std::nullopt : loop::draws_ahead(repeat, *names_.sizes);
  CppBlock body;
  if (delays || ahead) {
    std::size_t from = 0, to = repeat.body.size();
    if (delays) {
      const loop::Operation &product = repeat.body.front(), &update = repeat.body.back();
      CppBlock first, later;
      append(first, std::get<loop::Gemm>(product.action), product);
      // What is not finite stays so: the change of the last pass, behind the loop, sees it.
      append_updated(later, update, product, pass);
      body.push_back({CppIf{pass + " == 0", std::move(first)}});
      body.push_back({CppIf{pass + " > 0", std::move(later)}});
      ++from;
      --to;
    }
    const auto append_until = [&](std::size_t end) {
      const auto begin = repeat.body.begin();
      CppBlock part =
          block({begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(end)});
      body.insert(body.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
      from = end;
    };
    if (ahead) {
      const loop::Operation& draws = repeat.body[ahead->draws];
      const auto append_draws = [&](CppBlock& into, const std::string& step) {
        passes_ = step;
        append(into, std::get<loop::Draws>(draws.action), draws);
        passes_ = steps(pass);
      };
      append_draws(out, outer.empty() ? "" : fmt::format("{} * {}", outer, repeat.count));
      append_until(ahead->draws);
      ++from;
      append_until(ahead->last_reader + 1);
      CppBlock next;
      append_draws(next, steps(pass + " + 1"));
      body.push_back({CppIf{fmt::format("{} + 1 < {}", pass, repeat.count), std::move(next)}});
    }
    append_until(to);
  } else {
    body = inside();
  }
  passes_ = outer;
  if (!positive.empty()) {
    if (shared) body.insert(body.begin(), CppStatement{CppCall{"team_.wait", {}}});
    body.insert(body.begin(), CppStatement{CppIf{fmt::format("!({})", positive), {{CppBreak{}}}}});
  }
  if (repeat.tolerance) {
    const char* counts = shared ? "team_.is_first() && a.passes != nullptr" : "a.passes != nullptr";
    body.push_back({CppIf{counts, {{CppAssign{"*a.passes", "=", pass + " + 1"}}}}});
    body.push_back(
        {CppIf{fmt::format("{}[0] <= {}", repeat.moved->name, names_.literal(ir::Number(*repeat.tolerance))),
               {{CppBreak{}}}}});
    if (shared) wait(body);
  }
  CppFor loop{pass, fmt::format("{}", repeat.count), std::move(body)};
  // Written out, a pass hands what it leaves to the next in registers.
  constexpr std::size_t kFewPasses = 8;
  loop.unrolled = !shared && positive.empty() && !repeat.tolerance && repeat.count <= kFewPasses &&
                  loop::cost(repeat.body, *names_.sizes).operations <= names_.sizes->machine.mode_change;
  out.push_back({std::move(loop)});
  if (delays) append(out, std::get<loop::Nest>(repeat.body.back().action), repeat.body.back());
}

void OperationEmitter::append(CppBlock& out, const loop::Sweep& sweep, const loop::Operation&) {
  CppBlock body = sharing_ ? shared_block(sweep.body) : block(sweep.body);
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
  const bool shared = std::exchange(sharing_, false);
  CppBlock body = block(slices.body);
  const std::size_t width = names_.sizes->extent(slices.lane);
  const std::string slice = fmt::format("slice_{}", ++loops_), copies = names_.copies(slices.plate);
  body.insert(body.begin(), {CppDeclare{"const std::size_t", "first_" + slices.plate->name + "_",
                                        fmt::format("{} * {}", slice, width)}});
  CppFor loop{slice, fmt::format("({} + {}) / {}", copies, width - 1, width), std::move(body)};
  if (shared) {
    loop.first = "team_.thread()";
    loop.step = "team_.threads()";
  }
  out.push_back({std::move(loop)});
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
