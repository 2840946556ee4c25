#pragma once
// Loop IR: loop nests and library calls over named arrays, one level above C++.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "codegen/calculus/schedule.hpp"
#include "codegen/plan/specialisation.hpp"

namespace freefall::loop {

/// target[subscripts] (=, +=, max=) value, for each element of the enclosing nest; value is pointwise.
struct Store {
  enum class Mode { set, add, maximum };
  const ir::Tensor* target = nullptr;
  std::vector<ir::Subscript> subscripts;
  Mode mode = Mode::set;
  ir::Expr value;
  std::string label;  ///< the equation computed
};

/// Stores run in order for each element; loops are given outermost first.
struct Nest {
  std::vector<ir::Index> loops;
  std::vector<Store> stores;
};

/// c[m, n] (= or +=) sum over k of a[m, k] b[k, n], once for each element of the outer loops. Each operand is
/// an access whose subscripts are indices of m, n, k or outer; an absent index means extent 1.
///
/// The epilogue is run for each element [m, n] once its sum is complete, in any order of the elements: none
/// of its stores touches what another element or the product itself reads. Where c is read by it alone, c is
/// not stored.
struct Gemm {
  std::vector<ir::Index> outer;
  std::optional<ir::Index> m, n, k;
  ir::Expr a, b, c;
  bool accumulate = false;
  std::string label;
  std::vector<Store> epilogue = {};
  bool stores_c = true;
};

/// Inverse or log-determinant of a symmetric positive definite matrix, once for each element of the outer
/// loops.
struct MatrixFunction {
  enum class Kind { inverse, log_det };
  Kind kind = Kind::inverse;
  std::vector<ir::Index> outer;
  ir::Expr matrix;                     ///< symmetric access; free `row` and `column` are its last subscripts
  const ir::Tensor* source = nullptr;  ///< what the matrix is computed from, for messages
  ir::Index row, column;
  const ir::Tensor* result = nullptr;
  ir::Expr result_access;  ///< inverse: read at row, column; log_det: neither
  std::string label;
};

/// Uniform draws in (0, 1): element k of the result (row-major over capacities) is number step * size + k of
/// the stream, where the step counts the passes of the loops around from the caller's step on. Positions and
/// permutation: the elements a random or shuffled scan visits, made of those draws.
struct Draws {
  enum class Kind { uniform, positions, permutation };
  const ir::Tensor* result = nullptr;
  std::string stream;
  std::string label;
  Kind kind = Kind::uniform;
};

/// The indices of the elements of a product, without those of the outer loops.
std::vector<ir::Index> element_indices(const Gemm& gemm);
/// Those of the outer loops, then these.
std::vector<ir::Index> all_indices(const Gemm& gemm);
/// What is stored for each of the elements.
Nest element_stores(const Gemm& gemm);

struct Operation;
using Operations = std::vector<Operation>;

/// A loop over passes; with a tolerance it ends early once the scalar `moved` is at most the tolerance; with
/// `while_positive`, before the first pass for which that scalar is not positive; of an array, for which no
/// element is (one that is not a number may count as one that is).
struct Repeat {
  std::size_t count = 0;
  std::optional<double> tolerance;
  const ir::Tensor* moved = nullptr;
  Operations body;
  const ir::Tensor* while_positive = nullptr;
};

/// The body for each visit to an element of an axis; `tick`, the element, and `visit`, which counts, are
/// constants of the body.
struct Sweep {
  ir::Index tick, visit;
  ir::Order order = ir::Order::forwards;
  const ir::Tensor* elements = nullptr;  ///< visited, where they are drawn
  Operations body;
};

/// The body for each slice of the copies of a plate, a whole number of vectors wide. It works on arrays whose
/// last axis is `lane`, the copies of the slice; slices are independent of each other. In the last slice the
/// lanes beyond the copies in use repeat the last copy.
struct Slices {
  const ir::Axis* plate = nullptr;
  const ir::Axis* lane = nullptr;
  Operations body;
};

/// In a Slices: a slice of an array of whole plates to or from the array of its lanes. Their other axes are
/// the same, in the same order.
struct Transfer {
  enum class Direction { to_lanes, from_lanes };
  Direction direction = Direction::to_lanes;
  const ir::Axis* plate = nullptr;
  const ir::Tensor* whole = nullptr;
  const ir::Tensor* lanes = nullptr;
};

struct Operation {
  std::variant<Nest, Gemm, MatrixFunction, Draws, Repeat, Sweep, Slices, Transfer> action;
};
/// The body of a Repeat, a Sweep or a Slices, or null.
const Operations* body_of(const Operation& operation);
Operations* body_of(Operation& operation);
/// The ticks of enclosing sweeps that an operation (no loop) depends on, in order of axis names.
std::vector<ir::Index> ticks_of(const Operation& operation);

/// One kernel, lowered.
struct Kernel {
  std::string name;
  Operations operations;
};

/// True if all that the value reads of the tensor is the element at these subscripts.
bool reads_only_at(ir::Expr value, const ir::Tensor* tensor, const std::vector<ir::Subscript>& subscripts);

/// True if the store runs over all elements of its target, once each.
bool sets_all(const Store& store);

/// target[subscripts] = target[subscripts] + ...: what is not finite there stays so.
bool adds_to_target(const Store& store);

/// True if the value takes long and the passes of the innermost loop are no whole number of the smallest
/// vectors, so that a compiler would work out the last elements one by one.
bool has_costly_rest(ir::Expr value, std::size_t passes, const plan::Specialisation& sizes);

/// Tensors read and written by an operation (loops: by their body), in order of first occurrence.
struct Touched {
  std::vector<const ir::Tensor*> read, written;
};
Touched touched(const Operation& operation);
Touched touched(const Operations& operations);

/// The number of steps one run of the operations may take: the largest product of loop counts around a draw;
/// 0 when nothing is drawn.
std::size_t steps(const Operations& operations);

/// Number of elements between neighbours along each axis of a tensor (row-major over capacities).
std::vector<std::size_t> strides(const ir::Tensor* tensor, const plan::Specialisation& sizes);

}  // namespace freefall::loop
