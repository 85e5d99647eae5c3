#include "machine/emulator_log.hpp"

#include "base/text.hpp"

#include <cctype>

namespace kdt::machine {

namespace {

/// Whether text begins as the pattern says: 0 stands for any digit, anything else for itself.
bool begins(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) return false;
  }
  return true;
}

constexpr std::string_view k_libvirt_says = "0000-00-00 00:00:00.000+0000: ";
constexpr std::string_view k_qemu_says = "0000-00-00T00:00:00.000000Z ";

} // namespace

std::string words_of_emulator(std::string_view log) {
  std::string words;
  bool command_line = false;
  for (std::string_view line : split(log, '\n')) {
    if (begins(line, k_libvirt_says)) {
      command_line = line.find("starting up") != std::string_view::npos; // one log may hold several lives
      if (command_line) words.clear();
      continue;
    }
    if (command_line) {
      command_line = line.ends_with('\\');
      continue;
    }
    if (begins(line, k_qemu_says)) line.remove_prefix(k_qemu_says.size());
    if (line.empty() || line.starts_with("char device redirected to ")) continue;
    words += std::string(line) + "\n";
  }
  return words;
}

std::optional<std::string> words_of_failed_start(std::string_view message) {
  // qemu_monitor.c and qemu_process.c of libvirt 9.0
  for (std::string_view wrap : {"process exited while connecting to monitor", "qemu unexpectedly closed the monitor"}) {
    auto at = message.find(wrap);
    if (at == std::string_view::npos) continue;
    auto words = message.substr(at + wrap.size());
    if (words.starts_with(": ")) words.remove_prefix(2);
    return std::string(trim(words_of_emulator(words)));
  }
  return std::nullopt;
}

std::string words_of_refusal(std::string_view message) {
  constexpr std::string_view k_wrap = "unable to execute QEMU command '"; // qemu_monitor_json.c of libvirt 9.0
  auto at = message.find(k_wrap);
  auto end = at == std::string_view::npos ? at : message.find("': ", at + k_wrap.size());
  return std::string(end == std::string_view::npos ? message : message.substr(end + 3));
}

} // namespace kdt::machine
