#pragma once
// The functions of the verbs, one file each; what they take and return stands in verb.hpp.

#include "codegen/driver/verb.hpp"

namespace freefall::driver {

int run_derive(const Request& request, const ir::Program& program, std::string& out);
void add_emit_options(CLI::App& app, Request& request);
int run_emit(const Request& request, const ir::Program& program, std::string& out);
int run_cost(const Request& request, const ir::Program& program, std::string& out);
int run_axes(const Request& request, const ir::Program& program, std::string& out);

}  // namespace freefall::driver
