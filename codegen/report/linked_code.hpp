#pragma once
// The emitted kernels cut into lines that know which equation of the schedule they compute.

#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"

namespace freefall::report {

/// An assignment of a planned kernel; Loop and Sweep open a block.
struct ScheduleLine {
  int depth = 0;
  std::string text;   ///< a heading such as "20 times:", or the label of the equation
  std::string latex;  ///< of the assignment; empty for a heading
};

struct CodeLine {
  std::string text;
  int equation = -1;  ///< position in KernelPage::schedule; -1: none
};

struct KernelPage {
  std::string name;
  std::vector<ScheduleLine> schedule;
  std::vector<CodeLine> code;  ///< functions of the operations, then the kernel itself
};

/// In the order of the program. The statements of an emitted kernel stand below a comment that is the label
/// of their equation; that is what links them.
std::vector<KernelPage> kernel_pages(const plan::Compilation& compilation);

}  // namespace freefall::report
