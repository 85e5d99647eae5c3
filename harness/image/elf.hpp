#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::image {

/// What a dynamic program needs to start.
struct ElfNeeds {
  std::string interpreter;            ///< PT_INTERP, e.g. /lib/ld-linux-aarch64.so.1; empty for a static program
  std::vector<std::string> libraries; ///< DT_NEEDED, in order
};

/// Reads them from an ELF file held in memory; throws Error{infra} that begins with name when it is not one.
ElfNeeds elf_needs(std::string_view name, std::string_view content);

/// The GNU build id of an ELF file (vmlinux) as hexadecimal digits; throws Error{infra} when it has none.
std::string elf_build_id(const std::filesystem::path& file);

} // namespace kdt::image
