#include "vmcore/console_account.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace kdt::vmcore {

namespace {

/// The length of a stamp "[    1.234567]" at this place; 0: none stands there.
std::size_t stamp_length(std::string_view text) {
  auto end = text.find(']');
  if (!text.starts_with('[') || end == std::string_view::npos) return 0;
  auto stamp = text.substr(1, end - 1);
  auto dot = stamp.find('.');
  bool digits = dot != std::string_view::npos && dot > 0 && stamp.size() == dot + 7 &&
                stamp.find_first_not_of(" 0123456789.") == std::string_view::npos && stamp[dot - 1] != ' ';
  return digits ? end + 1 : 0;
}

/// Where the next line of a kernel's begins, "[    1.234567] text".
std::size_t find_stamp(std::string_view line, std::size_t from) {
  for (auto at = line.find('[', from); at != std::string_view::npos; at = line.find('[', at + 1)) {
    auto length = stamp_length(line.substr(at));
    auto text = line.substr(at + length);
    if (length > 0 && (text.starts_with(' ') || text.starts_with('['))) return at;
  }
  return std::string_view::npos;
}

/// A line as the log has it. PRINTK_CALLER's "[    T1]" is left out, for the log does not print it.
std::string kernel_line(std::string_view line) {
  auto length = stamp_length(line);
  auto text = line.substr(length);
  if (text.starts_with('[')) text.remove_prefix(std::min(text.find(']') + 1, text.size()));
  return std::string(line.substr(0, length)) + printable(text);
}

/// "[    1.234567]" of a line: all stamps of one kernel have the same width up to 99999 s, so that texts compare as
/// times.
std::string_view stamp_of(std::string_view line) {
  return line.substr(0, std::min(line.find(']'), line.size()));
}

using Lines = std::set<std::string, std::less<>>;

/// The line of the log that this one is the beginning of.
const std::string* line_begun(const Lines& log, std::string_view begun) {
  auto found = log.lower_bound(begun);
  bool more_than_a_stamp = begun.size() > stamp_of(begun).size() + 2;
  return more_than_a_stamp && found != log.end() && found->starts_with(begun) ? &*found : nullptr;
}

/// What the first kernel printed, up to the panic.
class FirstKernel {
public:
  FirstKernel(std::string_view console, std::string_view panic, const Lines& log) : panic_(panic), log_(log) {
    for (const std::string_view text : split(console, '\n')) {
      if (text.find(" printk messages dropped") != std::string_view::npos) dropped = true;
      if (!take(text.substr(0, text.find_last_not_of('\r') + 1))) break;
    }
  }

  std::vector<std::string> lines;
  bool dropped = false;

private:
  /// Wherever a line begins: a program may have written without a newline before it. False: the first kernel is done.
  bool take(std::string_view text) {
    auto at = find_stamp(text, 0);
    if (at == std::string_view::npos) return true;
    auto whole = kernel_line(text.substr(at));
    // A CPU that panics prints over the line that another one is at: of that line, only the beginning is there.
    auto next = log_.contains(whole) ? std::string_view::npos : find_stamp(text, at + 1);
    const auto* begun = line_begun(log_, next == std::string_view::npos ? "" : kernel_line(text.substr(at, next - at)));
    if (begun == nullptr) return add(std::move(whole));
    return add(*begun) && take(text.substr(next));
  }

  bool add(std::string line) {
    // Both kernels print the first line; both clocks begin at zero, should the second kernel be told to be quiet.
    bool boots = line.find("Booting Linux on physical CPU") != std::string::npos;
    bool at_zero = stamp_of(line) == "[    0.000000";
    if ((boots && booted_) || (at_zero && !lines.empty() && stamp_of(lines.back()) != "[    0.000000")) return false;
    booted_ |= boots;
    lines.push_back(std::move(line));
    return panic_.empty() || lines.back().find(panic_) == std::string::npos;
  }

  std::string_view panic_;
  const Lines& log_;
  bool booted_ = false;
};

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
  const Lines in_log(log.begin(), log.end());
  const FirstKernel shown(console, panic, in_log);
  account.dropped = shown.dropped;
  if (log.empty() || shown.lines.empty()) return account;
  const Lines on_console(shown.lines.begin(), shown.lines.end());
  for (const auto& line : shown.lines) {
    if (stamp_of(line) < stamp_of(log.front())) continue; // the ring has overwritten it
    ++account.compared;
    // That the console shows a line twice is no fault: a boot console hands over to the real one in the middle of it.
    if (!in_log.contains(line)) account.not_in_log.push_back(line);
  }
  std::vector<std::string> silent; // since the last line that the console shows
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (on_console.contains(log[i])) {
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
