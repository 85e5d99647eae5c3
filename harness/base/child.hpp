#pragma once

#include "base/process.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/v2/process.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace kdt {

/// Descriptors of a child: 0 to 2 become its standard streams (-1: /dev/null); inherited ones keep their numbers.
struct ChildFds {
  int in = -1;
  int out = -1;
  int err = -1;
  std::vector<int> inherited;
};

/// A running child in a process group of its own. It dies with the thread that started it (PR_SET_PDEATHSIG), and its
/// destructor ends and reaps the whole group. Not for: programs whose end one only waits for (use run_program()).
class Child {
public:
  /// Starts it; throws Error{infra} that names the program.
  Child(boost::asio::any_io_executor executor, const Command& command, const ChildFds& fds);
  Child(Child&&) = delete;
  ~Child();

  int pid() const { return pid_; }

  /// The most memory that it (not its descendants) has had resident so far, or in all its life when on_end() has called
  /// back; 0 when that cannot be known.
  ByteSize peak_memory() const;

  /// What it has of memory that it shares with no file, at the moment; 0 when that cannot be known.
  ByteSize private_memory() const;

  /// What the host gave its threads so far (not its descendants'); nullopt when the host does not tell.
  std::optional<ProcessorTime> processor_time() const;

  /// Calls back from the executor's context when the child has ended, with its wait(2) status.
  void on_end(std::function<void(ExitStatus)> handler);

  /// Sends a signal to the whole group.
  void kill_group(int signal) const;

private:
  void reap();

  int pid_ = -1;
  ByteSize peak_{};                                          ///< of a child that has ended
  std::optional<boost::asio::posix::stream_descriptor> end_; ///< readable when it has ended
  boost::process::v2::basic_process<boost::asio::any_io_executor> process_;
};

} // namespace kdt
