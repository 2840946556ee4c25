#pragma once
// LaTeX as this compiler writes it (latex.hpp, functions.def) as presentation MathML.

#include <string>
#include <string_view>

namespace freefall::report {

/// The children of a <math> element. Knows the commands of the table in mathml.cpp; throws std::logic_error
/// naming any other.
std::string mathml(std::string_view latex);

/// A complete <math> element; `display` puts limits below sums.
std::string math_element(std::string_view latex, bool display = true);

}  // namespace freefall::report
