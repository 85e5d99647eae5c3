#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::image {

/// The code symbols of one kernel by their distance from the start of its image (_text), as its System.map has them.
/// Distances hold wherever the kernel was loaded and however KASLR mapped it.
class Symbols {
public:
  /// Reads a System.map; throws Error{infra} when it cannot be read or lacks _text or _end.
  explicit Symbols(const std::filesystem::path& system_map);

  /// "cpu_do_idle+0x8" of a distance; nullopt beyond the image, and for what is no code.
  std::optional<std::string> at(std::uint64_t distance) const;
  /// The address at which a symbol was linked; nullopt when there is none of that name.
  std::optional<std::uint64_t> address(std::string_view name) const;
  /// Bytes from _text to _end.
  std::uint64_t size() const { return size_; }

private:
  struct Symbol {
    std::uint64_t distance;
    std::string name;
    bool code;
  };
  std::vector<Symbol> symbols_; ///< by distance
  std::uint64_t text_ = 0;      ///< address of _text
  std::uint64_t size_ = 0;
};

} // namespace kdt::image
