#pragma once
// The report: one page that holds everything there is to read about a model and its kernels.

#include <optional>
#include <string>
#include <vector>

#include "codegen/plan/pipeline.hpp"
#include "codegen/report/results.hpp"

namespace freefall::report {

struct HtmlOptions {
  std::optional<Results> results;  ///< of a run
};

/// A self-contained page: no script, no font, no picture from elsewhere; light and dark by the reader's
/// choice. The compilation must have run through all passes. The same input gives the same bytes.
std::string html(const plan::Compilation& compilation, const HtmlOptions& options = {});

}  // namespace freefall::report
