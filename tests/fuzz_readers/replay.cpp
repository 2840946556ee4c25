// usage: replay_FORMAT FOLDER...
// Gives every file of the folders to the fuzzer linked with it, which aborts where a reader breaks a promise;
// so does an allocation above the limit under which the fuzzers run. Prints the file it is at, for the one
// that aborts.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

void* operator new(std::size_t size) {
  constexpr std::size_t most = std::size_t{128} << 20;
  if (size > most) {
    std::fprintf(stderr, "an allocation of %zu bytes, the most is %zu\n", size, most);
    std::abort();
  }
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) continue;  // no input of this format failed yet
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::printf("%s\n", entry.path().c_str());
      std::fflush(stdout);
      std::ifstream in(entry.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      ++files;
    }
  }
  if (files == 0) std::fprintf(stderr, "replay: no file in any folder\n");
  return files > 0 ? 0 : 1;
}
