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
  /// `path`: a drive of 512-byte sectors, or a file that can be written so by O_DIRECT. Throws Trouble.
  explicit DriveStream(const std::string& path);
  /// What was not written by then is written first, as in finish().
  ~DriveStream();
  DriveStream(const DriveStream&) = delete;
  DriveStream& operator=(const DriveStream&) = delete;

  /// Where the bytes are to be written. Who writes gets EPIPE when the drive takes no more.
  int input() const { return input_.get(); }
  /// Bytes of the input that are on the drive so far.
  std::uint64_t written() const { return written_; }
  /// Closes the input and waits until all has been written: whole sectors, the rest of the last one zero. Others that
  /// hold the input must have closed it. Returns what went wrong; empty: nothing.
  std::string finish();

private:
  /// Until the input ends or the drive takes no more. `piece`: room for what is written at a time.
  void carry(const Fd& from, char* piece);

  std::string path_;
  Fd drive_;
  Fd input_;
  std::atomic<std::uint64_t> written_ = 0;
  std::string trouble_; // the thread's while it runs
  std::thread carrier_;
};

} // namespace kdt::agent
