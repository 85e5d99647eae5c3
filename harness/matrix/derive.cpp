#include "matrix/derive.hpp"

#include "base/text.hpp"
#include "matrix/crashkernel.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace kdt::matrix {

namespace {
constexpr std::uint64_t k_zone_dma_end = std::uint64_t{1} << 32; // zone_dma_bits is 32 on virt: no dma-ranges in its DT

/// What is asked for counts up to here: facts are signed, and rules round them up.
constexpr std::uint64_t k_most_asked = (std::uint64_t{1} << 63) - ByteSize::mib(1).bytes;

/// The words of a command line, and what those of the form name=value say.
class CommandLine {
public:
  explicit CommandLine(const std::string& text) : words_(split(text, ' ')) {}

  bool has(std::string_view word) const { return std::ranges::find(words_, word) != words_.end(); }

  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& word : words_)
      if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=')
        found.push_back(word.substr(name.size() + 1));
    return found;
  }

  /// The last one counts: early parameters are read in order.
  std::optional<std::string> value(std::string_view name) const {
    auto found = values(name);
    return found.empty() ? std::nullopt : std::optional(found.back());
  }

private:
  std::vector<std::string> words_;
};

std::int64_t as_integer(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

template <typename T>
std::optional<T> known(const Facts& facts, std::string_view name) {
  const auto* value = find(facts, name);
  if (value == nullptr) return std::nullopt;
  const auto* held = std::get_if<T>(value);
  return held == nullptr ? std::nullopt : std::optional<T>(*held);
}

void add_parameters(const CellParameters& cell, Facts& facts) {
  facts["kernel"] = cell.kernel;
  facts["memory"] = as_integer(cell.memory.bytes);
  facts["cpus"] = static_cast<std::int64_t>(cell.cpus);
  facts["cpu"] = cell.cpu;
  facts["crashkernel"] = cell.crashkernel.value_or("none");
  facts["loader"] = cell.loader;
  facts["trigger"] = cell.trigger;
  if (cell.trigger_cpu) facts["trigger_cpu"] = static_cast<std::int64_t>(*cell.trigger_cpu);
  facts["capture_trigger"] = cell.capture_trigger.empty() ? "none" : cell.capture_trigger;
  facts["loads"] = cell.loads;
  if (cell.initramfs_size) facts["initramfs_size"] = as_integer(cell.initramfs_size->bytes);
  facts["dtb_randomness"] = cell.dtb_randomness;
  facts["tcg_threads"] = cell.tcg_threads;
  facts["dump.filter"] = static_cast<std::int64_t>(cell.dump.filter);
  facts["dump.compression"] = cell.dump.compression;
  facts["dump.format"] = cell.dump.format;
  facts["dump.target"] = cell.dump.target;
  facts["dump.threads"] = std::int64_t{cell.dump.threads};
  facts["dump.split"] = std::int64_t{cell.dump.split};
  facts["cmdline"] = cell.cmdline;
  facts["capture_cmdline"] = cell.capture_cmdline;
}

constexpr std::uint64_t k_default_page = 4096;

std::uint64_t known_number(const Facts& facts, std::string_view name, std::uint64_t otherwise) {
  auto number = known<std::int64_t>(facts, name);
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : otherwise;
}

/// Tables below the root that map this much memory at base pages: one for each span of the level above.
std::uint64_t table_bytes(std::uint64_t memory, const Facts& facts) {
  auto page = known_number(facts, "page_size", k_default_page);
  auto entries = page / 8;
  auto space = std::uint64_t{1} << std::min<std::uint64_t>(known_number(facts, "va_bits", 48) - 1, 62);
  std::uint64_t tables = 0;
  for (auto span = page * entries; span < space; span *= entries) tables += (memory + span - 1) / span;
  return tables * page;
}

/// A struct page of 64 bytes for each page, its page-table entry, CMA, and 64 MiB for what else is taken that early
/// (measured on 6.1 with 1 to 64 GiB: 20 MiB for the first GiB, 18 MiB for each more).
std::uint64_t boot_use(std::uint64_t ram, const Facts& facts) {
  auto page = known_number(facts, "page_size", k_default_page);
  return ram / page * (64 + 8) + known_number(facts, "cma", 0) + ByteSize::mib(64).bytes;
}

/// What QEMU puts into RAM, by its start: the Image 2 MiB into it, the initramfs 128 MiB, or in the middle of a smaller
/// one, whatever mem= says (hw/arm/boot.c: arm_setup_direct_kernel_boot). The device tree follows.
constexpr std::uint64_t k_image = k_ram_base + ByteSize::mib(2).bytes;
std::uint64_t initramfs_of(const CellParameters& cell) {
  return k_ram_base + std::min(cell.memory.bytes / 2, ByteSize::mib(128).bytes);
}

/// No hole below `end` is larger: there is one on either side of the start of the initramfs.
std::uint64_t largest_hole(const CellParameters& cell, std::uint64_t end) {
  auto initramfs = std::min(initramfs_of(cell), end);
  return std::max(initramfs - std::min(k_image, initramfs), end - initramfs);
}

/// What lies at [base, base + size) when the kernel looks.
std::string window_of(std::uint64_t base, std::uint64_t size, std::uint64_t ram, std::uint64_t initramfs,
                      const Facts& facts) {
  auto end = base + size;
  auto ram_end = k_ram_base + ram;
  if (base < k_ram_base || end < base || end > ram_end) return "outside";
  auto holds = [&](std::uint64_t address) { return base <= address && address < end; };
  if (holds(k_image) || holds(initramfs)) return "taken";
  bool free = base >= initramfs + ByteSize::mib(128).bytes && end + boot_use(ram, facts) <= ram_end;
  return free ? "free" : "unsure";
}

/// What the crash region and the linear map cost, by arithmetic.
void add_sizes(const CellParameters& cell, std::uint64_t ram, Facts& facts) {
  facts["boot_use"] = as_integer(boot_use(ram, facts));
  facts["hole"] = as_integer(largest_hole(cell, k_ram_base + ram));
  if (auto limit = known<std::int64_t>(facts, "dma_limit"))
    facts["hole_low"] = as_integer(largest_hole(cell, static_cast<std::uint64_t>(*limit)));
  facts["page_map_tables"] = as_integer(table_bytes(ram, facts));
  auto size = known<std::int64_t>(facts, "crashkernel.size");
  if (cell.shrink) facts["shrink"] = as_integer(cell.shrink->bytes);
  if (!size) return;
  auto asked = static_cast<std::uint64_t>(*size);
  facts["page_map_region"] = as_integer(table_bytes(asked, facts));
  facts["crashkernel.remaining"] = as_integer(cell.shrink ? std::min(asked, cell.shrink->bytes) : asked);
  if (auto base = known<std::int64_t>(facts, "crashkernel.base"))
    facts["crashkernel.window"] = window_of(static_cast<std::uint64_t>(*base), asked, ram, initramfs_of(cell), facts);
}

void add_crashkernel(const CommandLine& line, ByteSize ram, Facts& facts) {
  auto request = read_crashkernel(line.values("crashkernel"), ram);
  facts["crashkernel.form"] = request.form;
  facts["crashkernel.range"] = request.range;
  facts["crashkernel.flaw"] = request.flaw;
  facts["crashkernel.flaw_in"] = request.flaw_in;
  facts["crashkernel.flaw_char"] = request.flaw_char;
  facts["crashkernel.cma_is_last"] = request.cma_is_last;
  auto number = [](ByteSize size) { return as_integer(std::min(size.bytes, k_most_asked)); };
  if (request.size) facts["crashkernel.size"] = number(*request.size);
  if (request.base) facts["crashkernel.base"] = number(*request.base);
  if (request.low) facts["crashkernel.low"] = number(*request.low);
}

/// The kernel's default of KFENCE, unless the command line overrides it: off, late (sample interval 0: it may be
/// enabled later) or early (arch/arm64/mm/mmu.c: arm64_kfence_alloc_pool).
void add_kfence(const CommandLine& line, Facts& facts) {
  auto text = line.value("kfence.sample_interval");
  auto interval = text ? parse_byte_size(*text) : std::nullopt;
  if (!interval || known<std::string>(facts, "kfence").value_or("off") == "off") return;
  facts["kfence"] = std::string(interval->bytes == 0 ? "late" : "early");
  facts["kfence_interval"] = as_integer(interval->bytes);
}

/// debug_pagealloc= counts only in a kernel that has it built in, which its default alone does not tell.
void add_debug_pagealloc(const CommandLine& line, Facts& facts) {
  auto text = line.value("debug_pagealloc");
  if (!text) return;
  if (*text == "on" && known<bool>(facts, "debug_pagealloc") == false) facts.erase("debug_pagealloc");
  if (*text == "off") facts["debug_pagealloc"] = false;
}
} // namespace

Facts derive(const CellParameters& cell, const Facts& kernel_facts) {
  Facts facts = kernel_facts;
  add_parameters(cell, facts);
  CommandLine line(system_cmdline(cell));
  facts["rodata"] = line.value("rodata").value_or("unset");
  facts["nokaslr"] = line.has("nokaslr");

  ByteSize ram = cell.memory;
  if (auto text = line.value("mem"))
    if (auto limit = parse_byte_size(*text)) ram = std::min(ram, *limit);
  facts["ram_base"] = as_integer(k_ram_base);
  facts["ram_end"] = as_integer(k_ram_base + ram.bytes);
  if (auto bits = known<std::int64_t>(facts, "pa_bits"); bits && *bits > 0 && *bits < 63)
    facts["phys_top"] = std::int64_t{1} << *bits;
  if (auto zone_dma = known<bool>(facts, "zone_dma")) {
    // With both zones off the limit is PHYS_MASK + 1, which no window needs exactly: the end of RAM serves as well.
    facts["dma_limit"] =
        *zone_dma ? as_integer(std::min(k_zone_dma_end, k_ram_base + ram.bytes)) : as_integer(k_ram_base + ram.bytes);
  }
  add_crashkernel(line, ram, facts);
  add_kfence(line, facts);
  add_debug_pagealloc(line, facts);
  add_sizes(cell, ram.bytes, facts);
  return facts;
}

} // namespace kdt::matrix
