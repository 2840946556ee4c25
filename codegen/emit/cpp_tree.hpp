#pragma once
// A small tree of C++ statements and its printer; the only way generated bodies become text.

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace freefall::emit {

struct CppStatement;
using CppBlock = std::vector<CppStatement>;

struct CppComment {
  std::string text;
};
/// `type name = value;`, or `type name;` without one
struct CppDeclare {
  std::string type, name, value;
};
/// `left op right;` with op one of = += *=
struct CppAssign {
  std::string left, op, right;
};
/// `call;`
struct CppCall {
  std::string function;
  std::vector<std::string> arguments;
};
/// `for (std::size_t variable = first; variable < bound; variable += step)`
struct CppFor {
  std::string variable, bound;
  CppBlock body;
  bool independent = false;  ///< passes touch no common element
  std::string first = "0", step = "1";
  std::string reductions = "";  ///< clauses of variables that passes add up in any order
  bool unrolled = false;        ///< written out by the compiler of the kernel
  /// Not written out: GCC 12.2 makes wrong vectors of a loop around a short one with several conditions that
  /// it has written out (tests/fuzz/regressions/conditions_in_short_loops.model).
  bool rolled = false;
};
/// `function(arguments..., [&](parameters) { body });`; inlined: the body stands where it is called
struct CppCallWith {
  std::string function;
  std::vector<std::string> arguments;
  std::string parameters;
  CppBlock body;
  bool inlined = false;
  bool abreast = false;  ///< vectors go side by side: the function around it is scheduled for that
};
/// `before [capture](parameters) { body };`, where it is called the body stands
struct CppLambda {
  std::string before, capture, parameters;
  CppBlock body;
};
struct CppIf {
  std::string condition;
  CppBlock body;
};
struct CppReturn {
  std::string value;
};
struct CppBreak {};

struct CppStatement {
  std::variant<CppComment, CppDeclare, CppAssign, CppCall, CppCallWith, CppLambda, CppFor, CppIf, CppReturn,
               CppBreak>
      node;
};

struct CppParameter {
  std::string type, name;
};
struct CppFunction {
  std::string comment, result, name;
  std::vector<CppParameter> parameters;
  CppBlock body;
};

/// Text with two-space indentation and lines wrapped at 110 columns.
std::string print(const CppFunction& function);
std::string print(const CppBlock& block, int indent);
/// True if a call in the block has vectors side by side.
bool goes_abreast(const CppBlock& block);
/// A comment, each line behind `//`; long lines are wrapped at 110 columns and go on further in.
std::string comment(const std::string& text, int indent = 0);

}  // namespace freefall::emit
