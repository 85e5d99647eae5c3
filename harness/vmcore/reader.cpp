#include "vmcore/reader.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "vmcore/raw_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>

namespace kdt::vmcore {

namespace {

constexpr std::uint64_t k_max_cpus = 4096; // NR_CPUS of arm64 is at most that
constexpr ByteSize k_largest_mapped = ByteSize::mib(256);
/// Of pages, when each is read once. libkdumpfile 0.5.1 looks through a list of all that it keeps for each page that is
/// new: with its 1024 that is half of the time that reading takes.
constexpr kdump_num_t k_pages_kept = 16;

void check(kdump_ctx_t* context, kdump_status status, const std::filesystem::path& path, std::string_view act) {
  if (status == KDUMP_OK) return;
  const char* reason = kdump_get_err(context);
  throw Error(Blame::tool, "vmcore {}: cannot {}: {}", path.filename().string(), act,
              reason != nullptr ? reason : kdump_strerror(status));
}

/// Not the file's fault: memory that the child may not have, a disk of the host that fails; a compression that the
/// library was built without.
bool ours(kdump_status status) {
  return status == KDUMP_ERR_SYSTEM || status == KDUMP_ERR_NOTIMPL;
}

CHandle<kdump_ctx_t, kdump_free> open_dump(int fd, const std::filesystem::path& path) {
  CHandle<kdump_ctx_t, kdump_free> context(kdump_new());
  if (!context) throw Error(Blame::infra, "libkdumpfile: out of memory");
  check(context.get(), kdump_open_fd(context.get(), fd), path, "open it");
  // A mapped file stays in memory as a whole: 1.2 GB of a 256 GiB machine's. Reading it takes a third more CPU time.
  if (RawFile(fd).size() > k_largest_mapped.bytes)
    check(context.get(), kdump_set_number_attr(context.get(), KDUMP_ATTR_FILE_MMAP_POLICY, KDUMP_MMAP_NEVER), path,
          "read it");
  return context;
}

} // namespace

Reader::Reader(const std::filesystem::path& path)
    : path_(path), fd_(open_file(path, O_RDONLY)), context_(open_dump(fd_.get(), path)) {
  auto* context = context_.get();
  // VMCOREINFO leads to the page tables; when it misleads, the rest of it is still worth reading.
  if (auto status = kdump_set_string_attr(context, KDUMP_ATTR_OSTYPE, "linux"); status != KDUMP_OK) {
    const char* reason = kdump_get_err(context);
    untranslatable_ = reason != nullptr ? reason : kdump_strerror(status);
    kdump_clear_err(context);
  }
  char* raw = nullptr;
  check(context, kdump_vmcoreinfo_raw(context, &raw), path, "find VMCOREINFO");
  CHandle<char, std::free> owned(raw);
  vmcoreinfo_text_ = raw;
  vmcoreinfo_ = VmcoreInfo(vmcoreinfo_text_);
}

std::string Reader::attribute(const char* name) const {
  const char* text = nullptr;
  if (kdump_get_string_attr(context_.get(), name, &text) != KDUMP_OK) {
    kdump_clear_err(context_.get());
    return {};
  }
  return text;
}

std::optional<std::uint64_t> Reader::number(const std::string& name) const {
  kdump_num_t value = 0;
  if (kdump_get_number_attr(context_.get(), name.c_str(), &value) == KDUMP_OK) return value;
  kdump_clear_err(context_.get());
  return std::nullopt;
}

std::uint64_t Reader::page_size() const {
  return number(KDUMP_ATTR_PAGE_SIZE).value_or(0);
}

std::vector<CpuRegisters> Reader::cpus() const {
  auto count = std::min(number(KDUMP_ATTR_NUM_CPUS).value_or(0), k_max_cpus);
  std::vector<CpuRegisters> cpus(count);
  for (std::uint64_t cpu = 0; cpu < count; ++cpu) {
    auto of = [&](std::string_view name) { return number(fmt::format("cpu.{}.{}", cpu, name)).value_or(0); };
    cpus[cpu] = {.pc = of("reg.pc"),
                 .sp = of("reg.sp"),
                 .lr = of("reg.lr"),
                 .pstate = of("reg.pstate"),
                 .pid = static_cast<std::int64_t>(of("pid")),
                 .fp = of("reg.x29"),
                 .registers = {}};
    for (int i = 0; i < 30; ++i) cpus[cpu].registers.push_back(of(fmt::format("reg.x{}", i)));
    for (auto value : {cpus[cpu].lr, cpus[cpu].sp, cpus[cpu].pc, cpus[cpu].pstate})
      cpus[cpu].registers.push_back(value);
  }
  return cpus;
}

bool Reader::read(kdump_addrspace_t space, std::uint64_t address, void* to, std::size_t bytes) const {
  std::size_t got = bytes;
  auto status = kdump_read(context_.get(), space, address, to, &got);
  if (status != KDUMP_OK) kdump_clear_err(context_.get());
  return status == KDUMP_OK && got == bytes;
}

bool Reader::read_virtual(std::uint64_t address, void* to, std::size_t bytes) const {
  return read(KDUMP_KVADDR, address, to, bytes);
}

bool Reader::read_physical(PhysAddr address, void* to, std::size_t bytes) const {
  return read(KDUMP_MACHPHYSADDR, address.value, to, bytes);
}

bool Reader::stores_any(const PhysRange& range) const {
  auto page = page_size();
  kdump_attr_t attribute{.type = KDUMP_BITMAP, .val = {}};
  if (page == 0 || kdump_get_typed_attr(context_.get(), KDUMP_ATTR_FILE_PAGEMAP, &attribute) != KDUMP_OK) return true;
  kdump_addr_t pfn = range.start.value / page;
  return kdump_bmp_find_set(attribute.val.bitmap, &pfn) == KDUMP_OK && pfn * page < range.end.value;
}

PageReading Reader::read_all_pages(Deadline deadline) const {
  PageReading reading;
  auto page = page_size();
  kdump_attr_t attribute{.type = KDUMP_BITMAP, .val = {}};
  if (page == 0 || kdump_get_typed_attr(context_.get(), KDUMP_ATTR_FILE_PAGEMAP, &attribute) != KDUMP_OK) {
    reading.stopped = "libkdumpfile does not tell which pages are stored";
    return reading;
  }
  // A reading of its own: one that has translated addresses keeps pages, and dies when it has room for few (0.5.1).
  auto context = open_dump(fd_.get(), path_);
  check(context.get(), kdump_set_number_attr(context.get(), "cache.size", k_pages_kept), path_, "read it");
  std::vector<char> buffer(page);
  kdump_addr_t pfn = 0;
  while (kdump_bmp_find_set(attribute.val.bitmap, &pfn) == KDUMP_OK) {
    kdump_addr_t end = pfn;
    if (kdump_bmp_find_clear(attribute.val.bitmap, &end) != KDUMP_OK || end <= pfn) break;
    reading.present += end - pfn;
    for (; pfn < end && reading.stopped.empty(); ++pfn) {
      if (deadline.passed()) {
        reading.stopped = "the time for it was over";
        break;
      }
      std::size_t got = page;
      auto status = kdump_read(context.get(), KDUMP_MACHPHYSADDR, pfn * page, buffer.data(), &got);
      if (status == KDUMP_OK && got == page) {
        ++reading.read;
        continue;
      }
      const char* reason = kdump_get_err(context.get());
      auto where = fmt::format("{:#x}: {}", pfn * page, reason != nullptr ? reason : "short");
      kdump_clear_err(context.get());
      if (ours(status)) {
        reading.stopped = std::move(where);
        break;
      }
      ++reading.read;
      if (reading.bad++ == 0) reading.first_bad = std::move(where);
    }
    pfn = end;
  }
  return reading;
}

} // namespace kdt::vmcore
