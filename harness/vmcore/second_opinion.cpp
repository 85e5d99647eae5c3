#include "vmcore/second_opinion.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace kdt::vmcore {

namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  text = trim(text);
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end != text.data() ? std::optional(number) : std::nullopt;
}

/// What stands behind "KEY: " up to two spaces or the end: crash puts several on a line.
std::optional<std::string> field(std::string_view line, std::string_view key) {
  auto at = line.find(key);
  if (at == std::string_view::npos || (at > 0 && line[at - 1] != ' ')) return std::nullopt;
  auto value = trim(line.substr(at + key.size()));
  return std::string(trim(value.substr(0, value.find("  "))));
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

/// "[    1.234567] text", with "[ T12]" behind the time where the kernel prints the caller.
bool is_log_line(std::string_view line) {
  if (!line.starts_with('[')) return false;
  auto end = line.find(']');
  return end != std::string_view::npos &&
         line.substr(1, end - 1).find_first_not_of(" .0123456789") == std::string_view::npos &&
         line.substr(0, end).find('.') != std::string_view::npos;
}

/// " #3 [ffff80000802bb50] panic at ffffb6d1f3c3a9b4": the function; empty for anything else.
std::string function_of(std::string_view line) {
  auto text = trim(line);
  if (!text.starts_with('#')) return "";
  auto open = text.find('['), close = text.find("] ");
  if (open == std::string_view::npos || close == std::string_view::npos || open > close) return "";
  auto rest = text.substr(close + 2);
  return std::string(rest.substr(0, rest.find_first_of(" +")));
}

void read_heading(std::string_view line, SecondOpinion& opinion) {
  if (auto value = field(line, "RELEASE: ")) opinion.release = *value;
  if (auto value = field(line, "CPUS: ")) opinion.cpus = number_in<unsigned>(*value);
  if (auto value = field(line, "PANIC: ")) opinion.panic = unquoted(*value);
  if (auto value = field(line, "COMMAND: ")) opinion.task = unquoted(*value);
  if (auto value = field(line, "PID: ")) opinion.pid = number_in<std::int64_t>(*value);
  if (auto value = field(line, "CPU: ")) opinion.cpu = number_in<unsigned>(*value);
}

Finding differ(std::string_view question, std::string ours, std::string theirs) {
  return make_finding("opinions-differ", fmt::format("kdt and crash read the {} differently", question),
                      {"kdt: " + ours, "crash: " + theirs});
}

template <class T>
const T* known(const Facts& facts, std::string_view name) {
  const auto* value = find(facts, name);
  return value == nullptr ? nullptr : std::get_if<T>(value);
}

/// "panic+0x1c" → "panic".
std::string without_offset(const std::string& place) {
  return place.substr(0, place.find('+'));
}

/// The stacks say the same when half of the shorter one's functions stand in the other in that order: readers differ in
/// what they make of inlined functions, of exception frames and of both ends.
bool same_stack(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto& shorter = a.size() <= b.size() ? a : b;
  const auto& longer = a.size() <= b.size() ? b : a;
  std::size_t at = 0, found = 0;
  for (const auto& function : shorter) {
    auto it = std::find(longer.begin() + static_cast<std::ptrdiff_t>(at), longer.end(), function);
    if (it == longer.end()) continue;
    at = static_cast<std::size_t>(it - longer.begin()) + 1;
    ++found;
  }
  return 2 * found >= shorter.size();
}

void compare_stacks(const Facts& own, const SecondOpinion& opinion, std::vector<Finding>& findings) {
  const auto* ours = known<std::vector<std::string>>(own, "vmcore.crash_stack");
  if (ours == nullptr || ours->empty() || opinion.stack.empty()) return;
  std::vector<std::string> functions;
  for (const auto& place : *ours) functions.push_back(without_offset(place));
  if (!same_stack(functions, opinion.stack))
    findings.push_back(differ("back trace of the task that panicked", fmt::format("{}", fmt::join(functions, " ← ")),
                              fmt::format("{}", fmt::join(opinion.stack, " ← "))));
}

/// What a line says after its time stamp: rounding and callers are printed in more than one way.
std::string_view message_of(std::string_view line) {
  auto close = line.find("] ");
  return close == std::string_view::npos ? line : trim(line.substr(close + 2));
}

void compare_logs(std::string_view own_log, const SecondOpinion& opinion, std::vector<Finding>& findings) {
  if (own_log.empty()) return;
  auto ours = split(own_log, '\n');
  std::erase(ours, "");
  auto count = std::max(ours.size(), opinion.log.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::string_view here = i < ours.size() ? message_of(ours[i]) : "(no more lines)";
    std::string_view there = i < opinion.log.size() ? message_of(opinion.log[i]) : "(no more lines)";
    if (here == there) continue;
    findings.push_back(differ("kernel log", fmt::format("{} lines; line {}: {}", ours.size(), i + 1, here),
                              fmt::format("{} lines; line {}: {}", opinion.log.size(), i + 1, there)));
    return;
  }
}

} // namespace

std::string_view crash_commands() {
  return "sys\nset -p\nbt\nlog\nquit\n";
}

SecondOpinion read_crash_output(std::string_view output) {
  SecondOpinion opinion;
  for (const auto& raw : split(output, '\n')) {
    auto line = printable(raw);
    if (is_log_line(line))
      opinion.log.push_back(line);
    else if (!opinion.log.empty())
      opinion.log.push_back(line); // a message of several lines; the log comes last
    else if (auto function = function_of(line); !function.empty())
      opinion.stack.push_back(function);
    else
      read_heading(line, opinion);
  }
  while (!opinion.log.empty() && trim(opinion.log.back()).empty()) opinion.log.pop_back();
  return opinion;
}

Facts observe(const SecondOpinion& opinion) {
  Facts facts;
  if (!opinion.release.empty()) facts["opinion.release"] = opinion.release;
  if (opinion.cpus) facts["opinion.cpus"] = std::int64_t{*opinion.cpus};
  if (!opinion.task.empty()) facts["opinion.task"] = opinion.task;
  if (!opinion.stack.empty()) facts["opinion.stack"] = opinion.stack;
  facts["opinion.log_lines"] = static_cast<std::int64_t>(opinion.log.size());
  return facts;
}

std::vector<Finding> compare(const Facts& own, std::string_view own_log, const SecondOpinion& opinion) {
  if (opinion.release.empty() || opinion.task.empty() || opinion.log.empty())
    return {make_finding("opinion-failed", "crash told no release, no task or no log of this vmcore")};
  std::vector<Finding> findings;
  auto text = [&](std::string_view question, std::string_view name, const std::string& theirs) {
    const auto* ours = known<std::string>(own, name);
    if (ours != nullptr && *ours != theirs) findings.push_back(differ(question, *ours, theirs));
  };
  auto number = [&](std::string_view question, std::string_view name, auto theirs) {
    const auto* ours = known<std::int64_t>(own, name);
    if (ours != nullptr && theirs && *ours != static_cast<std::int64_t>(*theirs))
      findings.push_back(differ(question, fmt::format("{}", *ours), fmt::format("{}", *theirs)));
  };
  text("kernel's release", "vmcore.release", opinion.release);
  number("number of CPUs", "vmcore.cpus", opinion.cpus);
  text("task that panicked", "vmcore.crashed_task", opinion.task);
  number("CPU that panicked", "vmcore.crashed_cpu", opinion.cpu);
  compare_stacks(own, opinion, findings);
  compare_logs(own_log, opinion, findings);
  return findings;
}

} // namespace kdt::vmcore
