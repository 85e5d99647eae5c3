#pragma once

#include "base/scratch_file.hpp"
#include "run/cell_runner.hpp"
#include "run/session.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace kdt::run {

/// A guest that ran a cell's phases up to this one, found nothing to complain of, and froze: with what is here, any
/// number of forks go on from there, each as if it had done all of it. Used by many threads once it is made.
struct Template {
  std::string name{};
  Phase after = Phase::probe;
  ScratchFile ram;                   ///< the guest's, shared by all forks until they write
  ScratchFile state;                 ///< of everything else of the guest
  Facts observed{};                  ///< by the phases
  std::vector<PhaseResult> phases{}; ///< from boot on
  std::string events{};              ///< events.jsonl
  std::string console{};             ///< console.log
  Seconds age{0};                    ///< of the events, when it froze
  Session::Past past{};
  // What a CellRun keeps from phase to phase; its members have the same names.
  std::string nonce{};
  protocol::LoadAnswer load{};
  std::optional<protocol::NotePlace> note{};
  std::vector<PhysRange> regions{};
  std::vector<protocol::IomemRange> iomem{};
  std::vector<protocol::IomemRange> capture_iomem{};
  std::size_t complaints_seen = 0;
};

/// A fork that did not come to life: the cell has lost nothing, and can run cold.
struct ForkFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where a template's RAM is kept.
enum class RamPlace { memory, disk };

/// In memory when it will probably take no more than half of what the host has to spare, else on disk; nullopt when it
/// has no room there either.
std::optional<RamPlace> place_for_ram(ByteSize expected, ByteSize spare_memory, ByteSize free_disk);

/// Runs the cell's phases up to `after` and freezes its guest. The context's directory keeps the logs. Throws
/// Error{infra} with the reason when a phase found anything amiss or the guest cannot be frozen, and Interrupted.
std::unique_ptr<const Template> make_template(const Cell& cell, const CellContext& context, std::string name,
                                              Phase after, RamPlace place);

} // namespace kdt::run
