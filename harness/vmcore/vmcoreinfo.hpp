#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kdt::vmcore {

/// The kernel's own account of its symbols, sizes and offsets: KEY=value lines of the VMCOREINFO note.
/// Source: Documentation/admin-guide/kdump/vmcoreinfo.rst.
class VmcoreInfo {
public:
  VmcoreInfo() = default;
  /// Lines without '=' are ignored; of a repeated key the first counts.
  explicit VmcoreInfo(std::string_view text);

  bool empty() const { return lines_.empty(); }
  /// The value of a plain key: OSRELEASE, BUILD-ID, PAGESIZE, CRASHTIME…
  std::optional<std::string> line(std::string_view key) const;
  /// A plain key whose value is hexadecimal without 0x: KERNELOFFSET.
  std::optional<std::uint64_t> hexadecimal(std::string_view key) const;
  /// The virtual address of SYMBOL(name), KASLR included.
  std::optional<std::uint64_t> symbol(std::string_view name) const;
  /// NUMBER(name), which the kernel writes in decimal or with 0x; nullopt also for a negative one.
  std::optional<std::uint64_t> number(std::string_view name) const;
  /// OFFSET(structure.member), bytes.
  std::optional<std::uint64_t> offset(std::string_view member) const;
  /// SIZE(structure), bytes.
  std::optional<std::uint64_t> size(std::string_view structure) const;

private:
  std::optional<std::uint64_t> value(std::string_view kind, std::string_view name, int base) const;
  std::optional<std::uint64_t> number_of(std::string_view key, int base) const; // 0: by its prefix
  std::map<std::string, std::string, std::less<>> lines_;
};

} // namespace kdt::vmcore
