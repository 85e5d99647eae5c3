#include "machine/qemu_memory.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace kdt::machine {

namespace {
void check_inside(const PhysRange& ram, PhysAddr from, std::size_t count) {
  if (from < ram.start || ram.end < from || ram.end.value - from.value < count)
    throw Error(Blame::infra, "cannot read {} bytes of guest memory at {}: the guest has no RAM there", count,
                to_string(from));
}
} // namespace

std::optional<std::uint64_t> parse_gpa2hva(std::string_view text) {
  constexpr std::string_view k_is = ") is 0x";
  auto at = text.find(k_is);
  if (!text.starts_with("Host virtual address") || at == std::string_view::npos) return std::nullopt;
  auto digits = text.substr(at + k_is.size());
  std::uint64_t address = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address, 16);
  if (error != std::errc{} || end == digits.data()) return std::nullopt;
  return address;
}

ProcessMemory::ProcessMemory(int pid, const PhysRange& ram, std::uint64_t at)
    : memory_(open_file(fmt::format("/proc/{}/mem", pid), O_RDONLY)), ram_(ram), at_(at) {}

void ProcessMemory::read(PhysAddr from, std::span<std::byte> to) const {
  check_inside(ram_, from, to.size());
  auto offset = at_ + (from.value - ram_.start.value);
  for (std::size_t done = 0; done < to.size();) {
    auto n = ::pread(memory_.get(), to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      throw Error(Blame::infra, "cannot read guest memory at {} in the emulator: {}", to_string(from),
                  n == 0 ? "it has ended" : errno_text(errno));
    done += static_cast<std::size_t>(n);
  }
}

const SavedMemory::Piece& SavedMemory::piece_with(PhysAddr address) {
  auto start = PhysAddr{address.value / k_piece.bytes * k_piece.bytes};
  auto found = std::ranges::find(pieces_, start, &Piece::start);
  if (found == pieces_.end()) {
    auto file = file_.path();
    save_({std::max(start, ram_.start), std::min(PhysAddr{start.value + k_piece.bytes}, ram_.end)}, file);
    if (pieces_.size() == k_pieces_kept) pieces_.pop_back();
    pieces_.push_front({start, std::string(std::max(start, ram_.start).value - start.value, '\0') + read_file(file)});
  } else {
    pieces_.splice(pieces_.begin(), pieces_, found);
  }
  return pieces_.front();
}

void SavedMemory::read(PhysAddr from, std::span<std::byte> to) {
  check_inside(ram_, from, to.size());
  while (!to.empty()) {
    const auto& piece = piece_with(from);
    auto offset = from.value - piece.start.value;
    if (offset >= piece.bytes.size())
      throw Error(Blame::infra, "the emulator saved less of the guest's memory at {} than it was asked for",
                  to_string(from));
    auto count = std::min<std::size_t>(to.size(), piece.bytes.size() - offset);
    std::memcpy(to.data(), piece.bytes.data() + offset, count);
    to = to.subspan(count);
    from.value += count;
  }
}

} // namespace kdt::machine
