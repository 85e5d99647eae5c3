#include "drive_stream.hpp"

#include "drives.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <utility>

namespace kdt::agent {

namespace {

constexpr std::size_t k_sector = 512;

/// Reads until the room is full or the pipe ends.
std::size_t fill(const Fd& from, char* room, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = read(from.get(), room + filled, size - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

} // namespace

DriveStream::DriveStream(const std::string& path) : path_(path), drive_(open_file(path, O_WRONLY | O_DIRECT)) {
  Pipe pipe = make_pipe();
  input_ = std::move(pipe.in);
  // The fewer times the two take turns the better, and root may have as much; a smaller pipe carries as well.
  static_cast<void>(fcntl(input_.get(), F_SETPIPE_SZ, k_direct_piece));
  carrier_ = std::thread([this, from = std::move(pipe.out), piece = make_direct_piece()]() mutable {
    carry(from, piece.get());
    from = Fd{}; // who writes on learns that nobody reads
  });
}

DriveStream::~DriveStream() {
  finish();
}

void DriveStream::carry(const Fd& from, char* piece) try {
  while (const std::size_t size = fill(from, piece, k_direct_piece)) {
    const std::size_t whole = (size + k_sector - 1) / k_sector * k_sector;
    std::memset(piece + size, 0, whole - size);
    write_all(drive_.get(), {piece, whole}, path_);
    written_ += size;
  }
} catch (const Trouble& trouble) {
  trouble_ = trouble.what();
}

std::string DriveStream::finish() {
  input_ = Fd{};
  if (carrier_.joinable()) carrier_.join();
  return trouble_;
}

} // namespace kdt::agent
