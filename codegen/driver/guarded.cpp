#include "codegen/driver/guarded.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <new>
#include <vector>

#include "codegen/ir/program.hpp"

namespace freefall::driver {
namespace {

int say_bug(int argc, char** argv, const char* what) {
  const std::vector<std::string> words(argv, argv + argc);
  fmt::print(
      stderr,
      "freefall: internal error: {}\n"
      "freefall: this is a bug in freefall " FREEFALL_VERSION
      ", not in your model. Please report it and attach this message, the file that defines the model, "
      "the version and compiler of freefall, and the command:\n"
      "freefall:   {}\n",
      what, fmt::join(words, " "));
  return 70;
}

}  // namespace

int guarded(int argc, char** argv, const std::function<int()>& action) {
  const auto say = [](int code, const char* what) {
    fmt::print(stderr, "freefall: error: {}\n", what);
    return code;
  };
  try {
    return action();
  } catch (const ir::ModelError& e) {
    return say(1, e.what());
  } catch (const std::runtime_error& e) {
    return say(3, e.what());
  } catch (const std::bad_alloc&) {
    return say(3, "out of memory: give the axes smaller sizes");
  } catch (const std::exception& e) {
    return say_bug(argc, argv, e.what());
  } catch (...) {
    return say_bug(argc, argv, "something that is no std::exception was thrown");
  }
}

}  // namespace freefall::driver
