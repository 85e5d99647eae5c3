#pragma once

#include "base/file.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace kdt::report {

/// How much of a console a report keeps.
struct ExcerptLimits {
  std::size_t head = 500;    ///< lines from the beginning
  std::size_t tail = 1000;   ///< and up to the end
  std::size_t around = 25;   ///< and before and after each note
  std::size_t columns = 500; ///< bytes of a line
};

/// What a guest printed, with the time of each line, as the cell's events.jsonl has it.
struct ConsoleExcerpt {
  struct Line {
    double time = 0;          ///< seconds since the cell began
    std::string text{};       ///< printable
    std::string stage{};      ///< how far the guest is from here on; "": as before
    std::string trouble{};    ///< what `kdt explain` knows the line for; "": nothing
    std::size_t left_out = 0; ///< in place of a line: so many of them are missing here
  };
  struct PhaseBegin {
    std::string name;
    double time = 0;
  };
  std::vector<Line> lines{};
  std::vector<PhaseBegin> phases{};
};

/// Reads CELL/events.jsonl; nullopt when there is none. A line that is no event, or has no time, is skipped: kdt may
/// have been killed while it wrote it. Throws Error{infra} when the file cannot be read.
std::optional<ConsoleExcerpt> read_console(const fs::path& cell_directory);

/// No more than the limits allow; what goes is counted where it was.
ConsoleExcerpt shortened(ConsoleExcerpt console, const ExcerptLimits& limits = {});

} // namespace kdt::report
