// Training takes little memory beyond what has to be there, seen from outside: the peak of the whole process,
// data set and its reading included.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pcn_mnist_views.hpp>

#include <array>
#include <filesystem>
#include <fstream>

#include "models/pcn/training.hpp"

namespace freefall::models::pcn {
namespace {

constexpr std::size_t kTraining = 128, kTest = 64, kSide = 28;

void append_number(std::string& bytes, std::size_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(n >> shift & 255U);
}

// An IDX pair of images and labels, of which only the sizes matter.
void write_images(const std::filesystem::path& folder, const std::string& name, std::size_t rows) {
  std::string images("\0\0\10\3", 4), labels("\0\0\10\1", 4);
  for (const std::size_t n : {rows, kSide, kSide}) append_number(images, n);
  append_number(labels, rows);
  for (std::size_t i = 0; i < rows * kSide * kSide; ++i) images += static_cast<char>(i * 7 % 256);
  for (std::size_t i = 0; i < rows; ++i) labels += static_cast<char>(i % 10);
  std::ofstream(folder / (name + "-images-idx3-ubyte"), std::ios::binary) << images;
  std::ofstream(folder / (name + "-labels-idx1-ubyte"), std::ios::binary) << labels;
}

// The largest resident memory of this process so far; 0 where the system does not say.
std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// Reads a byte of every page that is mapped from a file, so that what grows afterwards is data and not the
// code that happens to run first.
void touch_code() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" r") == std::string::npos || line.find('/') == std::string::npos) continue;
    std::size_t used = 0;
    const std::uintptr_t first = std::stoull(line, &used, 16),
                         last = std::stoull(line.substr(used + 1), nullptr, 16);
    for (std::uintptr_t page = first; page < last; page += 4096)
      (void)*reinterpret_cast<const volatile unsigned char*>(page);
  }
}

// By how much it grows in a process of its own that does `work`; 0 where that fails.
template <class Work>
std::size_t growth(const Work& work) {
  std::array<int, 2> ends = {};
  if (pipe(ends.data()) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    std::size_t grown = 0;
    try {
      touch_code();
      const std::size_t before = peak_bytes();
      work();
      grown = peak_bytes() - before;
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    const ssize_t written = write(ends[1], &grown, sizeof grown);
    _exit(written == sizeof grown ? 0 : 1);
  }
  close(ends[1]);
  std::size_t grown = 0;
  if (read(ends[0], &grown, sizeof grown) != sizeof grown) grown = 0;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return grown;
}

std::size_t bytes_that_have_to_be_there() {
  std::size_t bytes = (kTraining + kTest) * (kSide * kSide * sizeof(float) + sizeof(std::uint8_t));
  for (const rt::tensor_info& t : pcn_mnist::tensors()) bytes += rt::size(t) * sizeof(pcn_mnist::scalar);
  return bytes;
}

// Beside the arrays: the step by which malloc grows the heap (128 KB) and the parts of pages at the ends of
// some forty arrays. A second copy of the gradients, 1 MB, is too much.
constexpr std::size_t kSlack = 192 * 1024;

TEST(Memory, TrainingAddsAtMostAFifthToParametersOptimiserActivationsAndData) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer keeps memory of its own";
#endif
  if (peak_bytes() == 0) GTEST_SKIP() << "/proc/self/status does not say";
  const auto folder = std::filesystem::path(testing::TempDir()) / fmt::format("peak_memory_{}", getpid());
  std::filesystem::create_directories(folder);
  write_images(folder, "train", kTraining);
  write_images(folder, "t10k", kTest);
  Settings settings;
  settings.dataset = "mnist";
  settings.data = folder;
  settings.epochs = 2;
  settings = settings.completed("");
  const std::size_t grown = growth([&] {
    const Data data = load(settings);
    Training<pcn_mnist::instance> training(settings, data, pcn_mnist::tensors(), pcn_mnist::extent::batch);
    training.run([](const Epoch&) {});
    if (!(training.test_accuracy() >= 0)) throw std::runtime_error("no accuracy");
  });
  std::filesystem::remove_all(folder);
  const std::size_t necessary = bytes_that_have_to_be_there();
  RecordProperty("grown", std::to_string(grown));
  RecordProperty("necessary", std::to_string(necessary));
  EXPECT_GE(grown, necessary * 9 / 10);  // the arrays were used
  EXPECT_LE(static_cast<double>(grown), 1.2 * static_cast<double>(necessary) + kSlack)
      << necessary << " bytes have to be there";
}

}  // namespace
}  // namespace freefall::models::pcn
