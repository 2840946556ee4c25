#include "tests/fuzz/kernels.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <freefall/runtime/status.hpp>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "codegen/emit/emit_library.hpp"
#include "codegen/emit/kernel_signature.hpp"
#include "tests/fuzz/isolate.hpp"
#include "tests/fuzz/random_text.hpp"

namespace freefall::fuzz {
namespace {

using namespace ir;
using Real = long double;

// A value of condition c that takes a hundred roundings is known to 100 c epsilon.
struct Precision {
  Real tolerance, largest_condition;
};
Precision precision_of(plan::Scalar scalar) {
  return scalar == plan::Scalar::float64 ? Precision{1e-10L, 1e4L} : Precision{1e-3L, 1e2L};
}

// One program, emitted.
struct Emitted {
  Subject subject;
  plan::Compilation derived;  // whose schedules say what kernels mean
  std::vector<emit::KernelSignature> kernels;
  std::vector<const Tensor*> arrays;
  plan::Compilation compilation;
  std::string source;
};

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// extern "C" int <name>_call(kernel, arrays, copies by plate, workspace): what the kernel returned.
std::string entry(const Emitted& e) {
  const std::string& name = e.subject.sizes.name;
  std::string out = fmt::format(
      "extern \"C\" int {0}_call(int kernel, void* const* data, const std::size_t* copies, void* workspace) "
      "{{\n"
      "  {0}::arrays a;\n  (void)data; (void)copies;\n",
      name);
  std::vector<const Axis*> plates;
  for (const auto& k : e.kernels) {
    for (const Axis* p : k.plates) {
      if (std::find(plates.begin(), plates.end(), p) == plates.end()) plates.push_back(p);
    }
  }
  std::size_t number = 0;
  for (const auto& [plate, used] : e.subject.copies) {
    if (std::any_of(plates.begin(), plates.end(), [&](const Axis* p) { return p->name == plate; }))
      out += fmt::format("  a.{}_copies = copies[{}];\n", plate, number);
    ++number;
  }
  if (std::any_of(e.kernels.begin(), e.kernels.end(), [](const auto& k) { return k.steps != 0; }))
    out += fmt::format("  a.draw_seed = {};\n", test::kDrawSeed);
  for (std::size_t i = 0; i < e.arrays.size(); ++i)
    out += fmt::format("  a.{} = static_cast<{}::scalar*>(data[{}]);\n", e.arrays[i]->name, name, i);
  out += "  switch (kernel) {\n";
  for (std::size_t k = 0; k < e.kernels.size(); ++k)
    out += fmt::format("    case {}: return static_cast<int>({}::{}(a, workspace).what);\n", k, name,
                       e.kernels[k].kernel->name);
  return out + "    default: return -1;\n  }\n}\n";
}

std::unique_ptr<Emitted> emit_program(const std::vector<Line>& lines, const std::string& name) {
  auto out = std::make_unique<Emitted>();
  out->subject = build(lines);
  out->subject.sizes.name = name;
  out->derived = derive_only(out->subject);
  out->compilation = plan::compile(out->subject.program, out->subject.sizes);
  for (const loop::Kernel& k : out->compilation.kernels)
    out->kernels.push_back(emit::signature(k, out->compilation));
  out->arrays = emit::library_arrays(out->kernels, *out->subject.program.context);
  const auto files = emit::emit_library(out->compilation);
  for (const auto& file : files) {
    if (!file.name.ends_with("_views.hpp")) out->source += file.text;
  }
  out->source += entry(*out);
  replace_all(out->source, "#pragma once\n", "");
  replace_all(out->source, fmt::format("#include \"{}.hpp\"\n", name), "");
  return out;
}

// An array with a border of a number that no kernel computes.
template <class Scalar>
class Bordered {
 public:
  explicit Bordered(const std::vector<Real>& values) : elements_(values.size() + 2 * kBorder, kMark) {
    for (std::size_t i = 0; i < values.size(); ++i) elements_[kBorder + i] = static_cast<Scalar>(values[i]);
  }
  Scalar* data() { return elements_.data() + kBorder; }
  const Scalar* data() const { return elements_.data() + kBorder; }
  std::size_t size() const { return elements_.size() - 2 * kBorder; }
  std::vector<Real> values() const { return {elements_.begin() + kBorder, elements_.end() - kBorder}; }
  bool intact() const {
    return std::all_of(elements_.begin(), elements_.begin() + kBorder, [](Scalar x) { return x == kMark; }) &&
           std::all_of(elements_.end() - kBorder, elements_.end(), [](Scalar x) { return x == kMark; });
  }

 private:
  static constexpr std::ptrdiff_t kBorder = 64;
  static constexpr Scalar kMark = Scalar(-12345.5);
  std::vector<Scalar> elements_;
};

using Call = int (*)(int, void* const*, const std::size_t*, void*);

// A call of one kernel on arrays of its own, after `prepare` where it needs that.
template <class Scalar>
struct KernelRun {
  std::vector<Bordered<Scalar>> arrays;  // in the order of the library

  explicit KernelRun(const Emitted& e) {
    for (const Tensor* t : e.arrays)
      arrays.emplace_back(test::initial<Real>(*t, e.subject.values, e.subject.sizes));
  }

  runtime::fault call(const Emitted& e, std::size_t kernel, Call entry) {
    const emit::KernelSignature& signature = e.kernels[kernel];
    const std::string& name = signature.kernel->name;
    std::vector<void*> data;
    for (auto& a : arrays) data.push_back(a.data());
    std::vector<std::size_t> copies;
    for (const auto& [plate, used] : e.subject.copies) copies.push_back(used);
    const auto prepare =
        std::find_if(e.kernels.begin(), e.kernels.end(), [](const auto& k) { return k.prepares; });
    std::size_t used = signature.memory.workspace_bytes;
    if (signature.needs_prepare) used = std::max(used, prepare->memory.workspace_bytes);
    const std::size_t bytes = (used + 64) / 64 * 64 + 64;
    std::unique_ptr<unsigned char, void (*)(void*)> workspace(
        static_cast<unsigned char*>(std::aligned_alloc(64, bytes)), std::free);
    std::memset(workspace.get(), 0xcd, bytes);  // needs no preparation
    const auto run = [&](std::size_t which) {
      return static_cast<runtime::fault>(
          entry(static_cast<int>(which), data.data(), copies.data(), workspace.get()));
    };
    auto what = runtime::fault::none;
    if (signature.needs_prepare) what = run(static_cast<std::size_t>(prepare - e.kernels.begin()));
    if (what == runtime::fault::none) what = run(kernel);
    for (std::size_t b = used; b < bytes; ++b) {
      if (workspace.get()[b] != 0xcd) throw std::runtime_error(name + " writes behind its workspace");
    }
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      if (!arrays[i].intact())
        throw std::runtime_error(fmt::format("{} writes outside '{}'", name, e.arrays[i]->name));
    }
    return what;
  }
};

template <class Scalar>
void run_kernel(const Emitted& e, std::size_t kernel, Call call, Outcome& out) {
  const emit::KernelSignature& signature = e.kernels[kernel];
  const std::string& name = signature.kernel->name;
  const Precision precision = precision_of(e.subject.sizes.scalar);
  std::optional<test::Arrays<Real>> expected;
  const auto procedure = std::find_if(e.derived.planned.begin(), e.derived.planned.end(),
                                      [&](const auto& p) { return p.name == name; });
  try {
    expected = test::run_steps<Real>(procedure->steps, *e.subject.program.context, e.subject.values,
                                     e.subject.sizes, e.subject.copies);
  } catch (const std::domain_error&) {  // not positive definite
  }
  KernelRun<Scalar> run(e);
  const auto& arrays = run.arrays;
  const auto what = run.call(e, kernel, call);
  if (!expected) {
    ++out.ill_conditioned;
    return;
  }
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const Tensor* t = e.arrays[i];
    const bool argument =
        std::find(signature.arguments.begin(), signature.arguments.end(), t) != signature.arguments.end();
    if (!argument || t->role == Role::prepared) continue;  // the interpreter of the schedule prepares nothing
    ++out.compared;
    const Real distance = what == runtime::fault::none
                              ? test::distance(arrays[i].values(), expected->at(t->name))
                              : std::numeric_limits<Real>::infinity();
    if (distance <= precision.tolerance) continue;
    const Real measured = condition(e.subject, e.derived, name, t->name);
    if (!(measured <= precision.largest_condition)) {
      ++out.ill_conditioned;
      if (what != runtime::fault::none) return;
      continue;
    }
    if (what != runtime::fault::none && i + 1 < arrays.size()) continue;  // another array may be the reason
    throw std::runtime_error(
        what == runtime::fault::none
            ? fmt::format("'{}' after {} is off by {:.3g} of its size; its condition is {:.3g}", t->name,
                          name, static_cast<double>(distance), static_cast<double>(measured))
            : fmt::format("{} returns fault {} where every array has a value", name, static_cast<int>(what)));
  }
}

// An element in use, chosen by chance.
std::size_t any_element(const Tensor* t, const Subject& subject, RandomText& random) {
  std::size_t at = 0;
  for (const Axis* a : t->axes) {
    const auto used = subject.copies.find(a->name);
    at = at * subject.sizes.extent(a) +
         random.below(used != subject.copies.end() ? used->second : subject.sizes.extent(a));
  }
  return at;
}

// A NaN in an array that the kernel trusts is reported, or changes no other number.
template <class Scalar>
void run_on_nan(const Emitted& e, std::size_t kernel, Call call, Outcome& out) {
  const emit::KernelSignature& signature = e.kernels[kernel];
  if (signature.trusted.empty()) return;
  KernelRun<Scalar> usual(e);
  if (usual.call(e, kernel, call) != runtime::fault::none) return;
  RandomText random(kernel);
  for (std::size_t i = 0; i < e.arrays.size(); ++i) {
    const Tensor* t = e.arrays[i];
    if (std::find(signature.trusted.begin(), signature.trusted.end(), t) == signature.trusted.end()) continue;
    for (int n = 0; n < 4; ++n) {
      const std::size_t at = any_element(t, e.subject, random);
      KernelRun<Scalar> run(e);
      run.arrays[i].data()[at] = std::numeric_limits<Scalar>::quiet_NaN();
      ++out.nan_runs;
      if (run.call(e, kernel, call) != runtime::fault::none) continue;
      for (std::size_t k = 0; k < e.arrays.size(); ++k) {
        for (std::size_t j = 0; j < run.arrays[k].size(); ++j) {
          const Scalar found = run.arrays[k].data()[j], expected = usual.arrays[k].data()[j];
          if ((k == i && j == at) || std::memcmp(&found, &expected, sizeof found) == 0) continue;
          throw std::runtime_error(
              fmt::format("{} trusts '{}'; a NaN at its element {} is not reported and makes element {} of "
                          "'{}' {} in place of {}",
                          signature.kernel->name, t->name, at, j, e.arrays[k]->name,
                          static_cast<double>(found), static_cast<double>(expected)));
        }
      }
    }
  }
}

Outcome run_program(const Emitted& e, void* library) {
  Outcome out;
  const auto call = reinterpret_cast<Call>(dlsym(library, (e.subject.sizes.name + "_call").c_str()));
  if (call == nullptr) return Outcome::failure("kernel", "the library has no entry");
  try {
    for (std::size_t k = 0; k < e.kernels.size(); ++k) {
      if (e.kernels[k].prepares) continue;  // runs before the others
      const bool is_double = e.subject.sizes.scalar == plan::Scalar::float64;
      is_double ? run_kernel<double>(e, k, call, out) : run_kernel<float>(e, k, call, out);
      is_double ? run_on_nan<double>(e, k, call, out) : run_on_nan<float>(e, k, call, out);
    }
  } catch (const std::runtime_error& error) {
    return Outcome::failure("kernel", error.what());
  }
  return out;
}

std::string first_lines(const std::filesystem::path& file, std::size_t count) {
  std::ifstream in(file);
  std::string out, row;
  for (std::size_t n = 0; n < count && std::getline(in, row); ++n) out += row + "\n";
  return out;
}

// The shared library, or what the compiler said.
std::optional<std::string> compile(const std::string& source, const std::filesystem::path& stem,
                                   const Compiler& compiler) {
  const std::string path = stem.string();
  std::ofstream(path + ".cpp") << source;
  const std::string command =
      fmt::format("{} -shared -fPIC -o {}.so {}.cpp 2> {}.log", compiler.command, path, path, path);
  return std::system(command.c_str()) == 0 ? std::nullopt : std::optional(first_lines(path + ".log", 12));
}

}  // namespace

std::vector<Outcome> check_kernels(const std::vector<std::vector<Line>>& programs, const Compiler& compiler) {
  std::vector<Outcome> out(programs.size());
  std::vector<std::unique_ptr<Emitted>> emitted;
  std::string source;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    emitted.push_back(emit_program(programs[i], fmt::format("fuzz_{}", i)));
    out[i].too_long = emitted.back()->source.size() > kLongest;
    if (!out[i].too_long) source += emitted.back()->source;
  }
  std::filesystem::create_directories(compiler.folder);
  // A name of its own for each library: one that stays loaded would be found again.
  static std::size_t number = 0;
  const std::filesystem::path stem = compiler.folder / fmt::format("kernels_{}", ++number);
  if (const auto message = compile(source, stem, compiler)) {
    if (programs.size() == 1) return {Outcome::failure("compile", *message)};
    for (std::size_t i = 0; i < programs.size(); ++i) {
      if (!out[i].too_long) out[i] = check_kernels({programs[i]}, compiler)[0];
    }
    return out;
  }
  void* library = dlopen((stem.string() + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  for (std::size_t i = 0; i < programs.size(); ++i) {
    if (!out[i].too_long) out[i] = isolated([&] { return run_program(*emitted[i], library); });
  }
  dlclose(library);
  std::filesystem::remove(stem.string() + ".so");
  return out;
}

}  // namespace freefall::fuzz
