#include "codegen/plan/pipeline.hpp"

#include <algorithm>

#include "codegen/ir/verify.hpp"
#include "codegen/loop/drop_dead_stores.hpp"
#include "codegen/loop/fuse_nests.hpp"
#include "codegen/loop/hoist_rows.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/loop/pad_rows.hpp"
#include "codegen/loop/sink_into_conditions.hpp"
#include "codegen/loop/slice_plates.hpp"
#include "codegen/loop/turn_matrices.hpp"
#include "codegen/plan/eliminate_omitted.hpp"
#include "codegen/plan/eliminate_states.hpp"
#include "codegen/plan/factor_products.hpp"
#include "codegen/plan/fold_affine.hpp"
#include "codegen/plan/gather_outcomes.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/omit_arrays.hpp"
#include "codegen/plan/peel_first_pass.hpp"
#include "codegen/plan/stand_by_columns.hpp"
#include "codegen/plan/trust_arrays.hpp"

namespace freefall::plan {
namespace {

void derive_rules(Compilation& c) {
  c.derivation = calculus::derive(*c.program);
  c.planned = c.derivation.procedures;
  check_omitted(*c.program, c.planned, c.sizes.omitted);
}
void gather(Compilation& c) {
  for (auto& p : c.planned) gather_outcomes(p.steps, c.sizes);
}
void eliminate(Compilation& c) {
  for (auto& p : c.planned) p.steps = eliminate_omitted(p.steps, *c.program->context, c.sizes);
}
// The kernel `prepare` of a program with constants comes first and says at its end that it has run.
void prepare(Compilation& c) {
  ir::Context& context = *c.program->context;
  const auto& tensors = context.tensors();
  if (std::none_of(tensors.begin(), tensors.end(),
                   [](const ir::Tensor& t) { return t.role == ir::Role::constant; }))
    return;
  c.is_prepared = context.tensor("is_prepared", {}, ir::Role::prepared);
  const calculus::Assignment done{c.is_prepared, ir::make_constant(context, 1), "the constants are prepared"};
  c.planned.insert(c.planned.begin(), {"prepare", {{calculus::Assign{{done}}}}, {}});
}
void factor(Compilation& c) {
  for (auto& p : c.planned) p.steps = factor_products(p.steps, c.sizes);
}

// Rewrites the kernels of a program with constants; the steps that this returns go to the end of `prepare`,
// before it says that it has run.
void with_prepare(Compilation& c,
                  const std::function<calculus::Steps(std::vector<calculus::Procedure>&)>& rewrite) {
  if (c.is_prepared == nullptr) return;
  std::vector<calculus::Procedure> kernels(c.planned.begin() + 1, c.planned.end());
  const calculus::Steps steps = rewrite(kernels);
  std::copy(kernels.begin(), kernels.end(), c.planned.begin() + 1);
  calculus::Steps& all = c.planned[0].steps;
  all.insert(all.end() - 1, steps.begin(), steps.end());
}
void fold(Compilation& c) {
  with_prepare(c, [&](auto& kernels) { return fold_affine(kernels, *c.program->context, c.sizes); });
}
void take_constants_out(Compilation& c) {
  with_prepare(c, [&](auto& kernels) { return hoist_constants(kernels, *c.program->context); });
}
void transpose_constants(Compilation& c) {
  with_prepare(c, [&](auto& kernels) { return stand_by_columns(kernels, *c.program->context, c.sizes); });
}
void iterate_errors(Compilation& c) {
  for (auto& p : c.planned) p.steps = eliminate_states(p.steps, *c.program->context, c.sizes);
}
void hoist(Compilation& c) {
  for (auto& p : c.planned) p.steps = hoist_invariants(p.steps, *c.program->context, c.sizes);
}
void materialise_all(Compilation& c) {
  const ir::PrintOptions names = part_names(c);
  for (auto& p : c.planned) p.steps = materialise(p.steps, *c.program->context, c.sizes, names);
}
void peel(Compilation& c) {
  for (auto& p : c.planned) p.steps = peel_first_passes(p.steps, c.sizes);
}
void omit(Compilation& c) {
  for (auto& p : c.planned) p.steps = omit_arrays(p.steps, *c.program->context, c.sizes.omitted);
}
void lower(Compilation& c) {
  for (const auto& p : c.planned)
    c.kernels.push_back({p.name, loop::lower_schedule(p.steps, *c.program->context, c.sizes)});
}
void slice(Compilation& c) {
  const loop::SliceRule rule = loop::slice_rule(c.sizes);
  for (auto& k : c.kernels)
    k.operations = loop::slice_plates(k.operations, *c.program->context, c.sizes, rule);
}
void turn(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::turn_matrices(k.operations, *c.program->context, c.sizes);
}
void hoist_from_rows(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::hoist_rows(k.operations, *c.program->context, c.sizes);
}
void sink(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::sink_into_conditions(k.operations, c.sizes);
}
void fuse(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::fuse_nests(k.operations, c.sizes);
}

void drop_dead(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::drop_dead_stores(k.operations);
}

void pad(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::pad_rows(k.operations, *c.program->context, c.sizes);
}

void verify_steps(const calculus::Steps& steps) {
  for (const calculus::Step& step : steps) {
    if (const calculus::Steps* body = calculus::body_of(step)) {
      verify_steps(*body);
    } else {
      for (const auto& a : std::get<calculus::Assign>(step.action).simultaneous) ir::verify(a.value);
    }
  }
}

void verify_operations(const loop::Operations& operations) {
  for (const loop::Operation& o : operations) {
    if (const auto* nest = std::get_if<loop::Nest>(&o.action)) {
      for (const loop::Store& s : nest->stores) ir::verify(s.value);
    } else if (const auto* gemm = std::get_if<loop::Gemm>(&o.action)) {
      for (const loop::Store& s : gemm->epilogue) ir::verify(s.value);
    } else if (const loop::Operations* body = loop::body_of(o)) {
      verify_operations(*body);
    }
  }
}

// Cheap beside everything else (a millisecond for the gradients of sixty layers), so it is not left to debug
// builds.
void verify(const Compilation& c) {
  for (const auto& p : c.planned) verify_steps(p.steps);
  for (const auto& k : c.kernels) verify_operations(k.operations);
}

}  // namespace

ir::PrintOptions part_names(const Compilation& c) {
  ir::PrintOptions out;
  out.names = c.derivation.names;
  return out;
}

const std::vector<Pass>& passes() {
  static const std::vector<Pass> list = {
      {"derive", "elaborate the functional, differentiate, turn descents into assignments", derive_rules},
      {"gather_outcomes", "tables at outcomes given as numbers are looked up, not summed over", gather, true},
      {"eliminate_omitted",
       "what reads an array that is not given out reads what it was made from, by constants", eliminate,
       true},
      {"factor_products", "products that share a factor are one product with a sum", factor, true},
      {"prepare", "a kernel for what depends on constants alone", prepare},
      {"fold_affine", "what is affine with constant coefficients is one product; a loop over it one step",
       fold, true},
      {"hoist_constants", "what depends on constants alone is computed once, not in each call",
       take_constants_out, true},
      {"stand_by_columns", "matrices of constants stand by columns where products read them",
       transpose_constants, true},
      {"eliminate_states", "a loop that reads a state only through its error iterates the error",
       iterate_errors, true},
      {"hoist_invariants", "what does not change inside a loop is computed before it", hoist, true},
      {"materialise", "contractions and shared values get buffers; simultaneous assignments are ordered",
       materialise_all},
      {"peel_first_passes", "a first pass that is mostly known stands before its loop", peel, true},
      {"omit_arrays", "arrays that are not given out are temporaries", omit},
      {"lower_schedule", "loop nests, matrix products, library calls", lower},
      {"slice_plates", "copies of a plate go through in slices, in the lanes of the vectors", slice, true},
      {"turn_matrices", "matrices stand by columns for the products that a whole plate goes through", turn,
       true},
      {"hoist_rows", "what is the same in each row of a nest is computed once", hoist_from_rows, true},
      {"sink_into_conditions", "what only the body of a condition reads is computed there", sink, true},
      {"fuse_nests", "work on the same elements goes into one loop, or into the tiles of a product", fuse,
       true},
      {"drop_dead_stores", "what is stored and not read again is not stored", drop_dead, true},
      {"pad_rows", "arrays whose rows end within a vector are copied to where they have room", pad, true},
  };
  return list;
}

std::vector<std::string> optional_passes() {
  std::vector<std::string> out;
  for (const Pass& p : passes()) {
    if (p.optional) out.emplace_back(p.name);
  }
  return out;
}

Compilation derive(const ir::Program& program) {
  Compilation out;
  out.program = &program;
  ir::check_program(program);
  derive_rules(out);
  verify(out);
  return out;
}

Compilation compile(const ir::Program& program, const Specialisation& sizes,
                    const std::function<bool(const Pass&, const Compilation&)>& after,
                    const std::vector<std::string>& without) {
  Compilation out;
  out.program = &program;
  out.sizes = with_branches(program, sizes);
  ir::check_program(program);
  check_specialisation(program, out.sizes);
  for (const Pass& pass : passes()) {
    if (pass.optional && std::find(without.begin(), without.end(), pass.name) != without.end()) continue;
    pass.run(out);
    verify(out);
    if (after && !after(pass, out)) return out;
  }
  out.trusted = trust_arrays(program, out.kernels, out.sizes.trusted);
  return out;
}

}  // namespace freefall::plan
