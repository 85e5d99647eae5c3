#include "drive_stream.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>

namespace kdt::agent {

namespace {

constexpr std::size_t k_piece = std::size_t{1} << 20; // what root may give a pipe, too
constexpr std::size_t k_alignment = 4096, k_sector = 512;

using Piece = std::unique_ptr<char, void (*)(void*)>;

} // namespace

DriveStream::DriveStream(const std::string& path) : path_(path), drive_(open_file(path, O_WRONLY | O_DIRECT)) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
  Fd from{ends[0]};
  input_ = Fd{ends[1]};
  // The fewer times the two take turns the better; a smaller pipe carries as much.
  static_cast<void>(fcntl(input_.get(), F_SETPIPE_SZ, k_piece));
  Piece piece{static_cast<char*>(std::aligned_alloc(k_alignment, k_piece)), std::free};
  if (!piece) fail("cannot make a buffer");
  carrier_ = std::thread([this, from = std::move(from), piece = std::move(piece)]() mutable {
    carry(from, piece.get());
    from = Fd{}; // who writes on learns that nobody reads
  });
}

DriveStream::~DriveStream() {
  finish();
}

void DriveStream::carry(const Fd& from, char* piece) {
  for (bool more = true; more;) {
    std::size_t size = 0;
    while (more && size < k_piece) {
      const ssize_t got = read(from.get(), piece + size, k_piece - size);
      if (got < 0 && errno == EINTR) continue;
      more = got > 0;
      if (more) size += static_cast<std::size_t>(got);
    }
    const std::size_t whole = (size + k_sector - 1) / k_sector * k_sector;
    std::memset(piece + size, 0, whole - size);
    try {
      write_all(drive_.get(), {piece, whole}, path_);
      written_ += size;
    } catch (const Trouble& trouble) {
      trouble_ = trouble.what();
      return;
    }
  }
}

std::string DriveStream::finish() {
  input_ = Fd{};
  if (carrier_.joinable()) carrier_.join();
  return trouble_;
}

} // namespace kdt::agent
