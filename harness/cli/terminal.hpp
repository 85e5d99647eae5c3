#pragma once

#include "image/progress.hpp"
#include "run/runner.hpp"

#include <map>
#include <mutex>
#include <string>

namespace kdt::cli {

/// Shows a run as it goes: on a terminal one live line on stderr, elsewhere a line when something begins or ends.
/// One result line a cell goes to stdout. Used by all threads of the run.
class Terminal final : public run::RunObserver {
public:
  explicit Terminal(std::size_t total);
  ~Terminal() override;

  void cell_started(const Cell& cell, const run::RunProgress& progress) override;
  void phase_started(const Cell& cell, Phase phase) override;
  void cell_ended(const CellResult& result, const run::RunProgress& progress) override;
  void warned(const std::string& sentence) override;
  /// For image::Images.
  void image_progress(const image::Progress& progress);

private:
  void take(const run::RunProgress& progress);
  void redraw();
  void clear();

  std::mutex mutex_;
  bool live_;
  bool colour_;
  run::RunProgress progress_;
  Clock::time_point progress_at_{}; ///< when that was so
  std::size_t red_ = 0;
  std::string building_;                 ///< empty: nothing is being built
  int last_tenth_ = 0;                   ///< of that step
  std::string last_step_;                ///< of image building, for plain lines
  std::map<std::string, Phase> running_; ///< by cell id
  bool drawn_ = false;
};

/// stdout is a terminal and NO_COLOR is not set.
bool colour_wanted(int fd);

} // namespace kdt::cli
