#include "machine/pool_name.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/proc_stat.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <unistd.h>

namespace kdt::machine {

namespace {

constexpr std::string_view k_prefix = "kdt-";
constexpr std::size_t k_host_digits = 16;

std::string own_host() {
  auto boot = std::string(trim(read_file("/proc/sys/kernel/random/boot_id")));
  std::error_code error;
  auto pids = fs::read_symlink("/proc/self/ns/pid", error).string(); // "pid:[4026531836]"
  if (error) throw Error(Blame::infra, "/proc/self/ns/pid: {}", error.message());
  return sha256(boot + " " + pids).substr(0, k_host_digits);
}

/// "" when there is no such process, or it is not ours to look at.
std::string start_of(int pid) {
  constexpr std::size_t k_start = proc_stat_index(22);
  try {
    auto fields = proc_stat(pid);
    return fields.size() > k_start ? fields[k_start] : "";
  } catch (const Error&) {
    return "";
  }
}

bool all_of(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

} // namespace

ProcessIdentity own_identity() {
  return {.host = own_host(), .pid = ::getpid(), .start = start_of(::getpid())};
}

std::string pool_name(const std::string& name, const ProcessIdentity& owner) {
  return fmt::format("{}@{}-{}-{}", name, owner.host, owner.pid, owner.start);
}

std::optional<ProcessIdentity> pool_owner(std::string_view pool) {
  auto at = pool.rfind('@');
  if (!pool.starts_with(k_prefix) || at == std::string_view::npos) return std::nullopt;
  auto words = split(pool.substr(at + 1), '-');
  constexpr std::string_view k_decimal = "0123456789";
  if (words.size() != 3 || words[0].size() != k_host_digits || !all_of(words[0], "0123456789abcdef") ||
      !all_of(words[1], k_decimal) || !all_of(words[2], k_decimal))
    return std::nullopt;
  ProcessIdentity owner{.host = words[0], .start = words[2]};
  auto error = std::from_chars(words[1].data(), words[1].data() + words[1].size(), owner.pid).ec;
  return error == std::errc{} && owner.pid > 0 ? std::optional(owner) : std::nullopt;
}

bool is_dead(const ProcessIdentity& process) {
  if (process.host != own_host()) return false;
  if (::kill(process.pid, 0) != 0 && errno == ESRCH) return true;
  auto start = start_of(process.pid);
  return !start.empty() && start != process.start; // another one has its PID now
}

} // namespace kdt::machine
