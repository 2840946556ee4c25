#pragma once

namespace freefall::bench::attractor {

// Steps in one call of the kernel `run`, and those after which candidates are compared.
inline constexpr int steps_of_a_run = 64;

}  // namespace freefall::bench::attractor
