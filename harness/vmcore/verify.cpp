#include "vmcore/verify.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "vmcore/flattened.hpp"
#include "vmcore/printk_log.hpp"
#include "vmcore/query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace kdt::vmcore {

namespace {

constexpr int k_exit_infra = 3;
constexpr PhysAddr k_addresses_end{std::uint64_t{1} << 52}; // of arm64, with every extension
/// libkdumpfile 0.5.1 takes twice a bitmap's size of memory for it, and dies where it gets none. 256 MiB are 8 TiB of
/// addresses in pages of 4 KiB.
constexpr ByteSize k_largest_bitmap = ByteSize::mib(256);

// ASan and TSan reserve terabytes of address space; a limit would kill the child before main(). Those builds go
// without.
#ifdef KDT_SANITIZED
constexpr bool k_limit_address_space = false;
#else
constexpr bool k_limit_address_space = true;
#endif

fs::path or_beside(const fs::path& given, const fs::path& vmcore, std::string_view suffix) {
  return given.empty() ? fs::path(vmcore.string() + std::string(suffix)) : given;
}

std::uint64_t file_size_limit() {
  struct rlimit limit {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  return std::min<std::uint64_t>(limit.rlim_cur, std::uint64_t{1} << 62);
}

/// Inspects the file, and the dump that a flattened one makes; returns the path of the dump to open.
fs::path look_at(const fs::path& vmcore, const fs::path& assembled, Contents& contents) {
  auto from = open_file(vmcore, O_RDONLY);
  contents.shape = inspect(from.get());
  contents.format = contents.shape.format;
  if (contents.format != Format::flattened) return vmcore;
  auto to = open_file(assembled, O_RDWR | O_CREAT | O_TRUNC);
  auto result = reassemble(from.get(), to.get(), file_size_limit());
  contents.stream_stopped = result.stopped;
  contents.shape = inspect(to.get());
  return assembled;
}

void read_inside(const Reader& reader, const Query& query, const fs::path& log_path, Deadline pages_deadline,
                 Contents& contents) {
  const auto& info = reader.vmcoreinfo();
  contents.opened = true;
  contents.architecture = reader.attribute(KDUMP_ATTR_ARCH_NAME);
  contents.release = info.line("OSRELEASE").value_or("");
  contents.build_id = info.line("BUILD-ID").value_or("");
  contents.crash_time = std::atoll(info.line("CRASHTIME").value_or("0").c_str());
  contents.page_size = reader.page_size();
  contents.untranslatable = reader.untranslatable();
  contents.cpus = reader.cpus();
  auto read = [&](std::uint64_t address, void* to, std::size_t bytes) {
    return contents.untranslatable.empty() && reader.read_virtual(address, to, bytes);
  };
  contents.crash = read_crash_state(info, contents.cpus, query.symbols, read);
  auto log = read_printk_log(info, read);
  contents.log_levels = log.levels;
  contents.log_records = log.records;
  contents.log_damaged = log.damaged;
  contents.log_problem = log.problem;
  if (!log.lines.empty()) write_file(log_path, log.text());
  contents.canaries =
      look_for(query.key, query.canaries, contents.page_size,
               [&](PhysAddr address, void* to, std::size_t bytes) { return reader.read_physical(address, to, bytes); });
  for (const auto& piece : query.pieces)
    if (!reader.stores_any(piece)) contents.empty_pieces.push_back(piece);
  // An ELF segment has no form that could be wrong; its end has been checked against the file's.
  if (contents.shape.format == Format::kdump) contents.pages = reader.read_all_pages(pages_deadline);
}

/// Why libkdumpfile is not asked about a file that is whole, told in contents; false: it is.
bool is_beyond(const Shape& shape, Contents& contents) {
  if (shape.addresses_end > k_addresses_end)
    contents.unreadable = "the vmcore's headers claim memory beyond the 52 bits of an arm64 address";
  else if (shape.bitmap_bytes > k_largest_bitmap.bytes)
    contents.pages.stopped = fmt::format("its bitmaps are of {} each, and kdt reads none of more than {}",
                                         human(ByteSize{shape.bitmap_bytes}), human(k_largest_bitmap));
  else
    return false;
  return true;
}

Contents read_contents(const fs::path& vmcore, const fs::path& assembled, const fs::path& log, Seconds page_budget,
                       const Query& query) {
  Contents contents;
  auto dump = look_at(vmcore, assembled, contents);
  const auto& shape = contents.shape;
  bool whole = contents.stream_stopped.empty() && !shape.truncated() && shape.aarch64;
  if (!whole || (shape.format != Format::kdump && shape.format != Format::elf)) return contents;
  if (is_beyond(shape, contents)) return contents;
  try {
    Reader reader(dump);
    read_inside(reader, query, log, Deadline::after(std::chrono::duration_cast<Clock::duration>(page_budget)),
                contents);
  } catch (const Error& error) {
    if (error.blame() != Blame::tool) throw;
    contents.unreadable = error.what();
  }
  return contents;
}

Report crashed(Report report, std::string text, const Finished& finished) {
  std::vector<std::string> evidence;
  for (const auto& line : split(trim(finished.err), '\n'))
    if (!line.empty()) evidence.push_back(printable(line));
  if (evidence.size() > 5) evidence.resize(5);
  report.findings = {make_finding("verify-crashed", std::move(text), std::move(evidence))};
  return report;
}

/// What this process has cost so far. VmHWM and not ru_maxrss, which begins with that of the process that forked this.
void tell_costs(Contents& contents) {
  contents.peak_memory = peak_memory_of(::getpid()).bytes;
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  for (const auto& time : {usage.ru_utime, usage.ru_stime})
    contents.cpu_seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

} // namespace

int verify_child_main(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(stderr, "usage: {} VMCORE ASSEMBLED LOG SECONDS QUERY\n", k_verify_command);
    return 2;
  }
  struct rlimit no_core {};
  ::setrlimit(RLIMIT_CORE, &no_core);
  try {
    auto query = query_from_json(nlohmann::ordered_json::parse(argv[6]));
    auto contents = read_contents(argv[2], argv[3], argv[4], Seconds(std::atof(argv[5])), query);
    tell_costs(contents);
    fmt::print("{}\n", to_json(contents).dump());
    return 0;
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return k_exit_infra;
  } catch (const std::exception& error) { // out of memory: the limit held
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

Limits verify_limits(const Subject& subject) {
  auto seconds = std::chrono::ceil<std::chrono::seconds>(subject.page_budget);
  return {.address_space = ByteSize::gib(4),
          .file_size = ByteSize::gib(1024),
          .cpu_time = 2 * seconds + std::chrono::seconds(60),
          .open_files = 64};
}

Report verify(const Subject& subject, const Expectation& expectation, const Limits& limits, Deadline deadline,
              std::stop_token stop) {
  auto assembled = or_beside(subject.assembled, subject.vmcore, ".assembled");
  auto log = or_beside(subject.log, subject.vmcore, "-dmesg.txt");
  write_file(log, ""); // a log of an earlier attempt must not pass for this one's
  Query query{.key = expectation.canary_key,
              .canaries = {},
              .pieces = pieces_of_the_kernel(expectation),
              .symbols = expectation.map ? expectation.map->addresses : LinkAddresses{}};
  for (const auto& canary : expectation.canaries) query.canaries.push_back(canary.address);
  Command command{.argv = {"/proc/self/exe", std::string(k_verify_command), subject.vmcore.string(), assembled.string(),
                           log.string(), fmt::format("{}", subject.page_budget.count()), to_json(query).dump()},
                  .limits = limits,
                  .own_network = true};
  if (!k_limit_address_space) command.limits.address_space.reset();
  auto finished = run_program(command, deadline, stop);
  Report report{.facts = {}, .findings = {}, .vmcore = subject.vmcore, .log = {}};
  if (finished.timed_out)
    return crashed(std::move(report), "reading the vmcore took longer than its deadline", finished);
  if (finished.status.signal == SIGXCPU)
    return crashed(std::move(report), "reading the vmcore took more CPU time than it may", finished);
  if (finished.status.signal == 0 && finished.status.code == k_exit_infra)
    throw Error(Blame::infra, "{}", printable(trim(finished.err)));
  if (!finished.status.success())
    return crashed(std::move(report),
                   fmt::format("the process that reads the vmcore ended with {}", to_string(finished.status)),
                   finished);
  Contents contents;
  try {
    contents = contents_from_json(nlohmann::ordered_json::parse(finished.out));
  } catch (const nlohmann::json::exception& error) {
    return crashed(std::move(report),
                   fmt::format("the process that reads the vmcore printed no JSON: {}", error.what()), finished);
  }
  const std::string log_text = read_file(log);
  std::error_code ignored;
  if (log_text.empty())
    fs::remove(log, ignored);
  else
    report.log = log;
  if (contents.format == Format::flattened) report.vmcore = assembled;
  report.facts = observe(contents, log_text, expectation);
  if (contents.peak_memory > 0) report.facts["verify.peak_memory"] = static_cast<std::int64_t>(contents.peak_memory);
  report.facts["verify.cpu_seconds"] = contents.cpu_seconds;
  report.findings = judge(contents, log_text, expectation);
  return report;
}

} // namespace kdt::vmcore
