#pragma once
// A program as text: what the fuzzer makes, shrinks and prints.
//
// Lines with two spaces of indentation for each level. A line is some words and, after " = ", an expression
// in the notation of codegen/ir/print.hpp. Shrinking (minimise.hpp) knows lines, numbers and expressions
// alone; the words stand in one table in model_text.cpp.
//
//   seed 7                                    of the values
//   axis unit 3
//   plate batch 4 2                           capacity, copies in use
//   variable x batch unit                     also one_of, index_of, parameter, input, constant; after ':'
//   what its values parameter P unit unit : definite          are: positive, definite, probabilities,
//   outcomes, zero_diagonal model m                                   or `conditionals m`
//     x normal
//       mean = 0
//       precision = P[unit, unit']
//   family q
//     x delta
//   functional F free_energy m q
//   kernel infer
//     forward m q
//     repeat 3
//       descend euler x
//         of = F
//         rate = 1/20
//   omit x                                    the kernels do not give it out
//   trust W                                   the kernels do not check it before they begin
//   reference infer x = x[batch, unit]        what is to be proven; or `refuted`, what is not

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/ir/program.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::fuzz {

struct Line {
  std::vector<std::string> words;
  std::string expression;  ///< empty where there is none
  std::vector<Line> children;

  const std::string& word(std::size_t position) const;  ///< Throws Malformed where it is missing.
  friend bool operator==(const Line&, const Line&) = default;
};

/// Text that is no program: a word that is unknown or missing, an expression that does not parse. A wrong
/// specification of a program that is one (ir::ModelError) is another thing.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::vector<Line> parse_lines(std::string_view text);
std::string print_lines(const std::vector<Line>& lines);
/// Number of characters that are no space: what shrinking makes smaller.
std::size_t weight(const std::vector<Line>& lines);

/// A program with sizes and values, ready to compile and run.
struct Subject {
  ir::Program program;
  plan::Specialisation sizes;                              ///< capacities
  std::map<std::string, std::size_t> copies;               ///< in use, of each plate
  std::map<std::string, std::vector<long double>> values;  ///< of declared arrays, over capacities
};

/// Elements of copies that are not in use are NaN: nothing may depend on them. Values are representable in
/// float. Throws Malformed or ir::ModelError.
Subject build(const std::vector<Line>& lines);

/// The expression of a line, in a context in which everything the program declares is declared.
ir::Expr parse_expression(const Subject& subject, const std::string& text);

}  // namespace freefall::fuzz
