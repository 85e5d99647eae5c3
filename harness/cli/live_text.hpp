#pragma once

#include "model/verdict.hpp"
#include "run/runner.hpp"

#include <string>
#include <vector>

namespace kdt::cli {

/// What a run is doing at one moment.
struct LiveView {
  struct Running {
    std::string id;
    Phase phase = Phase::prepare;
    Seconds elapsed{0}; ///< since the cell began
    Seconds in_phase{0};
  };
  run::RunProgress progress{};
  std::size_t red = 0;            ///< cells with an unexpected verdict so far
  std::string building{};         ///< an image; empty: none
  std::vector<Running> running{}; ///< the oldest first
};

/// How large a terminal is.
struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// The run in a few lines, each narrower than the terminal, together at most half as high: how far it is, then each
/// running cell with its phase, how long it has been in it, and how long it runs.
std::vector<std::string> live_lines(const LiveView& view, TerminalSize size);

/// A cell that ended, in a line, and why it did not pass in another: whose doing, where, and the sentence, cut to the
/// width. columns 0: not cut. The verdict is as wide as the widest one; its colour is the caller's.
struct EndedText {
  std::string verdict;
  std::string rest; ///< time and id
  std::string why;  ///< "": it passed
};
EndedText ended_text(const CellResult& result, std::size_t columns);

} // namespace kdt::cli
