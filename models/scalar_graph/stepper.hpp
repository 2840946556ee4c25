#pragma once
// The branching function step by step, by the interpreter of schedules in long double: how many steps its
// gradient needs.

#include <array>
#include <cmath>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "models/scalar_graph/graph.hpp"

namespace freefall::models::scalar_graph {

using Real = long double;

/// At v0 = 5, theta = 2, target 3, loss weight 2: runs a kernel up to its loop, then one pass at a time.
class Stepper {
 public:
  Stepper(const char* kernel, Real eta) : environment_(ir::Sizes{{{"batch", 1}}}) {
    for (const auto& p : derivation_.procedures) {
      if (p.name == kernel) steps_ = p.steps;
    }
    for (const auto& [name, value] :
         {std::pair{"v0", 5.0L}, {"theta", 2}, {"weight", 2}, {"eta", eta}, {"target", 3}})
      environment_.set(program_.context->find_tensor(name), {value});
    while (!std::holds_alternative<calculus::Loop>(steps_[at_].action))
      calculus::interpret({steps_[at_++]}, environment_);
  }

  void step() { calculus::interpret(std::get<calculus::Loop>(steps_[at_].action).body, environment_); }
  Real by_v0() { return result("by_v0"); }
  Real energy() {
    return result("energy");
  }  // as the kernel gives it: of the held predictions, where they are held

 private:
  Real result(const char* name) {
    calculus::interpret(calculus::Steps(steps_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, steps_.end()),
                        environment_);
    return environment_.get(program_.context->find_tensor(name))[0];
  }

  const ir::Program program_ = ::scalar_graph::graph<1>().ir();
  const calculus::Derivation derivation_ = calculus::derive(program_);
  ir::Environment<Real> environment_;
  calculus::Steps steps_;
  std::size_t at_ = 0;
};

inline Real exact_by_v0() {  // -(theta eps1 + 2 v0 eps3) of the adjoint recursion
  const Real v2 = std::sqrt(10.0L), e4 = 2 * (3 - std::tan(v2) - std::sin(25.0L));
  const Real e2 = e4 / (std::cos(v2) * std::cos(v2)), e3 = e4 * std::cos(25.0L), e1 = e2 / (2 * v2);
  return -(2 * e1 + 10 * e3);
}

struct step_counts {
  int to_millionth, to_trillionth;
};

/// Steps of size eta until the gradient by v0 is right to a relative error of 1e-6, and of 1e-12.
inline step_counts steps_to_converge(Real eta) {
  Stepper graph("relax", eta);
  step_counts first{0, 0};
  for (int k = 1; first.to_trillionth == 0 && k < 1500; ++k) {
    graph.step();
    const Real error = std::fabs(graph.by_v0() / exact_by_v0() - 1);
    if (first.to_millionth == 0 && error <= 1e-6L) first.to_millionth = k;
    if (error <= 1e-12L) first.to_trillionth = k;
  }
  return first;
}

struct known_count {
  Real eta;
  int to_millionth, to_trillionth;
};
/// From the binomial tails of the two path lengths. At eta = 0.02 the exact error after 1399 steps is
/// 1.00034e-12, which double precision rounds to no more than 1e-12.
inline constexpr std::array<known_count, 8> known_counts = {{{0.02L, 703, 1400},
                                                             {0.05L, 277, 552},
                                                             {0.1L, 135, 269},
                                                             {0.2L, 64, 127},
                                                             {0.5L, 21, 42},
                                                             {1.0L, 2, 2},
                                                             {1.5L, 20, 42},
                                                             {1.9L, 152, 290}}};

}  // namespace freefall::models::scalar_graph
