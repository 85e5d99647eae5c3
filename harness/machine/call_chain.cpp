#include "machine/call_chain.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace kdt::machine {

namespace {

constexpr std::size_t k_longest_chain = 24;
constexpr std::uint64_t k_wfi = 0xd503207f;
constexpr std::uint64_t k_wfe = 0xd503205f;
constexpr std::uint64_t k_frame_alignment = 15;

/// The hexadecimal number behind a label; nullopt when there is none.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view label) {
  auto at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  auto digits = text.substr(at + label.size());
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc()) return std::nullopt;
  return value;
}

/// "ffff800008010000: 0xd503207f" → the number.
std::optional<std::uint64_t> word_at(std::uint64_t address, const CpuMonitor& monitor) {
  return number_after(monitor(fmt::format("x /1wx {:#x}", address)), ": 0x");
}

/// A frame record: the caller's frame and where this function returns.
struct Frame {
  std::uint64_t next;
  std::uint64_t returns_to;
};

std::optional<Frame> frame_at(std::uint64_t address, const CpuMonitor& monitor) {
  auto text = monitor(fmt::format("x /2gx {:#x}", address));
  auto next = number_after(text, ": 0x");
  if (!next) return std::nullopt;
  auto second = text.find(" 0x", text.find(": 0x") + 2);
  if (second == std::string::npos) return std::nullopt;
  auto returns_to = number_after(text.substr(second), " 0x");
  if (!returns_to) return std::nullopt;
  return Frame{*next, *returns_to};
}

/// "gpa: 0x4047f2c8", or "Unmapped".
std::optional<std::uint64_t> physical(std::uint64_t address, const CpuMonitor& monitor) {
  return number_after(monitor(fmt::format("gva2gpa {:#x}", address)), "gpa: 0x");
}

/// A kernel with pointer authentication signs return addresses in the bits above its virtual address size.
CodeAddress code_address(std::uint64_t address, const CpuMonitor& monitor) {
  constexpr std::uint64_t k_kernel_half = std::uint64_t{1} << 55;
  constexpr std::array<std::uint64_t, 2> k_signature{0xfff0'0000'0000'0000, 0xffff'0000'0000'0000}; // 52 and 48 bits
  if (auto found = physical(address, monitor)) return {address, found};
  for (auto bits : k_signature)
    if (auto found = (address & k_kernel_half) != 0 ? physical(address | bits, monitor) : std::nullopt)
      return {address | bits, found};
  return {address, std::nullopt};
}

} // namespace

bool stands_behind_wait(const CpuRegisters& registers, const CpuMonitor& monitor) {
  if (registers.pc < 4) return false;
  auto instruction = word_at(registers.pc - 4, monitor).value_or(0);
  return instruction == k_wfi || instruction == k_wfe;
}

std::vector<CodeAddress> call_chain(const CpuRegisters& registers, const CpuMonitor& monitor) {
  std::vector<CodeAddress> chain{code_address(registers.pc, monitor)};
  bool user = registers.text.find(" EL0t") != std::string::npos;
  auto link = number_after(registers.text, "X30=");
  auto frame = number_after(registers.text, "X29=");
  if (user || !link || *link == 0) return chain;
  chain.push_back(code_address(*link, monitor));
  while (frame && *frame != 0 && (*frame & k_frame_alignment) == 0 && chain.size() < k_longest_chain) {
    auto record = frame_at(*frame, monitor);
    if (!record || record->returns_to == 0) break;
    bool again = chain.size() == 2 && record->returns_to == *link; // the link register was saved already
    if (!again) chain.push_back(code_address(record->returns_to, monitor));
    if (record->next == *frame) break;
    frame = record->next;
  }
  return chain;
}

} // namespace kdt::machine
