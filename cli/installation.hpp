#pragma once
// What `freefall` finds beside itself, in a build tree or installed: how a specification is compiled, and the
// shipped models. CMake writes it as freefall.json (cli/CMakeLists.txt); relative paths are relative to that
// file.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace freefall::cli {

struct ShippedModel {
  std::filesystem::path source;                       ///< model.cpp
  std::vector<std::filesystem::path> specifications;  ///< model.cpp, its variants and printed.cpp
  std::vector<std::string> axes;                      ///< "axis=size", used where the command line gives none
  std::string scalar;                                 ///< float or double
  std::filesystem::path experiment;                   ///< empty: there is none
  std::vector<std::string> arguments;                 ///< of the experiment, in front of those of the user
};

struct Installation {
  std::string compiler;  ///< that freefall was built with; CXX of the environment wins
  std::vector<std::string> flags, libraries;
  std::vector<std::filesystem::path> includes;
  std::filesystem::path package;  ///< folder of freefall-config.cmake
  std::filesystem::path project;  ///< folder of the files of `freefall new`
  std::filesystem::path bench;    ///< folder of time_kernels.hpp
  std::map<std::string, ShippedModel> models;
};

/// Throws std::runtime_error naming the file that is missing or damaged.
Installation find_installation();

}  // namespace freefall::cli
