#include "child.hpp"

#include "system.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

namespace kdt::agent {

namespace {

constexpr std::size_t k_most_output = std::size_t{1} << 20;

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  return all;
}

pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int stdout_fd,
            int pipe_fd) {
  auto words = pointers(argv);
  words.push_back(nullptr);
  auto variables = pointers(environment); // first: of two of one name the first one counts
  for (char** own = environ; *own != nullptr; ++own) variables.push_back(*own);
  variables.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, stdout_fd >= 0 ? stdout_fd : pipe_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_fd, STDERR_FILENO);
  pid_t pid = -1;
  errno = posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) fail("cannot run " + argv[0]);
  return pid;
}

} // namespace

ChildEnd run_child(const std::vector<std::string>& argv, int stdout_fd,
                   const std::function<void(std::string_view)>& listen, const std::vector<std::string>& environment) {
  Pipe pipe = make_pipe();
  const pid_t pid = spawn(argv, environment, stdout_fd, pipe.in.get());
  pipe.in = Fd{}; // else the pipe would never end

  ChildEnd end;
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(pipe.out.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const std::string_view piece{buffer, static_cast<std::size_t>(got)};
    end.output += piece;
    if (end.output.size() > k_most_output) end.output.erase(0, k_most_output / 2);
    if (!listen) continue;
    try {
      listen(piece);
    } catch (...) { // nobody will wait for it
      kill(pid, SIGKILL);
      wait_for(pid);
      throw;
    }
  }
  end.exit_status = wait_for(pid);
  return end;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void reap() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
}

} // namespace kdt::agent
