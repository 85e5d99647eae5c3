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
  facts["dump.filter"] = static_cast<std::int64_t>(cell.dump.filter);
  facts["dump.compression"] = cell.dump.compression;
  facts["dump.format"] = cell.dump.format;
  facts["dump.target"] = cell.dump.target;
  facts["cmdline"] = cell.cmdline;
  facts["capture_cmdline"] = cell.capture_cmdline;
}

void add_crashkernel(const CommandLine& line, ByteSize ram, Facts& facts) {
  auto request = read_crashkernel(line.values("crashkernel"), ram);
  facts["crashkernel.form"] = request.form;
  facts["crashkernel.range"] = request.range;
  facts["crashkernel.flaw"] = request.flaw;
  facts["crashkernel.cma_is_last"] = request.cma_is_last;
  if (request.size) facts["crashkernel.size"] = as_integer(request.size->bytes);
  if (request.base) facts["crashkernel.base"] = as_integer(request.base->bytes);
  if (request.low) facts["crashkernel.low"] = as_integer(request.low->bytes);
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
  return facts;
}

} // namespace kdt::matrix
