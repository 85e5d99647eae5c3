#include "drives.hpp"

#include "system.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace kdt::agent {

Drive find_drive(std::string_view serial) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir{opendir("/sys/block"), closedir};
  while (const dirent* entry = dir ? readdir(dir.get()) : nullptr) {
    const std::string name = entry->d_name, sys = "/sys/block/" + name;
    if (name[0] == '.' || read_word(sys + "/serial", "") != serial) continue;
    return {.name = name, .path = "/dev/" + name, .size = std::stoull(read_text(sys + "/size")) * 512};
  }
  throw Trouble("there is no drive with the serial number " + std::string(serial));
}

std::uint64_t bytes_written(const Drive& drive) {
  // The seventh field, in 512-byte sectors (Documentation/block/stat.rst).
  unsigned long long sectors = 0;
  const auto stat = read_text("/sys/block/" + drive.name + "/stat");
  if (std::sscanf(stat.c_str(), "%*s %*s %*s %*s %*s %*s %llu", &sectors) != 1)
    throw Trouble("cannot read the statistics of " + drive.path);
  return sectors * 512;
}

DirectPiece make_direct_piece() {
  constexpr std::size_t k_alignment = 4096; // the largest block of a drive
  DirectPiece piece{static_cast<char*>(std::aligned_alloc(k_alignment, k_direct_piece)), std::free};
  if (!piece) fail("cannot make a buffer");
  return piece;
}

void copy_from_drive(const Drive& drive, std::uint64_t size, const std::string& file) {
  if (size == 0 || size > drive.size)
    throw Trouble("the drive " + drive.path + " holds " + std::to_string(drive.size) + " bytes, asked for were " +
                  std::to_string(size));
  // Past the page cache: without CONFIG_BUFFER_HEAD kernels from 6.6 on read no last page of a drive that ends within
  // it (EIO without a word in the log; block/fops.c:blkdev_iomap_begin).
  const Fd from = open_file(drive.path, O_RDONLY | O_DIRECT), to = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);
  const auto piece = make_direct_piece();
  while (size > 0) {
    const ssize_t got = read(from.get(), piece.get(), k_direct_piece);
    if (got < 0) fail("cannot copy " + drive.path + " to " + file);
    if (got == 0) throw Trouble("the drive " + drive.path + " ended " + std::to_string(size) + " bytes early");
    const auto taken = std::min(size, static_cast<std::uint64_t>(got));
    write_all(to.get(), {piece.get(), static_cast<std::size_t>(taken)}, file);
    size -= taken;
  }
}

} // namespace kdt::agent
