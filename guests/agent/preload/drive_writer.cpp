#include "drive_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kdt::agent {

namespace {

/// The kernel's, whatever the name `write` stands for in this program.
ssize_t plain_write(int fd, std::span<const char> bytes) {
  return syscall(SYS_write, fd, bytes.data(), bytes.size());
}

/// The file again, with an offset and flags of its own; -1 if it takes no O_DIRECT.
int open_directly(int fd) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const int drive = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
  if (drive < 0 || drive > STDERR_FILENO) return drive;
  // makedumpfile's threads close descriptor 0 at their end, whosever it is (docs/dumps.md).
  const int higher = fcntl(drive, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(drive);
  return higher;
}

void wait_for(sem_t& semaphore) {
  while (sem_wait(&semaphore) != 0) // EINTR
    ;
}

} // namespace

ssize_t DriveWriter::write(int fd, std::span<const char> bytes) {
  become_of_this_process();
  const auto failed = [this] {
    errno = trouble_;
    return ssize_t{-1};
  };
  if (trouble_ != 0) return failed();
  const off_t at = lseek(fd, 0, SEEK_CUR);
  if (at < 0) return plain_write(fd, bytes);
  if (drive_ >= 0 && (fd != caller_ || at != end()) && !flush()) return failed();
  std::size_t done = 0;
  if (drive_ < 0) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t head = std::min(bytes.size(), (page - static_cast<std::size_t>(at) % page) % page);
    if (head > 0)
      if (const ssize_t wrote = plain_write(fd, bytes.first(head)); wrote != static_cast<ssize_t>(head)) return wrote;
    done = head;
    if (done == bytes.size()) return static_cast<ssize_t>(done);
    if (!open_at(fd, at + static_cast<off_t>(head))) {
      const ssize_t wrote = plain_write(fd, bytes.subspan(done));
      return done == 0 ? wrote : static_cast<ssize_t>(done) + std::max<ssize_t>(wrote, 0);
    }
  }
  if (!gather(bytes.subspan(done))) return failed();
  lseek(fd, end(), SEEK_SET);
  return static_cast<ssize_t>(bytes.size());
}

int DriveWriter::finish() {
  become_of_this_process();
  flush();
  if (started_) {
    piece_ = {};
    sem_post(&taken_);
    pthread_join(thread_, nullptr);
    started_ = false;
  }
  return trouble_;
}

bool DriveWriter::open_at(int fd, off_t page) {
  drive_ = open_directly(fd);
  caller_ = fd;
  at_ = page;
  return drive_ >= 0;
}

bool DriveWriter::gather(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto some = bytes.first(std::min(bytes.size(), half().size() - size_));
    std::memcpy(half().data() + size_, some.data(), some.size());
    size_ += some.size();
    bytes = bytes.subspan(some.size());
    if (size_ == half().size() && !hand_over(size_)) return false;
  }
  return true;
}

bool DriveWriter::hand_over(std::size_t size) {
  if (!wait()) return false;
  if (size == 0) return true;
  piece_ = {half().first(size), at_};
  const auto rest = half().subspan(size, size_ - size);
  gathering_ = 1 - gathering_;
  std::memcpy(half().data(), rest.data(), rest.size());
  at_ += static_cast<off_t>(size);
  size_ = rest.size();
  on_its_way_ = true;
  if (start()) {
    sem_post(&taken_);
  } else {
    write_piece();
    sem_post(&written_);
  }
  return true;
}

bool DriveWriter::flush() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (!hand_over(size_ / page * page) || !wait()) return false;
  if (size_ > 0) {
    fcntl(drive_, F_SETFL, 0); // O_DIRECT takes no part of a page
    piece_ = {half().first(size_), at_};
    write_piece();
    if (!was_written()) return false;
  }
  close_drive();
  return true;
}

bool DriveWriter::wait() {
  if (!on_its_way_) return trouble_ == 0;
  wait_for(written_);
  on_its_way_ = false;
  return was_written();
}

bool DriveWriter::was_written() {
  if (why_not_ == 0) return true;
  trouble_ = why_not_;
  lseek(caller_, piece_.at + static_cast<off_t>(done_), SEEK_SET); // how far it came
  close_drive();
  return false;
}

void DriveWriter::close_drive() {
  if (drive_ >= 0) close(drive_);
  drive_ = -1;
  size_ = 0;
}

void DriveWriter::become_of_this_process() {
  if (owner_ == getpid()) return;
  close_drive();
  started_ = on_its_way_ = false;
  trouble_ = 0;
  sem_init(&taken_, 0, 0);
  sem_init(&written_, 0, 0);
  owner_ = getpid();
}

bool DriveWriter::start() {
  if (!started_) started_ = pthread_create(&thread_, nullptr, run, this) == 0;
  return started_;
}

void* DriveWriter::run(void* writer) {
  auto& self = *static_cast<DriveWriter*>(writer);
  for (;;) {
    wait_for(self.taken_);
    if (self.piece_.bytes.empty()) return nullptr;
    self.write_piece();
    sem_post(&self.written_);
  }
}

void DriveWriter::write_piece() {
  why_not_ = 0;
  for (done_ = 0; done_ < piece_.bytes.size() && why_not_ == 0;) {
    const auto rest = piece_.bytes.subspan(done_);
    const ssize_t wrote = pwrite(drive_, rest.data(), rest.size(), piece_.at + static_cast<off_t>(done_));
    if (wrote > 0)
      done_ += static_cast<std::size_t>(wrote);
    else
      why_not_ = wrote == 0 ? ENOSPC : errno;
  }
}

} // namespace kdt::agent
