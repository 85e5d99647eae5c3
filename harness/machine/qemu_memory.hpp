#pragma once

#include "base/file.hpp"
#include "base/memory.hpp"
#include "base/scratch_file.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::machine {

/// The address in what HMP answers to gpa2hva, "Host virtual address for 0x40000000 (ram) is 0x7f…"; nullopt in what it
/// answers where there is no RAM.
std::optional<std::uint64_t> parse_gpa2hva(std::string_view text);

/// Guest RAM read in the memory of the process that emulates the guest, which must be one that we may trace: our child
/// is, unless the host forbids all tracing (kernel.yama.ptrace_scope=3). No copy is made, no page of RAM allocated.
class ProcessMemory {
public:
  /// `at` is where the process has this RAM, in one piece. Throws Error{infra} when it may not be read.
  ProcessMemory(int pid, const PhysRange& ram, std::uint64_t at);

  /// Throws Error{infra} outside RAM, and when the process is gone.
  void read(PhysAddr from, std::span<std::byte> to) const;

private:
  UniqueFd memory_;
  PhysRange ram_;
  std::uint64_t at_;
};

/// Guest RAM read through an emulator that can save pieces of it to a file: for hosts where ProcessMemory may not read.
/// It fetches and keeps whole pieces, because each costs a round trip.
class SavedMemory {
public:
  /// Saves this part of RAM to the file, as QMP's pmemsave does.
  using Save = std::function<void(const PhysRange&, const std::filesystem::path&)>;

  SavedMemory(const PhysRange& ram, Save save) : ram_(ram), save_(std::move(save)) {}

  /// Throws Error{infra} outside RAM, and what save throws.
  void read(PhysAddr from, std::span<std::byte> to);

  static constexpr ByteSize k_piece = ByteSize::mib(1);
  static constexpr std::size_t k_pieces_kept = 16;

private:
  struct Piece {
    PhysAddr start;
    std::string bytes;
  };
  const Piece& piece_with(PhysAddr address);

  PhysRange ram_;
  Save save_;
  ScratchFile file_{temporary_directory(), {}};
  std::list<Piece> pieces_; ///< the last used first
};

} // namespace kdt::machine
