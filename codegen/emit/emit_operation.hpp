#pragma once
// The body of one kernel as C++: a small function for each operation, and the calls in order.

#include "codegen/emit/emit_nest.hpp"
#include "codegen/emit/kernel_signature.hpp"

namespace freefall::emit {

/// Each nest becomes a function of its own: its arrays are restrict-qualified parameters, which stays right
/// when temporaries share memory over time, and a profile names the equation.
class OperationEmitter {
 public:
  OperationEmitter(const KernelSignature& kernel, const Names& names, std::string library);

  /// Appends the functions and returns the statements of the kernel that call them. To `apart`: what stands
  /// apart from the kernel and ends it.
  CppBlock run(std::vector<CppFunction>& functions, std::vector<CppFunction>& apart);

 private:
  CppBlock places(const loop::Operations& operations, const loop::Operations& others,
                  CppBlock& of_threads) const;
  CppBlock block(const loop::Operations& operations);
  /// The operations as all threads of a team run them: each its share of what can be shared, the first one
  /// the rest, and all wait for each other after either.
  CppBlock shared_block(const loop::Operations& operations);
  bool is_shared(const loop::Operation& operation) const;
  void wait(CppBlock& out) const { out.push_back({CppCall{"team_.wait", {}}}); }
  void append(CppBlock& out, const loop::Nest& nest, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Gemm& gemm, const loop::Operation& operation);
  /// A change of the matrix of a product and the product, in one pass. `pass`: the passes of the loop around,
  /// where the change is that of the pass before, else "". Then every second pass goes through the matrix
  /// backwards, and nothing is checked on the way.
  void append_updated(CppBlock& out, const loop::Operation& update, const loop::Operation& product,
                      const std::string& pass);
  void append(CppBlock& out, const loop::MatrixFunction& function, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Draws& draws, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Repeat& repeat, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Sweep& sweep, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Slices& slices, const loop::Operation& operation);
  void append(CppBlock& out, const loop::Transfer& transfer, const loop::Operation& operation);
  /// Makes a function of the body over what the operation touches, and returns the call's arguments.
  std::vector<std::string> outline(const std::string& name, const std::string& comment, const char* result,
                                   CppBlock body, const loop::Operation& operation, bool scratch,
                                   bool checked = true);
  std::string next_name(const char* what);
  /// The rows of a product by a matrix, to the end of the last vector where they may go on to there, with the
  /// change of the matrix, if there is one.
  std::size_t rows_of(const loop::Gemm& gemm, const loop::Nest* update = nullptr) const;

  const KernelSignature& kernel_;
  const Names& names_;
  std::string library_;
  std::vector<CppFunction>* functions_ = nullptr;
  int operations_ = 0, loops_ = 0;
  bool sharing_ = false;  ///< what is emitted now is run by all threads
  std::string
      passes_;  ///< of the loops around as a C++ expression, the innermost counting fastest; empty outside
};

}  // namespace freefall::emit
