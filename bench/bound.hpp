#pragma once
// A kernel with the arrays it works on bound once, as a program has it that calls the kernel in a loop:
// inputs are read where they lie.

#include <freefall/runtime/buffer.hpp>
#include <freefall/runtime/error.hpp>

// bound_<library>: `kernel` of a library on the arrays of an instance. `arrays` may be pointed elsewhere;
// threads take more workspace.
#define FREEFALL_BENCH_BOUND(library, kernel)                                                              \
  class bound_##library {                                                                                  \
   public:                                                                                                 \
    using instance = library::instance;                                                                    \
    explicit bound_##library(instance& i, std::size_t workspace_bytes = library::kernel##_workspace_bytes) \
        : arrays(i.raw()), workspace_(workspace_bytes) {}                                                  \
    void operator()() {                                                                                    \
      freefall::runtime::require(library::kernel(arrays, workspace_.data()), library::tensors);            \
    }                                                                                                      \
    library::arrays arrays;                                                                                \
                                                                                                           \
   private:                                                                                                \
    freefall::runtime::workspace workspace_;                                                               \
  }
