#include "bench/measured.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/proc_stat.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::bench {

namespace {

/// Only what is async-signal-safe: we may have threads.
[[noreturn]] void become(char* const* argv, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(argv[0], argv);
  ::_exit(127);
}

/// Of a process that has ended and is not reaped yet: fields 14 to 17, in ticks.
void read_times(pid_t pid, Measured& measured) {
  auto fields = proc_stat(pid);
  auto seconds = [&](std::size_t field) {
    return Seconds(std::stod(fields.at(proc_stat_index(field))) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  };
  measured.own = seconds(14) + seconds(15);
  measured.children = seconds(16) + seconds(17);
}

} // namespace

Measured measure(const std::vector<std::string>& argv, const std::filesystem::path& output) {
  auto out = open_file(output, O_WRONLY | O_CREAT | O_TRUNC);
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  auto parent = ::getpid();
  auto begin = Clock::now();
  pid_t pid = ::fork();
  if (pid < 0) throw Error(Blame::infra, "cannot start {}: {}", argv.front(), errno_text(errno));
  if (pid == 0) become(words.data(), out.get(), parent);
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0)
    if (errno != EINTR) throw Error(Blame::infra, "cannot wait for {}: {}", argv.front(), errno_text(errno));
  Measured measured{.status = {}, .wall = Clock::now() - begin};
  read_times(pid, measured);
  int status = 0;
  ::waitpid(pid, &status, 0);
  measured.status = ExitStatus::from_wait(status);
  return measured;
}

} // namespace kdt::bench
