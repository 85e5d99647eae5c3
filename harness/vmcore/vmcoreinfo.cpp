#include "vmcore/vmcoreinfo.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kdt::vmcore {

VmcoreInfo::VmcoreInfo(std::string_view text) {
  for (const auto& entry : split(text, '\n')) {
    auto equals = entry.find('=');
    if (equals != std::string::npos && equals > 0) lines_.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

std::optional<std::string> VmcoreInfo::line(std::string_view key) const {
  auto it = lines_.find(key);
  if (it == lines_.end()) return std::nullopt;
  return it->second;
}

std::optional<std::uint64_t> VmcoreInfo::value(std::string_view kind, std::string_view name, int base) const {
  return number_of(fmt::format("{}({})", kind, name), base);
}

std::optional<std::uint64_t> VmcoreInfo::hexadecimal(std::string_view key) const {
  return number_of(key, 16);
}

std::optional<std::uint64_t> VmcoreInfo::number_of(std::string_view key, int base) const {
  auto it = lines_.find(key);
  if (it == lines_.end()) return std::nullopt;
  std::string_view digits = it->second;
  if (base == 0) {
    base = digits.starts_with("0x") ? 16 : 10;
    if (base == 16) digits.remove_prefix(2);
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> VmcoreInfo::symbol(std::string_view name) const {
  return value("SYMBOL", name, 16);
}

std::optional<std::uint64_t> VmcoreInfo::number(std::string_view name) const {
  return value("NUMBER", name, 0);
}

std::optional<std::uint64_t> VmcoreInfo::offset(std::string_view member) const {
  return value("OFFSET", member, 10);
}

std::optional<std::uint64_t> VmcoreInfo::size(std::string_view structure) const {
  return value("SIZE", structure, 10);
}

} // namespace kdt::vmcore
