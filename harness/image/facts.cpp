#include "image/facts.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kdt::image {

namespace {

/// The first two numbers of a release; a stable release counts as its base.
std::string mainline(const std::string& release) {
  auto parts = split(release.substr(0, release.find('-')), '.');
  return parts.size() < 2 ? release : parts[0] + "." + parts[1];
}

std::int64_t number(const std::map<std::string, std::string>& config, const std::string& name, std::int64_t otherwise) {
  auto it = config.find(name);
  std::int64_t value = otherwise;
  if (it != config.end()) std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return value;
}

} // namespace

Facts kernel_facts(const std::map<std::string, std::string>& config, const std::string& release) {
  auto on = [&](const char* name) {
    auto it = config.find(name);
    return it != config.end() && it->second == "y";
  };
  Facts facts;
  facts["release"] = release;
  facts["version"] = mainline(release);
  facts["zone_dma"] = on("CONFIG_ZONE_DMA") || on("CONFIG_ZONE_DMA32");
  facts["kexec_load"] = on("CONFIG_KEXEC");
  facts["kexec_file_load"] = on("CONFIG_KEXEC_FILE");
  facts["kallsyms_all"] = on("CONFIG_KALLSYMS_ALL");
  facts["debug_pagealloc"] = on("CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT");
  facts["rodata_full_default"] = on("CONFIG_RODATA_FULL_DEFAULT_ENABLED");
  facts["kaslr"] = on("CONFIG_RANDOMIZE_BASE");
  std::int64_t page = on("CONFIG_ARM64_64K_PAGES") ? 65536 : on("CONFIG_ARM64_16K_PAGES") ? 16384 : 4096;
  facts["page_size"] = page;
  for (const std::int64_t bits : {36, 39, 42, 47, 48, 52})
    if (on(fmt::format("CONFIG_ARM64_VA_BITS_{}", bits).c_str())) facts["va_bits"] = bits;
  facts["pa_bits"] = std::int64_t{on("CONFIG_ARM64_PA_BITS_52") ? 52 : 48};
  std::int64_t interval = number(config, "CONFIG_KFENCE_SAMPLE_INTERVAL", 100);
  facts["kfence"] = std::string(!on("CONFIG_KFENCE") ? "off" : interval == 0 ? "late" : "early");
  if (on("CONFIG_KFENCE")) facts["kfence_interval"] = interval;
  if (auto cpus = number(config, "CONFIG_NR_CPUS", 0); cpus > 0) facts["nr_cpus"] = cpus;
  facts["virtio_net"] = on("CONFIG_INET") && on("CONFIG_VIRTIO_NET");
  facts["ext4"] = on("CONFIG_EXT4_FS");
  facts["cma"] = on("CONFIG_DMA_CMA") ? number(config, "CONFIG_CMA_SIZE_MBYTES", 0) << 20 : std::int64_t{0};
  return facts;
}

Facts tool_facts(std::string_view packages) {
  Facts facts;
  for (const auto& line : split(packages, '\n')) {
    const std::string_view whole = line;
    auto space = whole.find(' ');
    if (space == std::string_view::npos) continue;
    std::string_view name = whole.substr(0, space);
    std::string_view version = whole.substr(space + 1);
    version.remove_prefix(version.find(':') + 1); // without an epoch, find is npos, and npos + 1 is 0
    version = version.substr(0, version.rfind('-'));
    if (name == "kexec-tools") facts["kexec_tools"] = std::string(version);
    if (name == "makedumpfile") facts["makedumpfile"] = std::string(version);
  }
  return facts;
}

std::string makedumpfile_compressions(const std::vector<std::string>& libraries) {
  constexpr std::pair<const char*, const char*> k_libraries[] = {
      {"libz.so.", "zlib"}, {"liblzo2.so.", "lzo"}, {"libsnappy.so.", "snappy"}, {"libzstd.so.", "zstd"}};
  std::string words = "none";
  for (const auto& [library, word] : k_libraries)
    for (const auto& needed : libraries)
      if (needed.starts_with(library)) words += std::string(" ") + word;
  return words;
}

} // namespace kdt::image
