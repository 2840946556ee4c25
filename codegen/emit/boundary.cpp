#include "codegen/emit/boundary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/emit/emit_nest.hpp"

namespace freefall::emit {
namespace {

constexpr const char* kRare = "FREEFALL_RARE";

using ir::Axis;
using ir::Tensor;

bool contains(const std::vector<const Tensor*>& list, const Tensor* t) {
  return std::find(list.begin(), list.end(), t) != list.end();
}

std::string argument_row(const Tensor* t, const KernelSignature& k, const Names& names) {
  const UsedElements used = used_elements(t, names);
  std::string outside;
  for (const UsedElements::Runs& r : used.outside)
    outside += fmt::format("{}{{{}, {}}}", outside.empty() ? "" : ", ", r.count, r.stride);
  if (!outside.empty()) outside = fmt::format(", {{{{{}}}}}", outside);
  return fmt::format("{{\"{0}\", a.{0}, {1}, {2}{3}}}", t->name, used.elements, contains(k.checked_first, t),
                     outside);
}

std::string argument_type(std::size_t depth, const Names& names) {
  const std::string levels = depth <= 1 ? "" : fmt::format(", {}", depth);
  return fmt::format("freefall::runtime::argument<{}{}>", names.scalar(), levels);
}

// A table of arrays for the checks of runtime/arguments.hpp.
CppStatement argument_table(const char* name, const std::vector<const Tensor*>& tensors,
                            const KernelSignature& k, const Names& names) {
  std::vector<std::string> rows;
  std::size_t depth = 1;
  for (const Tensor* t : tensors) {
    depth = std::max(depth, used_elements(t, names).outside.size());
    rows.push_back(argument_row(t, k, names));
  }
  return {CppDeclare{"const " + argument_type(depth, names), fmt::format("{}[]", name),
                     fmt::format("{{{}}}", fmt::join(rows, ", "))}};
}

// The condition that all of these arrays are finite; "true" for none.
// Also what the variable `seen` has noted.
std::string all_finite(const std::vector<const Tensor*>& tensors, const KernelSignature& k,
                       const Names& names, const std::string& seen = "") {
  if (tensors.empty() && seen.empty()) return "true";
  std::string out = seen.empty() ? fmt::format("freefall::runtime::finite<{}>()", names.scalar()) : seen;
  for (const Tensor* t : tensors) {
    const bool plated = std::any_of(t->axes.begin(), t->axes.end(), plan::is_counted);
    out += plated ? fmt::format(" & {}{}", argument_type(used_elements(t, names).outside.size(), names),
                                argument_row(t, k, names))
                  : fmt::format(" & freefall::runtime::whole<{}, {}>{{a.{}}}", names.sizes->size(t),
                                names.scalar(), t->name);
  }
  return fmt::format("bool({})", out);
}

}  // namespace

CppStatement return_apart(const KernelSignature& k, const Names& names, const char* what,
                          const char* attribute, CppBlock body, std::vector<CppFunction>& apart,
                          const std::vector<std::pair<CppParameter, std::string>>& more) {
  CppFunction f{"",
                fmt::format("{} freefall::runtime::status", attribute),
                fmt::format("{}_{}_", k.kernel->name, what),
                {{"[[maybe_unused]] const arrays&", "a"}},
                std::move(body)};
  std::vector<std::string> arguments{"a"};
  for (const Axis* axis : k.plates) {
    f.parameters.push_back({"[[maybe_unused]] const std::size_t", names.copies(axis)});
    arguments.push_back(names.copies(axis));
  }
  for (const auto& [parameter, argument] : more) {
    f.parameters.push_back(parameter);
    arguments.push_back(argument);
  }
  std::string call = fmt::format("{}({})", f.name, fmt::join(arguments, ", "));
  const bool is_new = std::none_of(apart.begin(), apart.end(),
                                   [&](const CppFunction& other) { return other.name == f.name; });
  if (is_new) apart.push_back(std::move(f));
  return {CppReturn{std::move(call)}};
}

std::string fault(const char* what, const std::string& kernel, const std::string& tensor,
                  const std::string& found, const std::string& expected) {
  return fmt::format("{{freefall::runtime::fault::{}, \"{}\", \"{}\", 0, {}, {}}}", what, kernel, tensor,
                     found, expected);
}

UsedElements used_elements(const Tensor* t, const Names& names) {
  UsedElements out{"1", {}};
  std::size_t stride = 1, behind = 1;  // of the level; elements behind its first axis so far
  bool innermost = true;
  for (std::size_t p = t->axes.size(); p-- > 0;) {
    const Axis* a = t->axes[p];
    if (!plan::is_counted(a)) behind *= names.sizes->extent(a);
    if (!plan::is_counted(a) && p != 0) continue;
    std::string count = fmt::format("{}", behind);
    if (plan::is_counted(a))
      count = behind == 1 ? names.copies(a) : fmt::format("{} * {}", names.copies(a), behind);
    if (innermost) {
      out.elements = count;
    } else if (count != "1") {
      out.outside.insert(out.outside.begin(), {count, stride});
    }
    innermost = false;
    stride *= behind * (plan::is_counted(a) ? names.sizes->extent(a) : 1);
    behind = 1;
  }
  return out;
}

CppBlock boundary_checks(const KernelSignature& k, const Names& names, std::vector<CppFunction>& apart) {
  CppBlock out;
  for (const Axis* a : k.plates) {
    const std::string copies = names.copies(a);
    out.push_back({CppDeclare{"const std::size_t", copies, "a." + copies}});
    out.push_back({CppIf{
        fmt::format("{0} == 0 || {0} > extent::{1}", copies, a->name),
        {{CppReturn{fault("copies_out_of_range", k.kernel->name, a->name, copies, "extent::" + a->name)}}}}});
  }
  std::vector<std::string> present;
  for (const Tensor* t : k.arguments) present.push_back(fmt::format("a.{} != nullptr", t->name));
  if (!present.empty()) {
    CppBlock tell{
        argument_table("arguments", k.arguments, k, names),
        {CppReturn{fmt::format("freefall::runtime::check_arguments(\"{}\", arguments)", k.kernel->name)}}};
    std::string finite = all_finite(k.checked_first, k, names);
    std::vector<const Tensor*> given;
    for (const Tensor* t : k.checked_first) {
      if (!contains(k.live_state, t)) given.push_back(t);
    }
    if (given.size() != k.checked_first.size()) {
      finite = fmt::format("(a.state_is_trusted ? {} : {})", all_finite(given, k, names), finite);
    }
    if (!k.checked_first.empty()) present.push_back(finite);
    out.push_back({CppIf{fmt::format("!({})", fmt::join(present, " && ")),
                         {{return_apart(k, names, "refused", kRare, std::move(tell), apart)}}}});
  }
  if (k.prepares) out.push_back({CppAssign{"a.is_prepared[0]", "=", "0"}});  // until all is well
  if (k.needs_prepare) {
    CppBlock tell{{CppReturn{fault("not_prepared", k.kernel->name, "is_prepared", "0", "0")}}};
    out.push_back({CppIf{"!freefall::runtime::is_one(a.is_prepared[0])",
                         {{return_apart(k, names, "not_prepared", kRare, std::move(tell), apart)}}}});
  }
  for (const Tensor* t : k.live_in) {
    const auto check = [&](const char* what, const std::string& arguments) {
      CppStatement s{CppIf{fmt::format("const auto s = freefall::runtime::{}(\"{}\", {}); !s.ok()", what,
                                       k.kernel->name, arguments),
                           {{CppReturn{"s"}}}}};
      const bool trusted = k.checks_state() && contains(k.live_state, t);
      out.push_back(trusted ? CppStatement{CppIf{"!a.state_is_trusted", {{std::move(s)}}}} : std::move(s));
    };
    if (t->zero_diagonal)
      check("check_zero_diagonal",
            fmt::format("\"{0}\", a.{0}, {1}", t->name, names.sizes->extent(t->axes[0])));
    if (t->index_of != nullptr)
      check("check_indices",
            fmt::format("{}{}, {}", argument_type(used_elements(t, names).outside.size(), names),
                        argument_row(t, k, names), names.sizes->extent(t->index_of)));
  }
  if (k.is_threaded)
    out.push_back(
        {CppIf{"a.threads == 0", {{CppReturn{fault("no_threads", k.kernel->name, "threads", "0", "1")}}}}});
  if (k.memory.workspace_bytes != 0) {
    out.push_back({CppIf{
        "!freefall::runtime::is_workspace(workspace)",
        {{CppReturn{fmt::format("freefall::runtime::check_workspace(\"{0}\", workspace, {0}_workspace_bytes)",
                                k.kernel->name)}}}}});
  }
  return out;
}

CppBlock result_checks(const KernelSignature& k, const Names& names, std::vector<CppFunction>& apart) {
  if (k.written.empty()) return {{CppReturn{"{}"}}};  // nothing changes
  std::vector<const Tensor*> read_again;
  for (const Tensor* t : k.written) {
    if (!contains(k.checked_where_written, t)) read_again.push_back(t);
  }
  const std::string finite = all_finite(read_again, k, names, k.checked_where_written.empty() ? "" : kStored);
  CppBlock out{{CppIf{finite, {{CppReturn{"{}"}}}}}};
  if (k.prepares) out.push_back({CppAssign{"a.is_prepared[0]", "=", "0"}});
  CppBlock tell{
      argument_table("results", k.written, k, names),
      {CppReturn{fmt::format("freefall::runtime::check_results(\"{}\", results)", k.kernel->name)}}};
  out.push_back({return_apart(k, names, "diverged", kRare, std::move(tell), apart)});
  return out;
}

}  // namespace freefall::emit
