#pragma once

#include <cstdint>
#include <string>

namespace kdt::vmcore {

/// How the reassembly of a flattened stream ended.
struct Reassembled {
  bool complete = false;          ///< the end marker was there
  std::string stopped;            ///< otherwise: why, as a half sentence
  std::uint64_t stream_bytes = 0; ///< length of the stream up to where it ended
  std::uint64_t records = 0;
};

/// Puts the records of a flattened dump (makedumpfile -F) where they belong: `from` is the stream or a disk that begins
/// with it, `to` a new empty file, left sparse. Nothing is written beyond `limit` bytes. Throws Error{infra} on I/O
/// errors.
///
/// makedumpfile -R does the same, but a stream that is cut off makes it (1.7.2) wait 600 s for more on its standard
/// input, even when that is a file: read_buf_from_stdin() takes its end for silence.
Reassembled reassemble(int from, int to, std::uint64_t limit);

} // namespace kdt::vmcore
