#pragma once

#include "system.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace kdt::agent {

/// A pipe to a drive, past the page cache. A block device's page cache submits each of its pages by itself: a program
/// that writes its dump there spends a fifth of its time on that where TCG runs the guest (bench/README.md, Saving).
class DriveStream {
public:
  /// `path`: a drive, or a file in a file system that knows O_DIRECT. Throws Trouble.
  explicit DriveStream(const std::string& path);
  /// What was not written by then is written first, as in finish().
  ~DriveStream();
  DriveStream(const DriveStream&) = delete;
  DriveStream& operator=(const DriveStream&) = delete;

  /// Where the bytes are to be written. Who writes gets EPIPE when the drive takes no more.
  int input() const { return input_.get(); }
  /// Bytes that came so far.
  std::uint64_t taken() const { return taken_; }
  /// Closes the input and waits until all has been written: whole sectors, the rest of the last one zero. Others that
  /// hold the input must have closed it. Returns what went wrong; empty: nothing.
  std::string finish();

private:
  /// Until the input ends or the drive takes no more. `piece`: room for what is written at a time.
  void move(const Fd& from, char* piece);

  std::string path_;
  Fd drive_;
  Fd input_;
  std::atomic<std::uint64_t> taken_ = 0;
  std::string trouble_; // the thread's while it runs
  std::thread mover_;
};

} // namespace kdt::agent
