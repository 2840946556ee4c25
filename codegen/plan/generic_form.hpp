#pragma once
// Expressions up to renaming of their free indices, and the temporaries that hold them.

#include <functional>
#include <map>

#include "codegen/ir/expr.hpp"

namespace freefall::plan {

/// Binder labels are opened as free indices of this level and above; no user writes as many primes.
inline constexpr int kOpenedLevel = 3000;

/// `key` is the expression with its free indices renamed to the first levels of their axes; `indices` are the
/// original ones, in the order of the key's sorted free indices. tanh(h[b, i]) and tanh(h[b, i']) share one
/// key; so do s1[b, move] and s1[b, first] where `first` is a branch with the values of `move`. The current
/// tick of a sweep is no renaming: it stays, and a temporary has no axis for it.
struct GenericForm {
  ir::Expr key;
  std::vector<ir::Index> indices;
};
GenericForm generic_form(ir::Expr e);

/// True if computing the expression costs more than reading it back: a contraction, a reduction, a matrix
/// function or a transcendental lies below it.
bool is_expensive(ir::Expr e);
bool is_expensive_itself(ir::Expr e);    ///< whatever it is made of
inline constexpr int kExpensiveMap = 6;  ///< additions; see functions.def

/// True if the expression may be infinite where a subscript lies outside its axis, since there it divides by
/// zero or takes a function of zero: an indicator that excludes those places must stay beside it when a
/// product is taken apart.
bool needs_indicator(ir::Expr e);

/// An array of role `prepared` that is none of `taken`. A compilation before this one may have made it: the
/// arrays of a library have the same names each time its program is compiled.
const ir::Tensor* prepared_array(ir::Context& context, std::string_view name,
                                 const std::vector<const ir::Axis*>& axes,
                                 const std::function<bool(const ir::Tensor*)>& taken);

/// Makes temporaries and knows which expression each holds.
class Temporaries {
 public:
  explicit Temporaries(ir::Context& context, ir::Role role = ir::Role::temporary)
      : context_(&context), role_(role) {}

  /// A new temporary for the expression; storage order: plates first, each as in `preferred`, then by name.
  const ir::Tensor* make(const GenericForm& form, const std::vector<const ir::Axis*>& preferred,
                         std::string_view hint);
  /// A new temporary for an expression whose free indices are given in storage order.
  const ir::Tensor* make_in_order(const GenericForm& form, const std::vector<ir::Index>& order,
                                  std::string_view hint);
  /// The temporary that holds the form now, or null.
  const ir::Tensor* find(const GenericForm& form) const;
  /// A tensor now holds the form, whose indices are the tensor's canonical ones in some order.
  void hold(const GenericForm& form, const ir::Tensor* tensor);
  /// From now on a temporary holds the form; `order` has the index of the key that each of its axes runs
  /// over.
  void adopt(const GenericForm& form, const ir::Tensor* temporary, const std::vector<ir::Index>& order);
  /// What is held as a sum, in order of when it was first held: the sum over canonical indices, and where.
  std::vector<std::pair<ir::Expr, const ir::Tensor*>> sums() const;
  /// Reads the temporary at the indices of the form; equal elements of a symmetric one are read in one order.
  ir::Expr read(const ir::Tensor* tensor, const GenericForm& form) const;
  /// `copy` has become equal to `original`: what is held of one is held of the other, until either changes.
  void copied(const ir::Tensor* copy, const ir::Tensor* original);
  /// Forgets what depends on a tensor that changed, and what it held.
  void invalidate(const ir::Tensor* changed);
  /// Forgets what a temporary holds.
  void drop(const ir::Tensor* temporary);
  /// Index of the key that each axis of the temporary runs over.
  const std::vector<ir::Index>& order(const ir::Tensor* tensor) const { return order_.at(tensor); }

 private:
  const ir::Tensor* named(const GenericForm& form, const std::vector<ir::Index>& order,
                          std::string_view hint);
  void record(const GenericForm& form, const ir::Tensor* tensor, const std::vector<ir::Index>& order);

  ir::Context* context_;
  ir::Role role_;  ///< of what is made
  std::unordered_map<const ir::Node*, const ir::Tensor*> held_;
  std::vector<const ir::Node*> sums_;  ///< all that were ever held; a sum no longer held stays
  std::unordered_map<const ir::Tensor*, std::vector<ir::Index>> order_;
  /// Pairs of axes that may be exchanged.
  std::unordered_map<const ir::Tensor*, std::vector<std::pair<std::size_t, std::size_t>>> symmetric_;
};

}  // namespace freefall::plan
