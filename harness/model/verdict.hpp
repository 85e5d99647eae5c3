#pragma once

#include <array>
#include <string_view>

namespace kdt {

/// What a cell came to. xfail: it failed as a known issue says; xpass: it should have and did not; error: our
/// infrastructure failed, so nothing was learnt about the kernel; skip: it cannot run here, with a reason.
enum class Verdict { pass, fail, xfail, xpass, error, skip };

/// The steps of a cell, in order.
enum class Phase { prepare, boot, load, probe, trigger, capture, save, verify };

inline constexpr std::array<Verdict, 6> k_verdicts{Verdict::pass,  Verdict::fail,  Verdict::xfail,
                                                   Verdict::xpass, Verdict::error, Verdict::skip};
inline constexpr std::array<Phase, 8> k_phases{Phase::prepare, Phase::boot,    Phase::load, Phase::probe,
                                               Phase::trigger, Phase::capture, Phase::save, Phase::verify};

/// The words of YAML, JSON and reports; *_from throws Error{usage} for another word.
std::string_view to_string(Verdict verdict);
std::string_view to_string(Phase phase);
Verdict verdict_from(std::string_view word);
Phase phase_from(std::string_view word);

/// As expected: pass, xfail and skip do not make a run red.
constexpr bool expected(Verdict verdict) {
  return verdict == Verdict::pass || verdict == Verdict::xfail || verdict == Verdict::skip;
}

} // namespace kdt
