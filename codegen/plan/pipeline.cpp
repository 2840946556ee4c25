#include "codegen/plan/pipeline.hpp"

#include "codegen/ir/verify.hpp"
#include "codegen/loop/drop_dead_stores.hpp"
#include "codegen/loop/fuse_nests.hpp"
#include "codegen/loop/lower_schedule.hpp"
#include "codegen/loop/slice_plates.hpp"
#include "codegen/plan/gather_outcomes.hpp"
#include "codegen/plan/hoist_invariants.hpp"
#include "codegen/plan/materialise.hpp"
#include "codegen/plan/peel_first_pass.hpp"

namespace freefall::plan {
namespace {

void derive_rules(Compilation& c) {
  c.derivation = calculus::derive(*c.program);
  c.planned = c.derivation.procedures;
}
void gather(Compilation& c) {
  for (auto& p : c.planned) gather_outcomes(p.steps);
}
void hoist(Compilation& c) {
  for (auto& p : c.planned) p.steps = hoist_invariants(p.steps, *c.program->context);
}
void materialise_all(Compilation& c) {
  const ir::PrintOptions names = part_names(c);
  for (auto& p : c.planned) p.steps = materialise(p.steps, *c.program->context, c.sizes, names);
}
void peel(Compilation& c) {
  for (auto& p : c.planned) p.steps = peel_first_passes(p.steps, c.sizes);
}
void lower(Compilation& c) {
  for (const auto& p : c.planned)
    c.kernels.push_back({p.name, loop::lower_schedule(p.steps, *c.program->context, c.sizes)});
}
void slice(Compilation& c) {
  const loop::SliceRule rule = loop::slice_rule(c.sizes.scalar);
  for (auto& k : c.kernels)
    k.operations = loop::slice_plates(k.operations, *c.program->context, c.sizes, rule);
}
void fuse(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::fuse_nests(k.operations, c.sizes);
}

void drop_dead(Compilation& c) {
  for (auto& k : c.kernels) k.operations = loop::drop_dead_stores(k.operations);
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
      {"hoist_invariants", "what does not change inside a loop is computed before it", hoist, true},
      {"materialise", "contractions and shared values get buffers; simultaneous assignments are ordered",
       materialise_all},
      {"peel_first_passes", "a first pass that is mostly known stands before its loop", peel, true},
      {"lower_schedule", "loop nests, matrix products, library calls", lower},
      {"slice_plates", "copies of a plate go through in slices, in the lanes of the vectors", slice, true},
      {"fuse_nests", "work on the same elements goes into one loop, or into the tiles of a product", fuse,
       true},
      {"drop_dead_stores", "what is stored and not read again is not stored", drop_dead, true},
  };
  return list;
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
                    const std::function<bool(const Pass&, const Compilation&)>& after, Optimise optimise) {
  Compilation out;
  out.program = &program;
  out.sizes = with_branches(program, sizes);
  ir::check_program(program);
  check_specialisation(program, out.sizes);
  for (const Pass& pass : passes()) {
    if (pass.optional && optimise == Optimise::no) continue;
    pass.run(out);
    verify(out);
    if (after && !after(pass, out)) break;
  }
  return out;
}

}  // namespace freefall::plan
