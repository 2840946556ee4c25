#pragma once
// Names as template arguments: `axis<"hidden">`, `variable<"h">`.
//
// A name is part of a type, so every check on names is made by the C++ compiler and shows in its messages.

#include <cstddef>
#include <string_view>

namespace freefall {

/// A string literal as a template argument.
template <std::size_t N>
struct fixed_string {
  /// The characters and a zero.
  char text[N]{};

  constexpr fixed_string() = default;
  /// From a string literal.
  constexpr fixed_string(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  /// Without the zero at its end.
  constexpr std::string_view view() const { return {text, N - 1}; }
};

/// A name as a type: what diagnostics show.
template <fixed_string Name>
struct name {
  /// The name.
  static constexpr std::string_view text = Name.view();
};

namespace detail {

/// Names become identifiers of the generated kernels.
consteval bool is_identifier(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

consteval std::size_t count_digits(unsigned long long number) {
  std::size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

/// "hidden" and 12 -> "hidden12": the name of a member of an indexed family.
template <fixed_string Name, unsigned long long Position>
consteval auto indexed_name() {
  constexpr std::size_t stem = Name.view().size(), digits = count_digits(Position);
  fixed_string<stem + digits + 1> out;
  for (std::size_t i = 0; i < stem; ++i) out.text[i] = Name.text[i];
  unsigned long long rest = Position;
  for (std::size_t i = digits; i-- > 0; rest /= 10) out.text[stem + i] = static_cast<char>('0' + rest % 10);
  return out;
}

/// "x" and "_previous" -> "x_previous": the name of what belongs to a symbol.
template <fixed_string Name, fixed_string Suffix>
consteval auto joined_name() {
  constexpr std::size_t stem = Name.view().size(), tail = Suffix.view().size();
  fixed_string<stem + tail + 1> out;
  for (std::size_t i = 0; i < stem; ++i) out.text[i] = Name.text[i];
  for (std::size_t i = 0; i < tail; ++i) out.text[stem + i] = Suffix.text[i];
  return out;
}

/// A position known to the compiler: `1_c`, or what `layers` hands to its function.
template <class T>
concept static_position = requires { T::value + 0; } && (T::value >= 0);

}  // namespace detail
}  // namespace freefall
