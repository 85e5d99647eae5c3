#pragma once

#include <cstddef>
#include <pthread.h>
#include <semaphore.h>
#include <span>
#include <sys/types.h>

namespace kdt::agent {

/// write(2) to a drive past its page cache (O_DIRECT), while the caller goes on. A block device's page cache submits
/// each of its pages by itself: who writes a dump there spends a fifth of the time on that where TCG runs the guest
/// (bench/README.md, Saving). For one thread.
class DriveWriter {
public:
  /// `room`: whole pages, aligned like one. What is written is put there first, so it may lie anywhere.
  explicit constexpr DriveWriter(std::span<char> room) : room_(room) {}
  DriveWriter(const DriveWriter&) = delete;
  DriveWriter& operator=(const DriveWriter&) = delete;

  /// As write(2), but what it returns was only taken: that it could not be written is told by the next call, after
  /// which the file's offset says how far it came. At most one piece is on its way, and each call waits for that first,
  /// so all is written in the order of the calls. Past the page cache go whole pages, as many as there is room for;
  /// what is in a page with other bytes goes through it, and so does all of a file that takes no O_DIRECT.
  ssize_t write(int fd, std::span<const char> bytes);
  /// Waits until all that was taken is written. 0, or what errno was.
  int finish();

private:
  /// For the piece on its way. 0, or what errno was: then nothing more is taken.
  int wait();
  /// False: not taken, for want of a thread or of O_DIRECT.
  bool take(int fd, std::span<const char> pages, off_t at);
  bool start();
  static void* run(void* writer);
  void write_piece();

  std::span<char> room_;
  pthread_t thread_{};
  pid_t owner_ = 0; // of the thread: a child of fork(2) has none
  sem_t taken_{}, written_{};
  int drive_ = -1;  // >= 0: a piece is on its way there
  int caller_ = -1; // the same file as the caller has it
  std::size_t size_ = 0, done_ = 0;
  off_t at_ = 0;
  int trouble_ = 0;
};

} // namespace kdt::agent
