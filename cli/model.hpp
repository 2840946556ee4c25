#pragma once
// MODEL on the command line: the name of a shipped model, or a file that defines freefall::program define().

#include "cli/installation.hpp"

namespace freefall::cli {

struct Model {
  std::filesystem::path source;
  const ShippedModel* shipped = nullptr;  ///< null for a file
};

/// Throws ir::ModelError listing the shipped models when the word is neither.
Model find_model(const Installation& installation, const std::string& word);

/// The generator of the model: compiled when there is none for the same text. Generators are kept in
/// $XDG_CACHE_HOME/freefall, by default ~/.cache/freefall, under a hash of the text, its folder, the command
/// and the libraries; headers of the model are checked by content. Removing the folder is safe at any time.
/// Throws ir::ModelError when the file does not compile (the compiler has said why), CannotStart without a
/// compiler, std::runtime_error when the folder cannot be written.
std::filesystem::path generator_of(const Installation& installation, const Model& model);

}  // namespace freefall::cli
