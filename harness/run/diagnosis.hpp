#pragma once

#include "console/boot_tracker.hpp"
#include "model/verdict.hpp"
#include "run/whereabouts.hpp"

#include <string>
#include <vector>

namespace kdt::run {

/// What is known of a guest that is stuck.
struct Stuck {
  Phase phase = Phase::boot;
  console::Stage stage = console::Stage::firmware;
  const console::Sighting* trouble = nullptr; ///< the most telling on the console since the kernel in question began
  bool hello = false;                         ///< the agent of the kernel in question has said hello
  std::string init{};                         ///< what that kernel started as its process 1; empty: nobody saw it
  std::vector<CpuState> cpus{};
};

/// The stage from which on the console tells of the kernel that this phase is about.
console::Stage kernel_of(Phase phase);

/// Stopped for the crash, or off, which is as it should be: it tells nothing of what is wrong.
bool stopped(const CpuState& cpu);

/// The most likely cause in words, a clause: "CPU 0 stands in kexec's purgatory, whose …"; empty when nothing is known.
std::string likely_cause(const Stuck& stuck);
/// Whether something else than kdt's agent runs as process 1.
bool other_init(const Stuck& stuck);
/// Whose code the CPUs run, in a word: purgatory, capture_kernel, or other.
std::string stuck_in(const Stuck& stuck);

/// What a sighting tells, and what usually leads to it: "the kernel ran out of memory (…)".
std::string in_words(const console::LineClass& trouble);

} // namespace kdt::run
