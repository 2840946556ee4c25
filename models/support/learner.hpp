#pragma once
// Several that learn the same with derivatives that they infer in different ways, for comparison.

#include <string>

namespace freefall::models {

/// One of them. A model adds how it is shown an example and what a step of learning is.
template <class Instance>
struct Learner {
  std::string name;          ///< in curves and figures
  void (*infer)(Instance&);  ///< the kernel that leaves the derivatives
  Instance kernels{};
};

}  // namespace freefall::models
