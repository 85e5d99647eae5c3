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

/// The same of the kernel inside a raw arm64 Image, whose .notes lie in it as they are; empty when there is none, or
/// more than one. Notes of ELF files inside it (the vDSO) are not the kernel's.
std::string image_build_id(std::string_view image);

/// The content of a section of an ELF file held in memory; empty when there is none. Throws as elf_needs().
std::string elf_section(std::string_view name, std::string_view content, std::string_view section);

} // namespace kdt::image
