#include "freefall/runtime/error.hpp"

#include <string_view>

#include "freefall/runtime/dispatch.hpp"

namespace freefall::runtime {
namespace {

std::string number(std::size_t n) { return std::to_string(n); }

// " (batch 3, hidden 49)", or "" when the table does not list the tensor or the element is not one of its
// own.
std::string by_axis(const status& s, std::span<const tensor_info> tensors) {
  for (const tensor_info& info : tensors) {
    if (std::string_view(info.name) != s.tensor || info.rank == 0 || s.element >= size(info)) continue;
    std::string text;
    std::size_t rest = s.element;
    for (std::size_t axis = info.rank; axis-- > 0; rest /= info.extents[axis])
      text = (axis > 0 ? ", " : " (") + std::string(info.axes[axis]) + " " +
             number(rest % info.extents[axis]) + text;
    return text + ")";
  }
  return {};
}

// "baseline, avx2 or avx512": the first `count` instruction sets.
std::string sets(std::size_t count, const std::string& last) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += (i == 0 ? "" : i + 1 == count ? " " + last + " " : ", ") + std::string(portable_sets.at(i));
  return text;
}

// The part after "Kernel 'k': 't'".
std::string predicate(const status& s, std::span<const tensor_info> tensors) {
  switch (s.what) {
    case fault::none: return {};
    case fault::null_argument:
      return " is a null pointer; expected the address of " + number(s.expected) +
             " elements. Set this argument before the call.";
    case fault::misaligned_argument:
      return " lies " + number(s.found) + " bytes past a boundary of " + number(s.expected) +
             " bytes; expected an address divisible by " + number(s.expected) +
             ". Allocate it with freefall::runtime::aligned_buffer.";
    case fault::copies_out_of_range:
      return " was given " + number(s.found) + " copies; expected 1 to " + number(s.expected) +
             ". Call the kernel in blocks of at most " + number(s.expected) +
             " copies, or compile it for a larger plate.";
    case fault::not_finite:
      return " is not finite at element " + number(s.element) + by_axis(s, tensors) +
             "; expected finite values. Look for NaN or infinity in the inputs and parameters, or lower the "
             "rate.";
    case fault::diverged:
      return " diverged: element " + number(s.element) + by_axis(s, tensors) +
             " is not finite. Lower the rate, or start closer to the solution. A precision that is zero, as "
             "in a new "
             "instance, does this too.";
    case fault::not_positive_definite:
      return " is not positive definite; expected a symmetric positive definite matrix. Check what it is "
             "estimated "
             "from, or add "
             "a small positive number to its diagonal.";
    case fault::not_an_index:
      return " is no index at element " + number(s.element) + by_axis(s, tensors) +
             "; expected a whole number from 0 to " + number(s.expected - 1) + ". Outcomes count from 0.";
    case fault::diagonal_not_zero:
      return " is not zero at element " + number(s.element) + by_axis(s, tensors) +
             " of its diagonal; it was declared with no_diagonal. Set the diagonal to zero before the call.";
    case fault::no_threads:
      return " is 0; expected at least 1. Set how many threads share the work of a call.";
    case fault::not_prepared:
      return " is not 1: the constants are not prepared. Set them and call prepare() before the other "
             "kernels, "
             "and again whenever they change.";
    case fault::unknown_instruction_set:
      return " is '" + std::string(asked_set()) + "'; expected " + sets(portable_sets.size(), "or") +
             ". Give the environment variable one of these, or unset it and the largest that the processor "
             "has "
             "is taken.";
    case fault::missing_instruction_set:
      return " is '" + std::string(portable_sets.at(s.found)) + "', which this processor lacks; it has " +
             sets(s.expected + 1, "and") +
             ". Give the environment variable one of these, or unset it and the largest is taken.";
  }
  return " returned the unknown fault " + std::to_string(static_cast<int>(s.what)) +
         "; expected one of freefall::runtime::fault. Build the kernel and the runtime from the same "
         "version.";
}

}  // namespace

std::string describe(const status& s, std::span<const tensor_info> tensors) {
  if (s.ok()) return {};
  return "Kernel '" + std::string(s.kernel) + "': '" + s.tensor + "'" + predicate(s, tensors);
}

kernel_error::kernel_error(const status& s, std::span<const tensor_info> tensors)
    : std::runtime_error(describe(s, tensors)), reason_(s) {}

void throw_kernel_error(const status& s, std::span<const tensor_info> tensors) {
  throw kernel_error(s, tensors);
}

data_error::data_error(const std::filesystem::path& file, const std::string& message)
    : std::runtime_error(file.string() + ": " + message) {}

}  // namespace freefall::runtime
