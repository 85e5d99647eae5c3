#include "image/build_step.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cctype>
#include <fcntl.h>

namespace kdt::image {

namespace {

/// kbuild prints "  CC      init/main.o": two spaces, a word in capitals.
bool is_step(std::string_view line) {
  return line.size() > 4 && line.starts_with("  ") && std::isupper(static_cast<unsigned char>(line[2])) != 0;
}

} // namespace

BuildSteps::BuildSteps(std::string subject, std::filesystem::path log, const Observer& observer, std::stop_token stop)
    : subject_(std::move(subject)), log_(std::move(log)), observer_(observer), stop_(std::move(stop)) {
  write_file(log_, "");
}

void BuildSteps::tell(const std::string& what, Clock::time_point began, std::optional<double> fraction,
                      bool done) const {
  if (!observer_) return;
  Seconds elapsed = Clock::now() - began;
  std::optional<Seconds> left;
  // The first few lines say nothing about the pace.
  if (!done && fraction && *fraction > 0.02) left = elapsed * ((1 - *fraction) / *fraction);
  observer_({.what = fmt::format("{}: {}", subject_, what),
             .fraction = fraction,
             .elapsed = elapsed,
             .left = left,
             .done = done});
}

void BuildSteps::run(const std::string& what, const Command& command, unsigned lines) {
  UniqueFd log = open_file(log_, O_WRONLY | O_APPEND);
  write_all(log.get(), fmt::format("$ {}\n", shell_line(command.argv)), log_.string());
  auto began = Clock::now();
  tell(what, began, lines == 0 ? std::nullopt : std::optional(0.0), false);
  unsigned seen = 0;
  std::string output;           // what first_error looks at: all of it, since the first error may be far from the end
  Command supervised = command; // a make's compilers must not outlive a kdt that is killed
  supervised.supervised = true;
  auto finished = run_program(supervised, Deadline::never(), stop_, [&](std::string_view line) {
    write_all(log.get(), fmt::format("{}\n", line), log_.string());
    output.append(line).push_back('\n');
    if (lines != 0 && is_step(line)) tell(what, began, std::min(0.99, double(++seen) / lines), false);
  });
  if (!finished.status.success())
    throw Error(Blame::infra, "{}: {} failed ({}): {} (full log: {})", subject_, what, to_string(finished.status),
                printable(first_error(output)), log_.string());
  tell(what, began, 1.0, true);
}

std::string first_error(std::string_view output) {
  // stdout and stderr come through two pipes: make's complaint may be read before the compiler's that caused it.
  const auto lines = split(output, '\n');
  for (const auto& line : lines)
    for (std::string_view mark : {"error:", "Error:", "ERROR:", "fatal:", "E: ", "undefined reference"})
      if (line.find(mark) != std::string::npos) return std::string(trim(line));
  std::string last = "no output";
  for (const auto& raw : lines) {
    auto line = trim(raw);
    if (line.empty()) continue;
    if (line.find("*** ") != std::string_view::npos) return last; // make only says that the line before was bad
    last = line;
  }
  return last;
}

bool is_shortage(std::string_view error) {
  // The last is what gcc says of a cc1 that the kernel ended for want of memory.
  constexpr std::string_view k_signs[] = {"No space left on device",  "Disk quota exceeded", "Cannot allocate memory",
                                          "virtual memory exhausted", "Too many open files", "Killed"};
  return std::ranges::any_of(k_signs, [&](auto sign) { return error.find(sign) != std::string_view::npos; });
}

void require_space(const std::filesystem::path& place, ByteSize needed, const std::string& purpose) {
  ByteSize free = free_space(place);
  if (free >= needed) return;
  throw Error(
      Blame::infra,
      "{} needs {} of disk space in {}, {} are free: run './kdt images gc', or set XDG_CACHE_HOME to a roomier place",
      purpose, human(needed), place.string(), human(free));
}

} // namespace kdt::image
