#include "vmcore/crash_tool.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace kdt::vmcore {

namespace {

constexpr bool k_arm64_host =
#ifdef __aarch64__
    true;
#else
    false;
#endif

/// gdb inside crash reads the debug information of a whole kernel.
constexpr Limits k_limits{.address_space = ByteSize::gib(16),
                          .file_size = ByteSize::mib(64),
                          .cpu_time = std::chrono::seconds(1200),
                          .open_files = 64};

std::vector<std::string> last_words(const Finished& finished) {
  std::vector<std::string> lines;
  for (const auto* text : {&finished.out, &finished.err})
    for (const auto& line : split(*text, '\n'))
      if (!trim(line).empty()) lines.push_back(printable(line));
  if (lines.size() > 5) lines.erase(lines.begin(), lines.end() - 5);
  return lines;
}

} // namespace

bool crash_needs_tree() {
  return !k_arm64_host;
}

std::vector<std::string> crash_command(const std::optional<std::filesystem::path>& tree) {
  if (!crash_needs_tree()) {
    if (!find_program("crash")) throw Error(Blame::infra, "a deep check needs crash: apt-get install crash");
    return {"crash"};
  }
  if (!find_program("qemu-aarch64"))
    throw Error(Blame::infra, "a deep check runs arm64's crash, which needs qemu-aarch64: apt-get install qemu-user");
  if (!tree || !fs::exists(*tree / "usr/bin/crash")) throw Error(Blame::infra, "there is no arm64 crash to ask");
  return {"qemu-aarch64", "-L", tree->string(), (*tree / "usr/bin/crash").string()};
}

Asked ask_crash(const std::vector<std::string>& command, const std::filesystem::path& vmlinux,
                const std::filesystem::path& vmcore, Deadline deadline, std::stop_token stop) {
  TempDir place("kdt-crash");
  write_file(place.path() / "commands", crash_commands());
  // No .crashrc, no history, no pager: HOME and the directory are empty, and -s is silent until the first command.
  Command crash{.argv = command,
                .environment = {{"HOME", place.path().string()}, {"LC_ALL", "C"}, {"TERM", "dumb"}},
                .directory = place.path(),
                .input = place.path() / "commands",
                .output = place.path() / "output",
                .limits = k_limits,
                .own_network = true};
  crash.argv.insert(crash.argv.end(),
                    {"-s", "--no_scroll", fs::absolute(vmlinux).string(), fs::absolute(vmcore).string()});
#ifdef KDT_SANITIZED
  crash.limits.address_space.reset(); // a child of a sanitized program that is a sanitized program itself, in tests
#endif
  auto finished = run_program(crash, deadline, std::move(stop));
  finished.out = read_file(place.path() / "output");
  Asked asked{.opinion = read_crash_output(finished.out), .findings = {}};
  if (finished.timed_out || !finished.status.success())
    asked.findings.push_back(
        make_finding("opinion-failed",
                     finished.timed_out
                         ? "crash did not come to an end"
                         : fmt::format("crash could not read the vmcore: it ended with {}", to_string(finished.status)),
                     last_words(finished)));
  return asked;
}

} // namespace kdt::vmcore
