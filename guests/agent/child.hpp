#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace kdt::agent {

struct ChildEnd {
  int exit_status = 0; // 128 + signal if it was killed
  std::string output;  // standard error, and standard output unless that went elsewhere; at most 1 MiB, the end of it
};

/// Runs a program to its end, with `environment` ("NAME=VALUE") on top of the agent's. Its standard output goes to
/// `stdout_fd`, or with standard error into the result if that is -1; `listen` hears the result's pieces as they come.
/// Throws Trouble if the program cannot be started, and what `listen` throws; the program is killed then.
ChildEnd run_child(const std::vector<std::string>& argv, int stdout_fd = -1,
                   const std::function<void(std::string_view)>& listen = {},
                   const std::vector<std::string>& environment = {});

/// Waits for the end of a child: its exit status, or 128 + signal if it was killed.
int wait_for(pid_t pid);

/// Collects the processes that were left to PID 1.
void reap();

} // namespace kdt::agent
