#pragma once
// Random models for tests of passes and kernels, built at run time through ir::Program. The same seed gives
// the same model and the same values on every machine.
//
// A model is a chain of 2 to 5 layers of weights over variables of random widths, with elementwise links
// between layers of one axis, skip connections, priors, random activations and every kind of spread: none,
// scalar, diagonal or full, by precision, variance or covariance, given or learned.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "codegen/ir/program.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::test {

struct RandomProgramOptions {
  std::uint64_t seed = 1;
  bool smooth = false;     ///< no relu, so that F is twice differentiable
  std::size_t passes = 3;  ///< of inference in each kernel
  double inference_rate = 0.05;
  std::size_t widest = 7, most_copies = 5;  ///< of axes, and of plates
};

/// Kernels: "predict", "infer", "train" (infers, then moves the parameters) and "energy".
struct RandomProgram {
  ir::Program program;
  plan::Specialisation sizes;                 ///< capacities
  std::map<std::string, std::size_t> copies;  ///< in use, of each plate
  std::vector<const ir::Tensor*> latent, parameters;
  std::map<std::string, std::vector<long double>> values;  ///< of all declared arrays, over capacities
  std::string text;                                        ///< the model in words, for messages

  /// The free energy as the functionals' symbol.
  ir::Expr free_energy() { return program.free_energy(0, 0); }
};

/// Elements of unused copies are NaN: nothing may depend on them.
RandomProgram random_program(const RandomProgramOptions& options);

}  // namespace freefall::test
