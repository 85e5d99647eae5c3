// What makedumpfile is run with where the guest's CPUs are emulated and its target is a drive: a shared library whose
// write() brings much at a time to a drive past the page cache. Which bytes are written, and where, is makedumpfile's.
#include "drive_writer.hpp"

#include <cstdio>
#include <cstring>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// Each half has room for as much as makedumpfile writes at a time (makedumpfile_argv() in readings.cpp).
alignas(65536) char room[std::size_t{4} << 20];
constinit kdt::agent::DriveWriter writer{room};

bool is_drive(int fd) {
  struct stat status {};
  // Not fstat(): a C library before glibc 2.33 has no function of that name.
  return syscall(SYS_fstat, fd, &status) == 0 && S_ISBLK(status.st_mode);
}

/// Nobody else would learn that the last piece was not written.
__attribute__((destructor)) void tell() {
  const int why = writer.finish();
  if (why == 0) return;
  fprintf(stderr, "cannot write the end of the dump: %s\n", strerror(why));
  fflush(nullptr); // what makedumpfile said
  _exit(1);
}

} // namespace

extern "C" ssize_t write(int fd, const void* from, std::size_t size) {
  if (!is_drive(fd)) return syscall(SYS_write, fd, from, size);
  return writer.write(fd, {static_cast<const char*>(from), size});
}
