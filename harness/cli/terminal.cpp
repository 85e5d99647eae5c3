#include "cli/terminal.hpp"

#include "base/text.hpp"
#include "report/cell_text.hpp"

#include <fmt/color.h>

#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kdt::cli {

namespace {

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string progress_text(const image::Progress& progress) {
  auto text = progress.what;
  if (progress.fraction) text += fmt::format(" {:.0f} %", *progress.fraction * 100);
  if (progress.left) text += fmt::format(", about {} left", report::duration_text(*progress.left));
  return text;
}

/// A reader that went away (`kdt run … | head -1`) must not end the run: errors of the stream are not ours.
void put(std::FILE* stream, const std::string& text) {
  std::fputs(text.c_str(), stream);
  std::fflush(stream);
}

fmt::text_style style_of(Verdict verdict) {
  if (verdict == Verdict::pass) return fg(fmt::terminal_color::green);
  if (expected(verdict)) return fg(fmt::terminal_color::yellow);
  return fmt::emphasis::bold | fg(fmt::terminal_color::red);
}

} // namespace

bool colour_wanted(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(fd) != 0 && (no_color == nullptr || *no_color == '\0');
}

Terminal::Terminal(std::size_t total) : live_(::isatty(STDERR_FILENO) != 0), colour_(colour_wanted(STDOUT_FILENO)) {
  progress_.total = total;
}

Terminal::~Terminal() {
  clear();
}

void Terminal::clear() {
  if (!drawn_) return;
  put(stderr, "\r\x1b[K");
  drawn_ = false;
}

void Terminal::redraw() {
  if (!live_) return;
  std::string line = fmt::format("{}/{} cells", progress_.done, progress_.total);
  if (auto left = progress_.left - Seconds(Clock::now() - progress_at_); left.count() >= 1)
    line += fmt::format(", about {} left", report::whole_duration_text(left));
  if (red_ > 0) line += fmt::format(", {} red", red_);
  if (!building_.empty()) line += "  |  " + building_;
  for (const auto& [id, phase] : running_) line += fmt::format("  |  {}: {}", id, to_string(phase));
  auto width = terminal_width() - 1;
  if (line.size() > width) line.resize(width);
  put(stderr, "\r\x1b[K" + line);
  drawn_ = true;
}

void Terminal::take(const run::RunProgress& progress) {
  progress_ = progress;
  progress_at_ = Clock::now();
}

void Terminal::cell_started(const Cell& cell, const run::RunProgress& progress) {
  std::scoped_lock lock(mutex_);
  take(progress);
  running_[cell.id] = Phase::prepare;
  if (!live_) put(stderr, fmt::format("kdt: {} begins\n", cell.id));
  redraw();
}

void Terminal::phase_started(const Cell& cell, Phase phase) {
  std::scoped_lock lock(mutex_);
  running_[cell.id] = phase;
  redraw();
}

void Terminal::cell_ended(const CellResult& result, const run::RunProgress& progress) {
  std::scoped_lock lock(mutex_);
  running_.erase(result.cell.id);
  take(progress);
  if (!expected(result.verdict)) ++red_;
  clear();
  auto verdict = fmt::format("{:<5}", to_string(result.verdict));
  std::string line = colour_ ? fmt::format(style_of(result.verdict), "{}", verdict) : verdict;
  line += fmt::format(" {:>7}  {}", report::duration_text(result.seconds), result.cell.id);
  if (result.verdict != Verdict::pass) line += "\n      " + report::reason(result);
  put(stdout, line + "\n");
  redraw();
}

void Terminal::warned(const std::string& sentence) {
  std::scoped_lock lock(mutex_);
  clear();
  put(stderr, fmt::format("kdt: warning: {}\n", printable(sentence)));
  redraw();
}

void Terminal::image_progress(const image::Progress& progress) {
  std::scoped_lock lock(mutex_);
  building_ = progress.done ? "" : progress_text(progress);
  if (live_) return redraw();
  int tenth = progress.fraction ? static_cast<int>(*progress.fraction * 10) : 0;
  if (progress.what == last_step_ && (tenth <= last_tenth_ || progress.done)) return;
  put(stderr, fmt::format("kdt: {}\n", progress.what == last_step_ ? progress_text(progress) : progress.what));
  last_step_ = progress.what;
  last_tenth_ = tenth;
}

} // namespace kdt::cli
