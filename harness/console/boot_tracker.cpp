#include "console/boot_tracker.hpp"

#include "base/text.hpp"

#include <array>

namespace kdt::console {

namespace {

// Sources: arch/arm64/kernel/setup.c:setup_arch (banner), kernel/panic.c:panic, arch/arm64/kernel/machine_kexec.c,
// arch/arm64/mm/fault.c:die_kernel_fault, arch/arm64/kernel/traps.c:die, lib/bug.c, kernel/panic.c:__warn.
constexpr std::string_view k_banner = "Booting Linux on physical CPU";
constexpr std::string_view k_panic = "Kernel panic - not syncing";
constexpr std::array<std::string_view, 2> k_leaving{"Starting crashdump kernel...", "Bye!"};
constexpr std::array<std::string_view, 5> k_oops{"Unable to handle kernel ", "Internal error: ", "kernel BUG at ",
                                                 "BUG: ", "Unhandled fault"};
constexpr std::string_view k_warning = "WARNING: CPU: ";
constexpr std::string_view k_marker = "kdt-agent: ";
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
  bool moved = stage_ != stage;
  stage_ = stage;
  return moved;
}

std::vector<Note> BootTracker::feed(std::string_view raw) {
  auto line = without_timestamp(raw);
  auto note = [&](Note::Kind kind) { return std::vector<Note>{{kind, stage_, printable(line)}}; };
  bool in_capture = stage_ == Stage::capture_kernel || stage_ == Stage::capture_panicked;

  if (line.starts_with(k_banner)) {
    ++banners_;
    bool after_panic = stage_ == Stage::panicked || stage_ == Stage::leaving;
    move_to(after_panic ? Stage::capture_kernel : Stage::system_kernel);
    return note(Note::Kind::stage);
  }
  if (line.starts_with(k_panic)) {
    (in_capture ? capture_panic_line_ : panic_line_) = printable(line);
    move_to(in_capture ? Stage::capture_panicked : Stage::panicked);
    return note(Note::Kind::stage);
  }
  if (stage_ == Stage::panicked && starts_with_any(line, k_leaving)) {
    move_to(Stage::leaving);
    return note(Note::Kind::stage);
  }
  bool warning = line.starts_with(k_warning);
  if (warning || starts_with_any(line, k_oops)) {
    if (complaints_.size() < k_complaints_kept) complaints_.push_back(printable(line));
    return note(warning ? Note::Kind::warning : Note::Kind::oops);
  }
  if (line.starts_with(k_marker)) return note(Note::Kind::marker);
  return {};
}

} // namespace kdt::console
