#pragma once
// The expression IR: an immutable, hash-consed DAG of scalar expressions with free indices.
//
// A node stands for one scalar for each value of its free indices; there are no matrices. `W x` is
// Contract({i}, W[o, i] x[i]), an expression with the free index o. Because nodes are unique, equality of
// canonical forms is pointer equality, and a sub-expression that occurs twice is one node.
//
// Construction (the make_ functions) never builds a redex: sums and products are flat, sorted by structure
// and collected; coefficients stand in sums; Kronecker deltas over a bound index are gone; factors that do
// not depend on a bound index stand outside its Contract; bound indices carry canonical labels. Products are
// not distributed over sums: the shared residual `x - W f(x)` stays one node. `expand` (expand.hpp) gives the
// distributed normal form.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "codegen/ir/functions.hpp"
#include "codegen/ir/index.hpp"
#include "codegen/ir/number.hpp"

namespace freefall::ir {

enum class Role {
  variable,
  parameter,
  input,
  constant,  ///< given and the same in all calls, so that what depends on constants alone is computed once
  state,     ///< kept by the kernels from call to call
  prepared,  ///< computed once from the constants
  output,
  temporary,
};

/// A declared array. Its axes are ordered; the order is the storage order, last axis contiguous.
struct Tensor {
  std::string name;
  std::vector<const Axis*> axes;
  Role role = Role::variable;
  bool zero_diagonal = false;  ///< two axes over one: elements on the diagonal are zero and never learned
  /// The value is an index of the one axis that is no plate, written as the indicator of that index. Under q
  /// the array holds the probabilities of the indices, which are the mean of the indicator.
  bool one_of = false;
  /// The value is an index of this axis, written as a number; the axis is none of the array's. Null for
  /// others.
  const Axis* index_of = nullptr;
  /// A temporary whose rows, along its last axis, have room behind them up to a whole number of vectors
  /// (loop/whole_vectors.hpp).
  bool padded = false;
};

enum class Op : std::uint8_t {
  Constant,  ///< value
  Extent,    ///< number of values of an axis (for a plate: of the copies in use)
  Access,    ///< element of a tensor; the only node with ordered indices
  Delta,     ///< 1 where two subscripts are equal, else 0
  Range,     ///< 1 where a subscript lies inside an axis, else 0
  Position,  ///< the value of a subscript as a number
  Sum,       ///< value + sum of weights[i] * args[i]
  Product,   ///< product of args[i] ^ weights[i], integer exponents
  Contract,  ///< sum over bound indices
  Reduce,    ///< max, log-sum-exp, softmax over bound indices, kept whole for stability
  Map,       ///< pointwise function of a table
  Select,    ///< args[0] > 0 ? args[1] : args[2]
  Gather,    ///< element of a tensor at integer-valued expressions (args, one an axis)
  Freeze,    ///< args[0] at a named point of the schedule
  Draw,      ///< counter-based uniform draw in (0, 1); `name` keys the stream, subscripts give the element
  Inverse,   ///< element of the inverse of a symmetric positive definite matrix
  LogDet,    ///< log-determinant of a symmetric positive definite matrix
};
const char* name(Op op);

enum class Reducer : std::uint8_t { max, log_sum_exp, softmax };
const char* name(Reducer reducer);

/// Where an expression came from; carried through every rewrite, never part of identity.
struct Origin {
  std::string factor;  ///< the factor or statement in the user's words
  std::string file;
  unsigned line = 0;
};

struct Node;
class Context;

/// A handle on a node; cheap to copy, compares by identity.
class Expr {
 public:
  Expr() = default;
  explicit Expr(const Node* node) : node_(node) {}
  const Node* operator->() const { return node_; }
  const Node& operator*() const { return *node_; }
  const Node* get() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }
  friend bool operator==(const Expr&, const Expr&) = default;

 private:
  const Node* node_ = nullptr;
};

struct Node {
  Op op = Op::Constant;
  Function function{};             ///< Map
  Reducer reducer{};               ///< Reduce
  Number value;                    ///< Constant, Sum
  const Tensor* tensor = nullptr;  ///< Access, Gather
  const Axis* axis = nullptr;      ///< Extent, Range
  std::string name;                ///< Freeze, Draw
  std::vector<Subscript>
      subscripts;  ///< Access, Delta (2), Range (1), Position (1), Draw, Inverse (2), Reduce softmax (1)
  std::vector<Index> bound;  ///< Contract, Reduce, Inverse (2), LogDet (2)
  std::vector<Expr> args;
  std::vector<Number> weights;  ///< Sum: coefficients; Product: exponents

  // Derived on construction.
  std::vector<Index> free;  ///< sorted
  int binding_height = 0;   ///< largest bound label inside
  std::uint64_t hash = 0;
  Context* context = nullptr;
  mutable Origin origin;

  bool is_constant(int number) const { return op == Op::Constant && value == Number(number); }
  bool depends_on(const Index& index) const;
};

/// A total order by structure (kinds, names, numbers), the same in every run.
std::strong_ordering compare(Expr a, Expr b);

/// Owns axes, tensors and nodes of one program. Not thread-safe.
class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The axis of this name; made on first use.
  const Axis* axis(std::string_view name, bool plate = false, const Axis* values_of = nullptr);
  /// The copies in a slice of a plate, for the lanes of a vector; not among the axes a model declares.
  const Axis* lane_axis(const Axis* plate);
  const Axis* find_axis(std::string_view name) const;
  /// Throws std::invalid_argument when the name is taken by a tensor with other axes or role.
  const Tensor* tensor(std::string_view name, std::vector<const Axis*> axes, Role role,
                       bool zero_diagonal = false, bool one_of = false, const Axis* index_of = nullptr);
  const Tensor* find_tensor(std::string_view name) const;
  /// A temporary of this name, with a number behind it where others have the name.
  const Tensor* temporary(const std::string& name, std::vector<const Axis*> axes);
  /// One for a copy of the tensor with padded rows.
  const Tensor* padded_temporary(const std::string& name, const Tensor* of);
  const std::deque<Axis>& axes() const { return axes_; }
  const std::deque<Tensor>& tensors() const { return tensors_; }

  /// The unique node equal to the given one. Only make_ functions call this.
  Expr intern(Node&& node);
  std::size_t size() const { return nodes_.size(); }

  /// What new nodes record as their origin.
  Origin origin;

 private:
  struct Hash {
    std::size_t operator()(const Node* n) const { return n->hash; }
  };
  struct Equal {
    bool operator()(const Node* a, const Node* b) const;
  };
  std::string unused_name(const std::string& name) const;

  std::deque<Axis> axes_, lane_axes_;
  std::unordered_map<const Axis*, const Axis*> lanes_;  // of plates; looked up only
  std::deque<Tensor> tensors_;
  std::deque<Node> nodes_;
  std::unordered_set<const Node*, Hash, Equal> unique_;
};

// ---- construction
// -------------------------------------------------------------------------------------------------

Expr make_constant(Context& context, const Number& value);
Expr make_extent(Context& context, const Axis* axis);
/// One subscript an axis; throws std::invalid_argument naming the tensor otherwise.
Expr make_access(Context& context, const Tensor* tensor, std::vector<Subscript> subscripts);
Expr make_delta(Context& context, Subscript a, Subscript b);
Expr make_range(Context& context, const Axis* axis, Subscript subscript);
Expr make_position(Context& context, Subscript subscript);
Expr make_sum(Context& context, const std::vector<Expr>& args, const std::vector<Number>& weights = {},
              const Number& constant = 0);
Expr make_product(Context& context, const std::vector<Expr>& args, const std::vector<Number>& exponents = {});
/// Sum of body over the given indices (free in the body, or not occurring: then times their extent).
Expr make_contract(const std::vector<Index>& bound, Expr body);
Expr make_reduce(Reducer reducer, const std::vector<Index>& bound, Expr body);
/// softmax over `index` of body, read at `at` (a subscript on the same axis).
Expr make_softmax(Index index, Expr body, Subscript at);
Expr make_map(Function function, std::vector<Expr> args);
Expr make_pi(Context& context);
Expr make_select(Expr condition, Expr positive, Expr otherwise);
Expr make_gather(Context& context, const Tensor* tensor, std::vector<Expr> indices);
Expr make_freeze(Expr body, std::string_view point);
Expr make_draw(Context& context, std::string_view stream, std::vector<Subscript> subscripts);
/// Element [row, column] of the inverse of the matrix body[first, second].
Expr make_inverse(Index first, Index second, Expr body, Subscript row, Subscript column);
Expr make_log_det(Index first, Index second, Expr body);

/// The element with one free index an axis: level 0, and primes for an axis that occurs again.
Expr element(Context& context, const Tensor* tensor);
/// The indices `element` uses, in axis order.
std::vector<Index> canonical_indices(const Tensor* tensor);

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator-(Expr a);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator*(const Number& a, Expr b);
Expr operator+(Expr a, const Number& b);
Expr power(Expr base, int exponent);

// ---- rewriting
// ----------------------------------------------------------------------------------------------------

using Substitution = std::vector<std::pair<Index, Subscript>>;
/// Replaces indices simultaneously; bound indices never capture. Memoised, iterative.
Expr substitute(Expr e, const Substitution& substitution);
Subscript substitute(const Subscript& s, const Substitution& substitution);

/// The same node over other arguments, rebuilt through its make_ function. Binders rebind their own labels.
Expr rebuild(Expr e, const std::vector<Expr>& args);

/// Every node below and including the roots, arguments before users, in an order fixed by structure.
std::vector<Expr> topological(const std::vector<Expr>& roots);

/// Applies `rewrite` bottom-up: each node is rebuilt over rewritten arguments, then offered to the function.
template <class F>
Expr transform(Expr root, F&& rewrite) {
  std::unordered_map<const Node*, Expr> done;
  for (const Expr e : topological({root})) {
    std::vector<Expr> args;
    args.reserve(e->args.size());
    bool changed = false;
    for (const Expr a : e->args) {
      args.push_back(done.at(a.get()));
      changed |= !(args.back() == a);
    }
    done[e.get()] = rewrite(changed ? rebuild(e, args) : e);
  }
  return done.at(root.get());
}

/// Replaces whole expressions by others (arguments first).
Expr replace(Expr root, const std::vector<std::pair<Expr, Expr>>& table);

/// Tensors read anywhere below, in declaration order of first use.
std::vector<const Tensor*> tensors_of(Expr e);

}  // namespace freefall::ir
