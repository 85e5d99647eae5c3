#pragma once

#include "base/deadline.hpp"
#include "machine/machine.hpp"

#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// How long a wait bears with a guest. Signs of progress are console output, lines of the agent and growth of the dump;
/// when there are none, the vCPUs are looked at.
struct Patience {
  Clock::duration still{};  ///< without a sign, and no vCPU moves: each waits for an interrupt or spins on one spot
  Clock::duration silent{}; ///< without a sign, though vCPUs move
  Clock::duration most{};   ///< in any case
};

/// Decides whether a guest that is waited for still makes progress. Pure: it is told what happened, and when.
class Watch {
public:
  enum class State {
    fine,
    still,  ///< hung: no vCPU has moved for Patience::still
    silent, ///< no sign for Patience::silent
    over,   ///< Patience::most is over
  };

  Watch(const Patience& patience, Clock::time_point begin);

  /// A sign of progress.
  void sign(Clock::time_point now);
  /// What the vCPUs did at this moment; nullopt when the machine would not say, which accuses nobody. `host` is what
  /// the emulator got of the host's processors so far: the time that it waited for one is not the guest's, and a guest
  /// that got next to nothing is not accused of standing still.
  void look(std::optional<std::vector<machine::CpuRegisters>> registers, Clock::time_point now,
            std::optional<ProcessorTime> host = {});

  /// For so long nobody watched, because the host did not run us: that time is not the guest's.
  void unwatched(Clock::duration gap);

  /// Whether the host kept the guest waiting for so long that it can no longer be borne with: three times the most.
  bool host_is_too_busy() const;

  /// When to look next, should nothing happen until then; never beyond the end of the patience.
  Clock::time_point next_look() const;
  State state(Clock::time_point now) const;
  /// Whether the last look saw a vCPU move since the one before it.
  bool moved() const { return moved_; }

private:
  Patience patience_;
  Clock::time_point begin_;
  Clock::time_point last_sign_;
  Clock::time_point last_move_;
  Clock::time_point last_look_;
  std::optional<std::vector<machine::CpuRegisters>> previous_{};
  void bear_with(const ProcessorTime& host, Clock::time_point now);

  std::optional<ProcessorTime> previous_host_{};
  Clock::time_point previous_host_at_{};
  Clock::duration borne_{}; ///< time that the guest waited for the host
  int looks_without_move_ = 0;
  bool moved_ = false;
};

/// "for 15 s nothing was printed or said and no vCPU moved": how the wait ended, for a finding; empty when all is fine.
std::string describe(Watch::State state, const Patience& patience);

} // namespace kdt::run
