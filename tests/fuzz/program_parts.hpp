#pragma once
// What all kinds of random programs share: axes, arrays, expressions, how one array drives another, descents.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "tests/fuzz/model_text.hpp"
#include "tests/fuzz/random_text.hpp"

namespace freefall::fuzz {

using Names = std::vector<std::string>;

inline bool contains(const Names& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

inline Line line(Names words, std::string expression = {}, std::vector<Line> children = {}) {
  return {std::move(words), std::move(expression), std::move(children)};
}

inline std::string indexed(const std::string& array, const Names& indices) {
  return indices.empty() ? array : fmt::format("{}[{}]", array, fmt::join(indices, ", "));
}

inline std::string sum_over(const Names& indices, const std::string& body) {
  return indices.empty() ? body : fmt::format("sum{{{}}}({})", fmt::join(indices, ", "), body);
}

class ProgramParts {
 public:
  /// Chooses axes, and whether there are constants.
  explicit ProgramParts(std::uint64_t seed);

  /// Of `count` kinds, by number.
  std::size_t choose_kind(std::size_t count) { return random_.below(count); }
  /// The program so far.
  std::vector<Line> lines();

 protected:
  struct Variable : Array {
    bool latent = false, drawn = false;
    std::string model = "m";
    std::string family = "delta";
    bool one_of = false;
    bool has_mean = true;  // a density by its energy has none that is known
  };

  // ---- axes and arrays ----

  void choose_axes();
  std::string add_axis(const std::string& name, std::size_t largest);
  Array declare(const std::string& role, const std::string& name, Names axes, const std::string& values = {});
  // A weight over these axes: a new parameter, one that is already used elsewhere, or an input.
  std::string weight(const Names& axes, const std::string& values = {});
  Names some_axes(std::size_t most);
  bool is_plate(const std::string& axis) const { return contains(plates_, axis); }
  Names without_plates(const Names& axes) const;

  // ---- expressions ----

  // The influence of x on an array over `target`: what they share stands or is mixed, the rest is summed with
  // a weight, and axes that are new come with the weight.
  std::string drive(const Array& x, const Names& target);
  // `a`, a neighbour of it, or a window around it.
  std::string shifted(const std::string& a, Names& binders, Names& weight_axes, Names& weight_indices);
  // A scalar or an array of constants, now and then one of the rarer nodes.
  std::string bias(const Names& target);
  std::string special_scalar();
  // What the density of an array over `target` reads: the influence of its parents, in random places.
  std::string drives(const std::vector<Array>& parents, const Names& target);
  std::vector<Line> spread(const std::vector<Array>& parents, const Names& target);
  // A matrix over `a`, now and then one for each value of another axis.
  Line full(const std::string& word, const std::string& a, const Names& own);

  // ---- descents and kernels ----

  std::string per_copy(std::string functional);
  std::string penalty();
  // The descents that take any target and need a rate alone.
  static const Names& methods();
  Line descend(const std::string& functional, const Names& targets, std::string method = {});
  std::string rate();
  // Targets in one statement or several, at once, in order or children first.
  std::vector<Line> settle(const std::string& functional, const Names& targets,
                           const std::string& method = "euler");
  Line scan(const std::string& axis, std::vector<Line> body);
  Line loop(std::vector<Line> body);
  void kernel(const std::string& name, std::vector<Line> body);
  static std::vector<Line> joined(std::vector<Line> a, const std::vector<Line>& b);
  Line evaluate(const std::string& name, const Names& axes, const std::string& value);

  RandomText random_;
  std::uint64_t seed_;
  std::vector<Line> axes_, arrays_, models_, kernels_;
  Names plates_, pool_;
  std::map<std::string, Names> weights_;
  std::vector<Array> parameters_;
  std::size_t weight_count_ = 0;
  bool rate_ = false;
  bool constants_ = false;  // some of what is given stays the same from call to call
};

}  // namespace freefall::fuzz
