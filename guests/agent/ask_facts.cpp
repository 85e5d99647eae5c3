#include "asks.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <fcntl.h>
#include <sys/utsname.h>

namespace kdt::agent {

namespace {

/// The first page of a file, or less. Of /proc/vmcore that is the ELF header and room for 72 program headers: what
/// follows is the dumped memory, and a kernel that believes wrong headers may oops when it is read. Of /proc/kallsyms,
/// which takes long to read, the symbols with the lowest addresses.
std::string start_of(const std::string& file) {
  constexpr std::size_t k_enough = 4096;
  const Fd fd = open_file(file, O_RDONLY);
  std::string text(k_enough, '\0');
  const ssize_t got = read(fd.get(), text.data(), text.size());
  if (got < 0) fail("cannot read " + file);
  text.resize(static_cast<std::size_t>(got));
  return text;
}

} // namespace

Reply serve_facts(const Session& session, const protocol::Json&) {
  constexpr std::size_t k_most_log = std::size_t{512} * 1024;
  const auto meminfo = read_text("/proc/meminfo");
  const auto crash_size = read_word(kexec_file("crash_size"), "");
  const auto crash_loaded = read_word(kexec_file("crash_loaded"), "");

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
  if (session.capture) facts.vmcore = read_program_headers(start_of("/proc/vmcore"));
  if (exists("/proc/kallsyms")) facts.text = read_symbol(start_of("/proc/kallsyms"), "_text");
  return {protocol::encode(facts), {}};
}

} // namespace kdt::agent
