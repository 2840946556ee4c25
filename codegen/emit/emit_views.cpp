#include "codegen/emit/emit_views.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace freefall::emit {

std::string emit_views(const plan::Specialisation& sizes, const std::vector<KernelSignature>& kernels,
                       const std::vector<const ir::Tensor*>& arrays,
                       const std::vector<const ir::Axis*>& plates) {
  std::string out = fmt::format(
      "#pragma once\n\n#include <algorithm>\n#include <freefall/runtime/buffer.hpp>\n#include "
      "<freefall/runtime/error.hpp>\n#include <freefall/runtime/views.hpp>\n\n#include \"{0}.hpp\"\n\n"
      "namespace {0} {{\n\n"
      "// Owns every array of the library, zero at first, and one workspace. `x()` is an Eigen map of the "
      "array x (a matrix up to\n"
      "// rank 2), `x_array()` an xtensor adaptor of its full shape; neither copies. `use_x(m)` puts a "
      "matrix "
      "or tensor of yours\n"
      "// in the place of the array: it has the same shape and lives as long as it is used. Kernels throw\n"
      "// freefall::runtime::kernel_error.\n"
      "class instance {{\n public:\n",
      sizes.name);
  std::string members, pointers, spans;
  for (const ir::Tensor* t : arrays) {
    std::vector<std::string> extents;
    for (const ir::Axis* a : t->axes) extents.push_back(fmt::format("{}", sizes.extent(a)));
    const bool named_like_kernel =
        std::any_of(kernels.begin(), kernels.end(), [&](const auto& k) { return k.kernel->name == t->name; });
    if (named_like_kernel && t->axes.empty()) {
      // The kernel's own method returns it.
    } else if (t->axes.empty()) {
      out += fmt::format("  scalar& {0}() {{ return *{0}_at_; }}\n", t->name);
    } else {
      const std::string accessor = t->name + (named_like_kernel ? "_value" : "");
      if (t->axes.size() <= 2)
        out += fmt::format("  auto {2}() {{ return freefall::runtime::matrix_view({0}_at_, {1}); }}\n",
                           t->name, fmt::join(extents, ", "), accessor);
      out += fmt::format("  auto {0}_array() {{ return freefall::runtime::tensor_view({0}_at_, {1}); }}\n",
                         t->name, fmt::join(extents, ", "));
      out += fmt::format(
          "  template <class View>\n  void use_{0}(View&& view) {{ {0}_at_ = "
          "freefall::runtime::elements_of<scalar>(tensors()[{1}], view); }}\n",
          t->name, std::find(arrays.begin(), arrays.end(), t) - arrays.begin());
    }
    members += fmt::format(
        "  freefall::runtime::aligned_buffer<scalar> {0}_{{{1}}};\n  scalar* {0}_at_ = {0}_.data();\n",
        t->name, sizes.size(t));
    pointers += fmt::format("    a.{0} = {0}_at_;\n", t->name);
    spans += fmt::format("    if (index == {}) return {{{}_at_, {}}};\n",
                         std::find(arrays.begin(), arrays.end(), t) - arrays.begin(), t->name, sizes.size(t));
  }
  std::vector<std::string> parameters, forwarded;
  for (const ir::Axis* a : plates) {
    parameters.push_back(fmt::format("std::size_t {0}_copies = extent::{0}", a->name));
    forwarded.push_back(fmt::format("{}_copies", a->name));
    pointers += fmt::format("    a.{0}_copies = {0}_copies;\n", a->name);
  }
  const std::string parameter_list = fmt::format("{}", fmt::join(parameters, ", ")),
                    argument_list = fmt::format("{}", fmt::join(forwarded, ", "));
  out += fmt::format(
      "\n  // The elements of the array at a position of tensors().\n  std::span<scalar> "
      "elements([[maybe_unused]] std::size_t index) {{\n{}    return {{}};\n  }}\n",
      spans);
  const bool draws = std::any_of(kernels.begin(), kernels.end(), [](const auto& k) { return k.steps != 0; });
  if (draws) {
    out +=
        "\n  // Of the draws; each kernel that draws goes on from `draw_step`.\n  std::uint64_t draw_seed = "
        "0, "
        "draw_step = 0;\n";
    pointers += "    a.draw_seed = draw_seed;\n    a.draw_step = draw_step;\n";
  }
  const bool shares =
      std::any_of(kernels.begin(), kernels.end(), [](const auto& k) { return k.is_threaded; });
  if (shares) {
    pointers += "    a.threads = threads_;\n";
    members += "  std::size_t threads_ = 1;\n";
    std::vector<std::string> needed = {"std::size_t{0}"};
    for (const KernelSignature& k : kernels)
      needed.push_back(k.is_threaded ? fmt::format("{0}_workspace_bytes + (threads - 1) * {0}_thread_bytes",
                                                   k.kernel->name)
                                     : k.kernel->name + "_workspace_bytes");
    out += fmt::format(
        "\n  // Threads that share the work of a call, 1 at first; results have the same bits for any "
        "number.\n"
        "  // Throws std::invalid_argument for none.\n"
        "  void use_threads(std::size_t threads) {{\n"
        "    if (threads == 0) throw std::invalid_argument(\"use_threads: found 0, expected at least 1\");\n"
        "    workspace_ = freefall::runtime::workspace(std::max({{{}}}));\n"
        "    threads_ = threads;\n  }}\n",
        fmt::join(needed, ", "));
  }
  const bool keeps =
      std::any_of(kernels.begin(), kernels.end(), [](const auto& k) { return k.checks_state(); });
  if (keeps) {
    pointers += "    a.state_is_trusted = state_is_trusted_;\n";
    members += "  bool state_is_trusted_ = false;\n";
    out +=
        "\n  // You vouch that the arrays that kernels write are valid and that from now on only kernels "
        "write "
        "them: calls\n  // do not read them to check them. Ends with `false`, or when a kernel throws.\n"
        "  void trust_state(bool trusted = true) { state_is_trusted_ = trusted; }\n";
  }
  const bool counts =
      std::any_of(kernels.begin(), kernels.end(), [](const auto& k) { return k.counts_passes; });
  if (counts) {
    pointers += "    a.passes = &passes_;\n";
    members += "  std::size_t passes_ = 0;\n";
    out +=
        "\n  // Passes that the last `until` made; its limit when it did not settle.\n  std::size_t passes() "
        "const { return passes_; }\n";
  }
  out += fmt::format("\n  arrays raw({}) {{\n    arrays a;\n{}    return a;\n  }}\n\n", parameter_list,
                     pointers);
  std::vector<std::string> workspaces = {"std::size_t{0}"};
  for (const KernelSignature& k : kernels) {
    const bool returns = std::any_of(k.written.begin(), k.written.end(), [&](const ir::Tensor* t) {
      return t->axes.empty() && t->name == k.kernel->name;
    });
    out += fmt::format(
        "  {4} {0}({1}) {{\n    const auto status = {2}::{0}(raw({3}), workspace_.data());\n{7}"
        "    freefall::runtime::require(status, tensors);\n{6}{5}  }}\n",
        k.kernel->name, parameter_list, sizes.name, argument_list, returns ? "scalar" : "void",
        returns ? fmt::format("    return *{}_at_;\n", k.kernel->name) : "",
        k.steps != 0 ? fmt::format("    draw_step += {}_steps;\n", k.kernel->name) : "",
        keeps ? "    state_is_trusted_ = state_is_trusted_ && status.ok();\n" : "");
    workspaces.push_back(k.kernel->name + "_workspace_bytes");
  }
  out += fmt::format(
      "\n private:\n{}  freefall::runtime::workspace workspace_{{std::max({{{}}})}};\n}};\n\n}}  // "
      "namespace {}\n",
      members, fmt::join(workspaces, ", "), sizes.name);
  return out;
}

}  // namespace freefall::emit
