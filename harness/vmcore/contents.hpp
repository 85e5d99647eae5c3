#pragma once

#include "vmcore/canary.hpp"
#include "vmcore/crash_state.hpp"
#include "vmcore/reader.hpp"
#include "vmcore/shape.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// What the child found in a vmcore, unjudged; it crosses the process boundary as JSON.
struct Contents {
  Format format = Format::unknown; ///< of the file that was given; shape is of what the stream in it makes
  std::string stream_stopped;      ///< why the flattened stream could not be put together; empty: it could, or is none
  Shape shape;
  std::string unreadable; ///< libkdumpfile's reason; empty: it opened, or was not asked (truncated)
  bool opened = false;
  std::string untranslatable; ///< why no virtual address can be read; empty: they can
  std::string architecture;   ///< aarch64
  std::string release;
  std::string build_id; ///< empty: the kernel does not tell
  std::uint64_t page_size = 0;
  std::int64_t crash_time = 0;    ///< seconds since 1970 by the guest's clock
  std::vector<CpuRegisters> cpus; ///< one for each PRSTATUS note
  PageReading pages;
  CrashState crash;
  std::vector<Sighting> canaries;      ///< one for each that the Query names
  std::vector<PhysRange> empty_pieces; ///< those that the Query names of which no page is stored
  std::string log_levels;              ///< a digit for each line of the log
  std::uint64_t log_records = 0;
  std::uint64_t log_damaged = 0;
  std::string log_problem;
  std::uint64_t peak_memory = 0; ///< bytes that the child has had resident at most
  double cpu_seconds = 0;        ///< that the child took of the processors
};

nlohmann::ordered_json to_json(const Contents& contents);
/// Throws nlohmann::json::exception when it is not what to_json writes.
Contents contents_from_json(const nlohmann::ordered_json& json);

} // namespace kdt::vmcore
