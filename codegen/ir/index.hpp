#pragma once
// Axes, indices and subscripts.
//
// An axis has a name and no size: sizes are given when a model is specialised. An index runs over one axis.
// Free indices are told apart by their number of primes (`hidden`, `hidden'`, ...); bound indices carry a
// canonical label given by the binder, so two expressions that differ only in the names of bound indices are
// the same node.

#include <compare>
#include <string>
#include <vector>

namespace freefall::ir {

struct Axis {
  std::string name;
  bool plate = false;  ///< independent copies; its size is a capacity and a call may use fewer
  /// A branch: one copy for each value of this axis, at which tables over it are read. Null for others.
  const Axis* values_of = nullptr;
};

/// The order in which elements of an axis are visited. Random: as many visits as the axis has elements, each
/// to one drawn from all (random scan); shuffled: each element once, in a random order.
enum class Order { forwards, backwards, random, shuffled };
/// "in order", "the last first", ...
std::string str(Order order);
constexpr bool is_drawn(Order order) { return order == Order::random || order == Order::shuffled; }

struct Index {
  const Axis* axis = nullptr;
  int level = 0;  ///< >= 0: free, this many primes; < 0: bound, canonical label -level

  bool is_bound() const { return level < 0; }
  friend bool operator==(const Index&, const Index&) = default;
};

/// Structural order: by axis name, free before bound, then by level. Never by address.
std::strong_ordering compare(const Index& a, const Index& b);
inline bool operator<(const Index& a, const Index& b) { return compare(a, b) < 0; }

/// An affine form over indices, `2 i + k - 1`: what stands between the brackets of an access.
struct Subscript {
  struct Term {
    Index index;
    int factor = 1;
    friend bool operator==(const Term&, const Term&) = default;
  };
  std::vector<Term> terms;  ///< sorted by index, factors not zero
  int offset = 0;

  Subscript() = default;
  Subscript(Index index) : terms{{index, 1}} {}
  explicit Subscript(int constant) : offset(constant) {}
  Subscript& add(const Subscript& other, int factor = 1);
  bool is_plain() const { return offset == 0 && terms.size() == 1 && terms[0].factor == 1; }
  const Index& plain() const { return terms[0].index; }
  friend bool operator==(const Subscript&, const Subscript&) = default;
};

std::strong_ordering compare(const Subscript& a, const Subscript& b);

/// Text of an index or subscript in the user's names: `hidden'`, `t - 1`, `i + 2 k`; bound ones as
/// `hidden#2`.
std::string str(const Index& index);
std::string str(const Subscript& subscript);

}  // namespace freefall::ir
