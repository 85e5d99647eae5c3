#include "vmcore/flattened.hpp"

#include "base/error.hpp"
#include "vmcore/raw_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <endian.h>
#include <unistd.h>
#include <vector>

namespace kdt::vmcore {

namespace {

constexpr std::uint64_t k_header_bytes = 4096; // MAX_SIZE_MDF_HEADER
constexpr std::uint64_t k_record_bytes = 16;   // struct makedumpfile_data_header: offset, size; big-endian

std::int64_t big_endian(const unsigned char* at) {
  return static_cast<std::int64_t>(be64toh(load<std::uint64_t>(at)));
}

void write_at(int fd, std::uint64_t at, const char* from, std::uint64_t bytes) {
  while (bytes > 0) {
    auto put = ::pwrite(fd, from, bytes, static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw Error(Blame::infra, "reassembled vmcore: cannot write: {}", errno_text(errno));
    from += put;
    at += static_cast<std::uint64_t>(put);
    bytes -= static_cast<std::uint64_t>(put);
  }
}

} // namespace

Reassembled reassemble(int from, int to, std::uint64_t limit) {
  RawFile stream(from);
  Reassembled result;
  result.stream_bytes = k_header_bytes;
  std::vector<char> buffer(std::size_t{1} << 20);
  auto stop = [&](std::string why) {
    result.stopped = std::move(why);
    return result;
  };
  for (;; ++result.records) {
    unsigned char record[k_record_bytes];
    if (!stream.read(result.stream_bytes, record, sizeof record)) return stop("the stream has no end marker");
    auto offset = big_endian(record);
    auto size = big_endian(record + 8);
    result.stream_bytes += k_record_bytes;
    if (offset == -1 && size == -1) {
      result.complete = true;
      return result;
    }
    // After a cut-off stream a fresh disk holds zeros; makedumpfile writes no record without bytes.
    if (offset < 0 || size <= 0)
      return stop(
          fmt::format("record {} at byte {} is no record", result.records, result.stream_bytes - k_record_bytes));
    auto at = static_cast<std::uint64_t>(offset);
    auto left = static_cast<std::uint64_t>(size);
    if (left > stream.size() - result.stream_bytes)
      return stop(fmt::format("record {} is longer than what is left of the stream", result.records));
    if (at > limit || left > limit - at)
      return stop(fmt::format("record {} goes beyond the limit of {} bytes", result.records, limit));
    while (left > 0) {
      auto part = std::min<std::uint64_t>(left, buffer.size());
      if (!stream.read(result.stream_bytes, buffer.data(), part)) return stop("the stream ends inside a record");
      write_at(to, at, buffer.data(), part);
      result.stream_bytes += part;
      at += part;
      left -= part;
    }
  }
}

} // namespace kdt::vmcore
