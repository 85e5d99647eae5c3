#pragma once

#include "base/deadline.hpp"
#include "base/units.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace kdt {

/// What setrlimit(2) holds a child to.
struct Limits {
  std::optional<ByteSize> address_space;
  std::optional<ByteSize> file_size;
  std::optional<std::chrono::seconds> cpu_time;
  std::optional<unsigned> open_files;
};

/// A program to start. argv[0] is looked up in PATH unless it holds a slash.
struct Command {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment{}; ///< set on top of our own
  std::filesystem::path directory{};                ///< empty: ours
  std::filesystem::path input{};                    ///< its standard input; empty: /dev/null
  std::filesystem::path output{};                   ///< its standard output goes there instead of into out
  Limits limits{};
  bool supervised = false;  ///< when our thread dies, SIGKILL included, its descendants die too, not only the child
  bool dies_first = false;  ///< on a host without memory the kernel ends it before us and before what the user runs
  bool own_network = false; ///< a network namespace without any interface, where the kernel lets us
};

/// How a child ended: by exit or by signal.
struct ExitStatus {
  int code = 0;   ///< exit status; meaningless when signal is set
  int signal = 0; ///< the signal that ended it, 0 for none

  bool success() const { return code == 0 && signal == 0; }
  /// From wait(2).
  static ExitStatus from_wait(int status);
};

/// "exit status 2", "signal 9 (Killed)".
std::string to_string(const ExitStatus& status);

/// What threads got of the host's processors, all together.
struct ProcessorTime {
  Clock::duration ran{};
  Clock::duration waited{}; ///< ready to run, without a processor
};

/// The most memory that a running process has had resident so far; 0 when that cannot be known.
ByteSize peak_memory_of(int pid);

/// What the host gave its threads so far; nullopt when the host does not tell.
std::optional<ProcessorTime> processor_time_of(int pid);

/// What run_program() saw. out and err hold at most the last MiB of each stream.
struct Finished {
  ExitStatus status;
  std::string out;
  std::string err;
  bool timed_out = false; ///< the deadline passed and the group was killed
};

/// Called with each line that the child writes (without its newline), of either stream.
using LineHandler = std::function<void(std::string_view)>;

/// Runs it to its end. At the deadline the process group is killed and timed_out set.
/// Throws Error when it cannot be started, Interrupted (after killing the group) when stop is requested.
Finished run_program(const Command& command, Deadline deadline, std::stop_token stop = {},
                     const LineHandler& on_line = {});

/// Where PATH has this program; nullopt when it has not.
std::optional<std::filesystem::path> find_program(std::string_view name);

/// The command line as a person would type it.
std::string shell_line(const std::vector<std::string>& argv);

} // namespace kdt
