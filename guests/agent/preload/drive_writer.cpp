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
  if (const int why = wait(); why != 0) {
    errno = why;
    return -1;
  }
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const off_t at = lseek(fd, 0, SEEK_CUR);
  if (at < 0) return plain_write(fd, bytes);
  const std::size_t head = std::min(bytes.size(), (page - static_cast<std::size_t>(at) % page) % page);
  if (head > 0)
    if (const ssize_t wrote = plain_write(fd, bytes.first(head)); wrote != static_cast<ssize_t>(head)) return wrote;
  const auto pages = bytes.subspan(head, std::min((bytes.size() - head) / page * page, room_.size()));
  std::size_t done = head;
  if (!pages.empty() && take(fd, pages, at + static_cast<off_t>(head))) {
    done += pages.size();
    lseek(fd, at + static_cast<off_t>(done), SEEK_SET);
  }
  if (done == bytes.size()) return static_cast<ssize_t>(done);
  const ssize_t wrote = plain_write(fd, bytes.subspan(done));
  return done == 0 ? wrote : static_cast<ssize_t>(done) + std::max<ssize_t>(wrote, 0);
}

bool DriveWriter::take(int fd, std::span<const char> pages, off_t at) {
  if (!start()) return false;
  drive_ = open_directly(fd);
  if (drive_ < 0) return false;
  std::memcpy(room_.data(), pages.data(), pages.size());
  size_ = pages.size();
  at_ = at;
  caller_ = fd;
  sem_post(&taken_);
  return true;
}

int DriveWriter::finish() {
  const int why = wait();
  if (owner_ == getpid()) {
    sem_post(&taken_); // without a drive: the end
    pthread_join(thread_, nullptr);
    owner_ = 0;
  }
  return why;
}

int DriveWriter::wait() {
  if (drive_ >= 0) {
    if (owner_ == getpid()) wait_for(written_); // else the parent waits for it
    close(drive_);
    drive_ = -1;
    if (trouble_ != 0) lseek(caller_, at_ + static_cast<off_t>(done_), SEEK_SET); // how far it came
  }
  return trouble_;
}

bool DriveWriter::start() {
  if (owner_ == getpid()) return true;
  sem_init(&taken_, 0, 0);
  sem_init(&written_, 0, 0);
  if (pthread_create(&thread_, nullptr, run, this) != 0) return false;
  owner_ = getpid();
  return true;
}

void* DriveWriter::run(void* writer) {
  auto& self = *static_cast<DriveWriter*>(writer);
  for (;;) {
    wait_for(self.taken_);
    if (self.drive_ < 0) return nullptr;
    self.write_piece();
    sem_post(&self.written_);
  }
}

void DriveWriter::write_piece() {
  for (done_ = 0; done_ < size_ && trouble_ == 0;) {
    const ssize_t wrote = pwrite(drive_, room_.data() + done_, size_ - done_, at_ + static_cast<off_t>(done_));
    if (wrote > 0)
      done_ += static_cast<std::size_t>(wrote);
    else
      trouble_ = wrote == 0 ? ENOSPC : errno;
  }
}

} // namespace kdt::agent
