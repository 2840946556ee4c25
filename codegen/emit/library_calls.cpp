#include "codegen/emit/library_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "codegen/emit/emit_nest.hpp"
#include "codegen/ir/functions.hpp"

namespace freefall::emit {
namespace {

using namespace ir;

// The names of the C library, or "".
std::string_view library_name(Function function, plan::Scalar scalar) {
  switch (function) {
#define FREEFALL_LIBRARY_FUNCTION(name, in_float, in_double) \
  case Function::name: return scalar == plan::Scalar::float32 ? in_float : in_double;
#include "codegen/ir/library_functions.def"
#undef FREEFALL_LIBRARY_FUNCTION
    default: return "";
  }
}

std::string_view called(Expr e, plan::Scalar scalar) {
  if (is_closed(e)) return "";  // its value is written, not computed
  if (e->op == Op::Map) return library_name(e->function, scalar);
  const bool power = e->op == Op::Product && std::any_of(e->weights.begin(), e->weights.end(), [](auto& w) {
                       return std::abs(w.numerator()) > kLargestProduct;
                     });
  return power ? library_name(Function::pow, scalar) : "";
}

// One line for each call of a kernel, in the order it makes them.
class Calls {
 public:
  explicit Calls(const plan::Compilation& compilation)
      : compilation_(compilation), options_(plan::part_names(compilation)) {}

  void add(const std::string& kernel, const loop::Operations& operations) {
    for (const loop::Operation& operation : operations) {
      if (const auto* nest = std::get_if<loop::Nest>(&operation.action)) add(kernel, nest->stores);
      if (const auto* gemm = std::get_if<loop::Gemm>(&operation.action)) add(kernel, gemm->epilogue);
      if (const auto* body = loop::body_of(operation)) add(kernel, *body);
    }
  }
  const std::string& text() const { return text_; }

 private:
  void add(const std::string& kernel, const std::vector<loop::Store>& stores) {
    for (const loop::Store& store : stores) {
      for (const Expr e : topological({store.value})) {
        const std::string_view function = called(e, compilation_.sizes.scalar);
        if (function.empty()) continue;
        const std::string line = fmt::format("\n  kernel {}{}{}: {} calls {}", kernel, place(kernel),
                                             rule(kernel, store.target), print(e, options_), function);
        if (said_.insert(line).second) text_ += line;
      }
    }
  }

  std::string place(const std::string& kernel) const {
    for (const auto& procedure : compilation_.planned) {
      if (procedure.name == kernel && !procedure.origin.file.empty())
        return fmt::format(" ({}:{})", procedure.origin.file, procedure.origin.line);
    }
    return "";
  }
  // ", W1 by adam"; a temporary has no name that the user knows.
  std::string rule(const std::string& kernel, const Tensor* target) const {
    for (const auto& rule : compilation_.derivation.rules) {
      if (rule.kernel == kernel && rule.target == target)
        return fmt::format(", {} by {}", target->name, rule.method);
    }
    return target->role == Role::temporary ? "" : ", " + target->name;
  }

  const plan::Compilation& compilation_;
  const PrintOptions options_;
  std::set<std::string> said_;
  std::string text_;
};

}  // namespace

void check_freestanding(const plan::Compilation& compilation) {
  Calls calls(compilation);
  for (const loop::Kernel& kernel : compilation.kernels) calls.add(kernel.name, kernel.operations);
  if (calls.text().empty()) return;
  throw ModelError(
      "kernels that are to be freestanding must not call the C library, but these do, for functions that the "
      "runtime does not bring:" +
      calls.text() +
      "\nLeave these kernels out of the program for the device, state the model with other functions "
      "(docs/how-to/embedded.md has those that need no library), or take the functions from a C library for "
      "the device, such as newlib's -lm, and leave out --freestanding");
}

}  // namespace freefall::emit
