#include "cli/process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

extern char** environ;

namespace freefall::cli {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& command) {
  std::vector<char*> out;
  for (const std::string& word : command) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

int run(const std::vector<std::string>& command) {
  std::fflush(nullptr);
  pid_t child = 0;
  if (const int error =
          posix_spawnp(&child, command[0].c_str(), nullptr, nullptr, pointers(command).data(), environ))
    throw CannotStart{command[0], std::strerror(error)};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void become(const std::vector<std::string>& command) {
  std::fflush(nullptr);
  execvp(command[0].c_str(), pointers(command).data());
  throw CannotStart{command[0], std::strerror(errno)};
}

}  // namespace freefall::cli
