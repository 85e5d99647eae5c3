#include "vmcore/console_account.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace kdt::vmcore {

namespace {

constexpr std::string_view k_banner = "Booting Linux on physical CPU"; // of the second kernel, too

/// The kernel's part of a line, "[    1.234567] text", wherever it begins: a program may have written without a newline
/// before it. Empty when there is none. PRINTK_CALLER's "[    T1]" is left out, for the log does not print it.
std::string kernel_line(std::string_view line) {
  for (auto at = line.find('['); at != std::string_view::npos; at = line.find('[', at + 1)) {
    auto end = line.find(']', at);
    if (end == std::string_view::npos) return {};
    auto stamp = line.substr(at + 1, end - at - 1);
    auto dot = stamp.find('.');
    bool digits = dot != std::string_view::npos && dot > 0 && stamp.size() == dot + 7 &&
                  stamp.find_first_not_of(" 0123456789.") == std::string_view::npos && stamp[dot - 1] != ' ';
    if (!digits) continue;
    auto text = line.substr(end + 1);
    if (text.starts_with('[')) text.remove_prefix(std::min(text.find(']') + 1, text.size()));
    if (!text.starts_with(' ')) continue;
    return std::string(line.substr(at, end - at + 1)) + printable(text);
  }
  return {};
}

/// "[    1.234567]" of a line: all stamps of one kernel have the same width up to 99999 s, so that texts compare as
/// times.
std::string_view stamp_of(std::string_view line) {
  return line.substr(0, std::min(line.find(']'), line.size()));
}

/// What the first kernel printed, up to the panic.
std::vector<std::string> first_kernel(std::string_view console, std::string_view panic, bool& dropped) {
  std::vector<std::string> lines;
  bool booted = false;
  for (auto text : split(console, '\n')) {
    while (text.ends_with('\r')) text.pop_back();
    if (text.find(" printk messages dropped") != std::string::npos) dropped = true;
    auto line = kernel_line(text);
    if (line.empty()) continue;
    if (line.find(k_banner) != std::string::npos) {
      if (booted) break;
      booted = true;
    }
    lines.push_back(line);
    if (!panic.empty() && line.find(panic) != std::string::npos) break;
  }
  return lines;
}

std::vector<std::string> excerpt(const std::vector<std::string>& lines, std::string_view where) {
  constexpr std::size_t k_most = 8;
  std::vector<std::string> some;
  for (const auto& line : lines)
    if (some.size() < k_most) some.push_back(fmt::format("{}: {}", where, line));
  return some;
}

} // namespace

Account hold_against_console(std::string_view console, const std::vector<std::string>& log, std::string_view levels,
                             std::string_view panic, unsigned loglevel) {
  Account account;
  auto shown = first_kernel(console, panic, account.dropped);
  if (log.empty() || shown.empty()) return account;
  std::map<std::string, std::size_t, std::less<>> in_log, on_console;
  for (const auto& line : log) ++in_log[line];
  for (const auto& line : shown) {
    ++on_console[line];
    if (stamp_of(line) < stamp_of(log.front())) continue; // the ring has overwritten it
    ++account.compared;
    auto found = in_log.find(line);
    if (found == in_log.end() || found->second-- == 0) {
      account.not_in_log.push_back(line);
      if (found != in_log.end()) found->second = 0;
    }
  }
  std::vector<std::string> silent; // since the last line that the console shows
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (auto found = on_console.find(log[i]); found != on_console.end()) {
      account.not_on_console.insert(account.not_on_console.end(), silent.begin(), silent.end());
      silent.clear();
    } else if (i < levels.size() && static_cast<unsigned>(levels[i] - '0') < loglevel) {
      silent.push_back(log[i]);
    }
    if (!panic.empty() && log[i].find(panic) != std::string::npos) break;
  }
  return account;
}

unsigned console_loglevel(std::string_view cmdline) {
  constexpr unsigned k_default = 7, k_quiet = 4, k_debug = 10, k_all = 16; // CONSOLE_LOGLEVEL_* of <linux/printk.h>
  unsigned level = k_default;
  bool all = false;
  for (const std::string_view word : split(cmdline, ' ')) {
    if (word == "quiet") level = k_quiet;
    if (word == "debug") level = k_debug;
    if (word == "ignore_loglevel") all = true;
    if (word.starts_with("loglevel=")) std::from_chars(word.data() + 9, word.data() + word.size(), level);
  }
  return all ? k_all : level;
}

std::vector<Finding> judge_account(const Account& account) {
  auto silent = account.dropped ? 0 : account.not_on_console.size();
  if (account.not_in_log.empty() && silent == 0) return {};
  auto evidence = excerpt(account.not_in_log, "console only");
  if (silent > 0)
    for (auto& line : excerpt(account.not_on_console, "vmcore only")) evidence.push_back(std::move(line));
  return {make_finding("vmcore-log-differs",
                       fmt::format("up to the panic, {} lines of the console are not in the vmcore's log, and {} lines "
                                   "of the log are not on the console",
                                   account.not_in_log.size(), silent),
                       std::move(evidence))};
}

} // namespace kdt::vmcore
