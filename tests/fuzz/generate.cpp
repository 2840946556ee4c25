#include "tests/fuzz/generate.hpp"

#include "codegen/calculus/derive.hpp"
#include "codegen/plan/omit_arrays.hpp"
#include "codegen/plan/pipeline.hpp"
#include "codegen/plan/trust_arrays.hpp"

namespace freefall::fuzz {
namespace {

ProgramParts of_any_kind(ProgramParts parts) {
  switch (parts.choose_kind(14)) {
    case 0: return attractor_program(std::move(parts));
    case 1: return spikes_program(std::move(parts));
    case 2:
    case 3: return outcomes_program(std::move(parts));
    case 4: return filter_program(std::move(parts));
    case 5: return motion_program(std::move(parts));
    default: return network_program(std::move(parts));
  }
}

// Some of the arrays that may be omitted together.
void omit_some(std::vector<Line>& lines, RandomText random) {
  try {
    const Subject subject = build(lines);
    const auto kernels = calculus::derive(subject.program).procedures;
    std::vector<std::string> omitted;
    for (const ir::Tensor& t : subject.program.context->tensors()) {
      if (random.one_in(3)) continue;
      omitted.push_back(t.name);
      try {
        plan::check_omitted(subject.program, kernels, omitted);
        lines.push_back({{"omit", t.name}, "", {}});
      } catch (const ir::ModelError&) {
        omitted.pop_back();
      }
    }
  } catch (const std::exception&) {  // of the program itself: reported where it is compiled
  }
}

// Some of the arrays that may be trusted.
void trust_some(std::vector<Line>& lines, RandomText random) {
  try {
    const Subject subject = build(lines);
    const auto kernels = plan::compile(subject.program, subject.sizes).kernels;
    for (const ir::Tensor& t : subject.program.context->tensors()) {
      if (random.one_in(4)) continue;
      try {
        plan::trust_arrays(subject.program, kernels, {t.name});
        lines.push_back({{"trust", t.name}, "", {}});
      } catch (const ir::ModelError&) {
      }
    }
  } catch (const std::exception&) {  // of the program itself: reported where it is compiled
  }
}

}  // namespace

std::vector<Line> generate(std::uint64_t seed) { return generate(seed, of_any_kind); }

std::vector<Line> generate(std::uint64_t seed, Kind kind) {
  std::vector<Line> out = kind(ProgramParts(seed)).lines();
  if (seed % 2 == 0) omit_some(out, RandomText(seed));
  if (seed % 3 == 0) trust_some(out, RandomText(seed));
  return out;
}

}  // namespace freefall::fuzz
