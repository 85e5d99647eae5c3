#pragma once

#include <array>
#include <cstddef>
#include <pthread.h>
#include <semaphore.h>
#include <span>
#include <sys/types.h>

namespace kdt::agent {

/// write(2) to a drive past its page cache (O_DIRECT), while the caller goes on. A block device's page cache submits
/// each of its pages by itself: who writes a dump there spends a fifth of the time on that where TCG runs the guest
/// (bench/README.md, Saving). For one thread.
///
/// What follows without a gap on what was written before is gathered in one half of the room, while the other half is
/// on its way: makedumpfile writes its bitmaps page by page, and for each of them the drive is waited for otherwise.
class DriveWriter {
public:
  /// `room`: an even number of pages, aligned like one. What is written is put there first, so it may lie anywhere.
  explicit constexpr DriveWriter(std::span<char> room)
      : halves_{room.first(room.size() / 2), room.last(room.size() / 2)} {}
  DriveWriter(const DriveWriter&) = delete;
  DriveWriter& operator=(const DriveWriter&) = delete;

  /// As write(2), but what it returns was only taken: that it could not be written is told by a later call, after
  /// which the file's offset says how far it came, and nothing more is taken. All is written in the order of the calls.
  /// Past the page cache go whole pages; what is in a page with other bytes goes through it, and so does all of a file
  /// that takes no O_DIRECT.
  ssize_t write(int fd, std::span<const char> bytes);
  /// Brings all that was taken to its drive. 0, or what errno was.
  int finish();

private:
  /// Bytes that lie one after the other in a half of the room, and where they go: `at` is the start of a page.
  struct Piece {
    std::span<const char> bytes;
    off_t at = 0;
  };

  std::span<char> half() { return halves_[gathering_]; }
  /// Where the next byte has to go to follow on what is gathered.
  off_t end() const { return at_ + static_cast<off_t>(size_); }
  /// Begins to gather at the start of a page. False: the file takes no O_DIRECT.
  bool open_at(int fd, off_t page);
  /// False, as of all that follow: something could not be written.
  bool gather(std::span<const char> bytes);
  /// Brings that many of the gathered bytes on their way, whole pages, and goes on in the other half.
  bool hand_over(std::size_t size);
  /// Writes what is gathered; then nothing is, and nothing is on its way.
  bool flush();
  bool wait();
  bool was_written();
  void close_drive();
  /// What a child of fork(2) has of its parent's is the parent's to write.
  void become_of_this_process();
  bool start();
  static void* run(void* writer);
  void write_piece();

  std::array<std::span<char>, 2> halves_;
  pid_t owner_ = 0; // of all that follows
  int caller_ = -1; // the descriptor that the caller writes to, and
  int drive_ = -1;  // >= 0: ours of the same file, for what is gathered and on its way
  std::size_t gathering_ = 0, size_ = 0;
  off_t at_ = 0; // where what is gathered goes
  int trouble_ = 0;

  pthread_t thread_{};
  bool started_ = false, on_its_way_ = false;
  sem_t taken_{}, written_{};
  Piece piece_; // the thread's between these two; empty: its end
  std::size_t done_ = 0;
  int why_not_ = 0;
};

} // namespace kdt::agent
