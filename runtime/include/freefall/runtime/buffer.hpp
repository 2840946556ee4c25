// Memory for tensors and workspaces.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace freefall::runtime {

// The alignment in bytes that kernels may ask of their arguments: a cache line, and the widest vector
// register.
inline constexpr std::size_t buffer_alignment = 64;

// Owns `size` elements of T, zero at first, starting at a multiple of 64 bytes. The allocation is rounded up
// to whole cache lines, so that a full vector may be loaded across the end. Move only; a moved-from buffer is
// empty. Throws std::bad_alloc.
template <class T>
class aligned_buffer {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= buffer_alignment);

 public:
  aligned_buffer() = default;
  /// Elements set to zero. Throws std::bad_alloc.
  explicit aligned_buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > (static_cast<std::size_t>(-1) - buffer_alignment) / sizeof(T))
      throw std::bad_array_new_length();
    const std::size_t bytes = (size * sizeof(T) + buffer_alignment - 1) / buffer_alignment * buffer_alignment;
    void* memory = ::operator new(bytes, std::align_val_t(buffer_alignment));
    data_ = static_cast<T*>(std::memset(memory, 0, bytes));
  }
  /// Leaves the other empty.
  aligned_buffer(aligned_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  /// Leaves the other empty.
  aligned_buffer& operator=(aligned_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~aligned_buffer() { ::operator delete(data_, std::align_val_t(buffer_alignment)); }

  /// The number of elements.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The first element, aligned.
  [[nodiscard]] T* data() noexcept { return data_; }
  /// The first element, aligned.
  [[nodiscard]] const T* data() const noexcept { return data_; }
  /// For loops over the elements.
  [[nodiscard]] T* begin() noexcept { return data_; }
  /// For loops over the elements.
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  /// For loops over the elements.
  [[nodiscard]] const T* begin() const noexcept { return data_; }
  /// For loops over the elements.
  [[nodiscard]] const T* end() const noexcept { return data_ + size_; }
  /// Unchecked.
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  /// Unchecked.
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  /// All elements.
  [[nodiscard]] std::span<T> span() noexcept { return {data_, size_}; }
  /// All elements.
  [[nodiscard]] std::span<const T> span() const noexcept { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Scratch memory of a kernel: allocate `workspace_bytes()` once, pass data() to every call.
using workspace = aligned_buffer<std::byte>;

}  // namespace freefall::runtime
