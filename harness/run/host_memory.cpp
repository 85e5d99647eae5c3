#include "run/host_memory.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/proc_stat.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <set>
#include <unistd.h>

namespace kdt::run {

namespace {

std::optional<std::string> read_if_there(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The number after a word at the start of a line; nullopt when no line starts so ("max" is no number either).
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view label) {
  for (const auto& line : split(text, '\n')) {
    if (!line.starts_with(label)) continue;
    auto rest = trim(std::string_view(line).substr(label.size()));
    std::uint64_t number = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), number).ec == std::errc{}) return number;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const fs::path& file, std::string_view label = "") {
  auto text = read_if_there(file);
  return text ? number_after(*text, label) : std::nullopt;
}

/// The files of one version of cgroups.
struct Files {
  const char* mount;
  const char* limit;
  const char* usage;
  const char* inactive; ///< in memory.stat: page cache that nobody has used for a while
};
constexpr Files k_version2{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};
constexpr Files k_version1{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                           "total_inactive_file "};

void apply_limit(const fs::path& directory, const Files& files, HostMemory& memory) {
  auto limit = number_in(directory / files.limit);
  auto usage = number_in(directory / files.usage);
  if (!limit || !usage) return; // no limit, or not a directory of ours
  auto reclaimable = number_in(directory / "memory.stat", files.inactive).value_or(0);
  auto taken = *usage - std::min(*usage, reclaimable);
  memory.total = std::min(memory.total, ByteSize{*limit});
  memory.available = std::min(memory.available, ByteSize{*limit - std::min(*limit, taken)});
}

/// A line of /proc/self/cgroup is "4:memory:/a/b", or "0::/a/b" of version 2. In a container the path may be that of
/// the host, with our own group mounted at the top: levels that are not there are passed over.
void apply_limits(const fs::path& root, std::string_view line, HostMemory& memory) {
  auto fields = split(line, ':');
  if (fields.size() < 3) return;
  bool version2 = fields[0] == "0" && fields[1].empty();
  auto controllers = split(fields[1], ',');
  if (!version2 && std::ranges::find(controllers, "memory") == controllers.end()) return;
  const auto& files = version2 ? k_version2 : k_version1;
  fs::path group = fs::path(fields[2]).relative_path();
  for (;; group = group.parent_path()) {
    apply_limit(root / files.mount / group, files, memory);
    if (group.empty()) return;
  }
}

/// Without what it shares with others: a template's RAM file is held by us, and stays when a fork of it ends.
ByteSize private_memory(int pid) {
  auto statm = read_if_there(fmt::format("/proc/{}/statm", pid)); // size resident shared …, in pages
  if (!statm) return {};
  auto fields = split(*statm, ' ');
  auto pages = [&](std::size_t field) {
    std::uint64_t number = 0;
    if (fields.size() > field)
      std::from_chars(fields[field].data(), fields[field].data() + fields[field].size(), number);
    return number;
  };
  return {(pages(1) - std::min(pages(1), pages(2))) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

} // namespace

HostMemory host_memory(const fs::path& root) {
  auto meminfo = root / "proc/meminfo";
  auto text = read_file(meminfo);
  auto total = number_after(text, "MemTotal:");
  auto available = number_after(text, "MemAvailable:");
  if (!total || !available) throw Error(Blame::infra, "{} has no MemTotal or no MemAvailable", meminfo.string());
  HostMemory memory{.total = ByteSize::kib(*total), .available = ByteSize::kib(*available)};
  memory.oom_kills = number_in(root / "proc/vmstat", "oom_kill ").value_or(0);
  for (const auto& line : split(read_if_there(root / "proc/self/cgroup").value_or(""), '\n'))
    apply_limits(root, line, memory);
  return memory;
}

ByteSize memory_reserve(ByteSize total) {
  return std::clamp(ByteSize{total.bytes / 16}, ByteSize::mib(256), ByteSize::gib(1));
}

ByteSize host_memory_budget(const HostMemory& memory) {
  return memory.available - std::min(memory.available, memory_reserve(memory.total));
}

std::optional<std::string> memory_shortage(const machine::Ended& ended, std::uint64_t oom_kills_before,
                                           const HostMemory& now) {
  for (std::string_view words : {"Cannot allocate memory", "failed to allocate"}) // errno's, and GLib's when it aborts
    if (ended.words.find(words) != std::string::npos) return "it could not get more memory";
  if ((ended.status_told && ended.status.signal != SIGKILL) || now.oom_kills <= oom_kills_before) return std::nullopt;
  return fmt::format("the host's kernel has ended {} of its processes for lack of memory meanwhile; of {} there are {} "
                     "available now",
                     now.oom_kills - oom_kills_before, human(now.total), human(now.available));
}

ByteSize memory_of_children(const std::vector<int>& others) {
  std::set<int> processes(others.begin(), others.end());
  for (int pid : children_of(::getpid())) processes.insert(pid);
  ByteSize sum;
  for (int pid : processes) sum = sum + private_memory(pid);
  return sum;
}

} // namespace kdt::run
