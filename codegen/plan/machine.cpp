#include "codegen/plan/machine.hpp"

#include "freefall/runtime/instruction_set.hpp"

namespace freefall::plan {

static_assert(kFirstCacheBytes == runtime::first_cache_bytes);

// Caches: the smallest first and second cache of the processors that have the set and are in use as servers
// and desktops.
const std::vector<Machine>& machines() {
  static const std::vector<Machine> table = {
      {},
      {.name = "avx512", .vector_bytes = 64, .cache_bytes = 1024 * 1024},  // Skylake-SP, Zen 4
      {.name = "avx2", .vector_bytes = 32, .cache_bytes = 256 * 1024},     // Haswell to Comet Lake
      {.name = "baseline", .vector_bytes = 16, .cache_bytes = 256 * 1024},
      {.name = "neon",
       .vector_bytes = 16,
       .first_cache_bytes = 64 * 1024,
       .cache_bytes = 512 * 1024},  // Cortex-A76
  };
  return table;
}

}  // namespace freefall::plan
