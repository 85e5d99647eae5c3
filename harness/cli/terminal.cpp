#include "cli/terminal.hpp"

#include "base/text.hpp"
#include "report/cell_text.hpp"
#include "report/columns.hpp"

#include <fmt/color.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kdt::cli {

namespace {

constexpr std::chrono::seconds k_tick{1}; // times are shown in seconds

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

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace

bool live_wanted(int fd) {
  return ::isatty(fd) != 0 && environment("TERM") != "dumb";
}

bool colour_wanted(int fd) {
  return live_wanted(fd) && environment("NO_COLOR").empty();
}

std::optional<TerminalSize> terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

report::SummaryOptions summary_options(const std::string& directory) {
  report::SummaryOptions options{.colour = colour_wanted(STDOUT_FILENO), .directory = directory};
  if (auto size = terminal_size(STDOUT_FILENO)) {
    options.columns = size->columns;
    options.rows = size->rows;
  }
  return options;
}

Terminal::Terminal(std::size_t total) : live_(live_wanted(STDERR_FILENO)), colour_(colour_wanted(STDOUT_FILENO)) {
  progress_.total = total;
  if (live_) clock_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
}

Terminal::~Terminal() {
  clock_ = {}; // asks it to stop, and waits
  clear();
}

void Terminal::tick(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, k_tick, [] { return false; }); // until the time is over or it is to stop
    if (!drawn_.empty() && !stop.stop_requested()) redraw();
  }
}

/// The terminal may have become narrower since, and wrapped what was drawn.
void Terminal::clear() {
  if (drawn_.empty()) return;
  std::size_t rows = 0;
  for (auto width : drawn_)
    rows += report::rows_of(width, terminal_size(STDERR_FILENO).value_or(TerminalSize{}).columns);
  // Row by row: tmux keeps in its history what is erased from the first row to the last in one go.
  std::string erase = "\r\x1b[2K";
  for (std::size_t row = 1; row < rows; ++row) erase += "\x1b[A\x1b[2K";
  put(stderr, erase);
  drawn_.clear();
}

LiveView Terminal::view() const {
  auto now = Clock::now();
  LiveView view{.progress = progress_, .red = red_, .building = building_};
  view.progress.left -= Seconds(now - progress_at_);
  for (const auto& cell : running_)
    view.running.push_back({.id = report::one_line(cell.id),
                            .phase = cell.phase,
                            .elapsed = now - cell.since,
                            .in_phase = now - cell.in_phase});
  return view;
}

void Terminal::redraw() {
  if (!live_) return;
  clear();
  auto lines = live_lines(view(), terminal_size(STDERR_FILENO).value_or(TerminalSize{}));
  for (const auto& line : lines) drawn_.push_back(report::width_of(line));
  put(stderr, fmt::format("{}", fmt::join(lines, "\n")));
}

void Terminal::take(const run::RunProgress& progress) {
  progress_ = progress;
  progress_at_ = Clock::now();
}

void Terminal::cell_started(const Cell& cell, const run::RunProgress& progress) {
  std::scoped_lock lock(mutex_);
  take(progress);
  auto now = Clock::now();
  running_.push_back({.id = cell.id, .since = now, .in_phase = now});
  if (!live_) put(stderr, fmt::format("kdt: {} begins\n", report::one_line(cell.id)));
  redraw();
}

void Terminal::phase_started(const Cell& cell, Phase phase) {
  std::scoped_lock lock(mutex_);
  auto it = std::ranges::find(running_, cell.id, &Running::id);
  if (it == running_.end()) return;
  it->phase = phase;
  it->in_phase = Clock::now();
  redraw();
}

void Terminal::cell_ended(const CellResult& result, const run::RunProgress& progress) {
  std::scoped_lock lock(mutex_);
  std::erase_if(running_, [&](const Running& cell) { return cell.id == result.cell.id; });
  take(progress);
  if (!expected(result.verdict)) ++red_;
  clear();
  auto size = live_wanted(STDOUT_FILENO) ? terminal_size(STDOUT_FILENO) : std::nullopt;
  auto text = ended_text(result, size ? size->columns : 0);
  std::string line = colour_ ? fmt::format(style_of(result.verdict), "{}", text.verdict) : text.verdict;
  line += text.rest + "\n";
  if (!text.why.empty()) line += text.why + "\n";
  put(stdout, line);
  redraw();
}

void Terminal::warned(const std::string& sentence) {
  say("warning: " + sentence);
}

void Terminal::say(const std::string& sentence) {
  std::scoped_lock lock(mutex_);
  clear();
  put(stderr, fmt::format("kdt: {}\n", printable(sentence)));
  redraw();
}

void Terminal::image_progress(const image::Progress& progress) {
  if (progress.remark) return say(progress.what);
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
