#include "console/boot_tracker.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kdt::console {

namespace {

// Sources: arch/arm64/kernel/setup.c:setup_arch (banner), kernel/panic.c:panic, arch/arm64/kernel/machine_kexec.c,
// arch/arm64/kernel/traps.c:die, which calls crash_kexec() itself, so that an oops with panic_on_oops never comes to
// the line of panic(). init/main.c:run_init_process.
constexpr std::string_view k_banner = "Booting Linux on physical CPU";
constexpr std::string_view k_panic = "Kernel panic - not syncing";
constexpr std::string_view k_oops = "Internal error: ";
constexpr std::array<std::string_view, 2> k_leaving{"Starting crashdump kernel...", "Bye!"};
constexpr std::string_view k_run = "Run ";
constexpr std::string_view k_as_init = " as init process";
constexpr std::string_view k_marker = "kdt-agent: ";
constexpr std::string_view k_hello_capture = "kdt-agent: hello capture";
constexpr std::size_t k_complaints_kept = 50;

template <std::size_t N>
bool starts_with_any(std::string_view line, const std::array<std::string_view, N>& prefixes) {
  for (auto prefix : prefixes)
    if (line.starts_with(prefix)) return true;
  return false;
}

} // namespace

std::string_view to_string(Stage stage) {
  constexpr std::array<std::string_view, 6> words{"firmware", "system_kernel",  "panicked",
                                                  "leaving",  "capture_kernel", "capture_panicked"};
  return words.at(static_cast<std::size_t>(stage));
}

std::string_view without_timestamp(std::string_view line) {
  while (line.starts_with('[')) {
    auto end = line.find(']');
    bool prefix = end != std::string_view::npos &&
                  line.substr(1, end - 1).find_first_not_of(" .0123456789TC") == std::string_view::npos;
    if (!prefix) break;
    line = line.substr(end + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
  }
  return line;
}

bool BootTracker::move_to(Stage stage) {
  if (stage == Stage::panicked || stage == Stage::leaving || stage == Stage::capture_panicked) init_.clear();
  bool moved = stage_ != stage;
  stage_ = stage;
  return moved;
}

/// Once a kernel has stamped a line it stamps all; what has no stamp then was printed by a program.
bool BootTracker::of_kernel(std::string_view raw, std::string_view line) const {
  return !stamped_ || raw.size() != line.size();
}

const LineClass* BootTracker::sight(std::string_view raw, std::string_view line) {
  const auto* what = classify(line, of_kernel(raw, line) ? LineClass::Origin::kernel : LineClass::Origin::tool);
  if (what == nullptr) return nullptr;
  remember(what, line);
  bool fault = what->standing == LineClass::Standing::fault;
  if (fault && complaints_.size() < k_complaints_kept) complaints_.push_back(printable(line));
  return what;
}

void BootTracker::remember(const LineClass* what, std::string_view line) {
  auto same = [&](const Sighting& seen) { return seen.what == what && seen.stage == stage_; };
  if (std::ranges::none_of(sightings_, same)) sightings_.push_back({what, stage_, printable(line)});
}

const Sighting* BootTracker::most_telling(Stage from) const {
  const Sighting* telling = nullptr;
  for (const auto& seen : sightings_)
    if (seen.stage >= from && (telling == nullptr || seen.what < telling->what)) telling = &seen;
  return telling;
}

std::vector<Note> BootTracker::feed(std::string_view raw) {
  auto line = without_timestamp(raw);
  auto note = [&](Note::Kind kind, const LineClass* what = nullptr) {
    return std::vector<Note>{{kind, stage_, printable(line), what}};
  };
  bool in_capture = stage_ == Stage::capture_kernel || stage_ == Stage::capture_panicked;
  if (std::exchange(capture_banner_next_, false)) capture_banner_ = printable(line);

  if (line.starts_with(k_banner)) {
    ++banners_;
    init_.clear();
    stamped_ = raw.size() != line.size();
    bool after_panic = stage_ == Stage::panicked || stage_ == Stage::leaving;
    capture_banner_next_ = after_panic;
    move_to(after_panic ? Stage::capture_kernel : Stage::system_kernel);
    return note(Note::Kind::stage);
  }
  if (line.starts_with(k_panic) && of_kernel(raw, line)) {
    (in_capture ? capture_panic_line_ : panic_line_) = printable(line);
    move_to(in_capture ? Stage::capture_panicked : Stage::panicked);
    const auto* what = classify(line, LineClass::Origin::kernel);
    if (what != nullptr) remember(what, line);
    return note(Note::Kind::stage, what);
  }
  if (stage_ == Stage::system_kernel && line.starts_with(k_oops) && of_kernel(raw, line)) oops_line_ = printable(line);
  bool after_oops = stage_ == Stage::system_kernel && !oops_line_.empty() && line.starts_with(k_leaving.front());
  if (after_oops && of_kernel(raw, line)) {
    panic_line_ = oops_line_;
    move_to(Stage::leaving);
    return note(Note::Kind::stage);
  }
  if (stage_ == Stage::panicked && starts_with_any(line, k_leaving) && of_kernel(raw, line)) {
    move_to(Stage::leaving);
    return note(Note::Kind::stage);
  }
  if (line.starts_with(k_marker)) {
    // A panic in NMI context is not shown (printk waits for a better moment, which does not come): what looked like a
    // reboot was the capture kernel's start.
    if (stage_ == Stage::system_kernel && line.starts_with(k_hello_capture)) move_to(Stage::capture_kernel);
    return note(Note::Kind::marker);
  }
  if (line.starts_with(k_run) && line.ends_with(k_as_init) && line.size() > k_run.size() + k_as_init.size() &&
      of_kernel(raw, line))
    init_ = printable(line.substr(k_run.size(), line.size() - k_run.size() - k_as_init.size()));
  const auto* what = sight(raw, line);
  if (what == nullptr) return {};
  bool fault = what->standing == LineClass::Standing::fault;
  return note(fault ? Note::Kind::fault : Note::Kind::evidence, what);
}

} // namespace kdt::console
