#pragma once
// What a program of freefall says and returns when something goes wrong.

#include <functional>

namespace freefall::driver {

/// Runs `action` and returns its exit code, or says on standard error what is wrong and returns 1 for an
/// ir::ModelError, 3 for another std::runtime_error (a file), and 70 for whatever else is thrown: that is a
/// bug in freefall, and the text says so and what a report needs, with the command of `argv`.
int guarded(int argc, char** argv, const std::function<int()>& action);

}  // namespace freefall::driver
