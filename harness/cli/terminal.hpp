#pragma once

#include "cli/live_text.hpp"
#include "image/progress.hpp"
#include "report/summary.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kdt::cli {

/// Shows a run as it goes: on a terminal some live lines on stderr (live_text.hpp), elsewhere a line when something
/// begins. A result line for each cell goes to stdout, with a line of cause when it did not pass. Used by all threads
/// of the run.
class Terminal final : public run::RunObserver {
public:
  explicit Terminal(std::size_t total);
  ~Terminal() override;

  void cell_started(const Cell& cell, const run::RunProgress& progress) override;
  void phase_started(const Cell& cell, Phase phase) override;
  void cell_ended(const CellResult& result, const run::RunProgress& progress) override;
  void warned(const std::string& sentence) override;
  /// A line that stays, above those that are drawn again.
  void say(const std::string& sentence);
  /// For image::Images.
  void image_progress(const image::Progress& progress);

private:
  struct Running {
    std::string id;
    Phase phase = Phase::prepare;
    Clock::time_point since{};
    Clock::time_point in_phase{};
  };
  void take(const run::RunProgress& progress);
  LiveView view() const;
  void redraw();
  void clear();
  void tick(const std::stop_token& stop);

  std::mutex mutex_;
  bool live_;
  bool colour_;
  run::RunProgress progress_;
  Clock::time_point progress_at_{}; ///< when that was so
  std::size_t red_ = 0;
  std::string building_;           ///< empty: nothing is being built
  int last_tenth_ = 0;             ///< of that step
  std::string last_step_;          ///< of image building, for plain lines
  std::vector<Running> running_;   ///< in the order in which they began
  std::vector<std::size_t> drawn_; ///< widths of the live lines on the screen
  std::condition_variable_any wake_;
  std::jthread clock_; ///< redraws, so that times go on; ends before the rest goes
};

/// The descriptor is a terminal that knows how to move its cursor (TERM is not dumb).
bool live_wanted(int fd);

/// The descriptor is such a terminal and NO_COLOR is not set.
bool colour_wanted(int fd);

/// Of the terminal behind the descriptor; nullopt: it is none, or does not say.
std::optional<TerminalSize> terminal_size(int fd);

/// As the terminal on stdout is; not cut when that is none.
report::SummaryOptions summary_options(const std::string& directory);

} // namespace kdt::cli
