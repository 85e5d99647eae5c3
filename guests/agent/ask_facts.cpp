#include "asks.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <sys/utsname.h>

namespace kdt::agent {

Reply serve_facts(const Session& session, const protocol::Json&) {
  constexpr std::size_t k_most_log = std::size_t{512} * 1024;
  const auto meminfo = read_text("/proc/meminfo");
  const auto crash_size = read_word("/sys/kernel/kexec_crash_size", "");
  const auto crash_loaded = read_word("/sys/kernel/kexec_crash_loaded", "");

  protocol::Facts facts;
  facts.release = hello(session).release;
  facts.build_id = read_build_id(exists("/sys/kernel/notes") ? read_text("/sys/kernel/notes") : "");
  facts.cmdline = read_word("/proc/cmdline", "");
  facts.page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  facts.cpus_online = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  facts.init_seconds = session.init_seconds;
  facts.mem_total = read_meminfo(meminfo, "MemTotal");
  facts.page_tables = read_meminfo(meminfo, "PageTables");
  facts.iomem = read_iomem(read_text("/proc/iomem"));
  if (!crash_size.empty()) facts.kexec_crash_size = std::stoull(crash_size);
  if (!crash_loaded.empty()) facts.kexec_crash_loaded = crash_loaded == "1";
  facts.vmcoreinfo = read_note_place(read_word("/sys/kernel/vmcoreinfo", ""));
  facts.dmesg = read_log(kernel_log(), k_most_log, facts.dmesg_cut);
  return {protocol::encode(facts), {}};
}

} // namespace kdt::agent
