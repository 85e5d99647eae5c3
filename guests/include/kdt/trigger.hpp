#pragma once

// The JSON shapes of the ask `trigger`: what brings a kernel down, step by step. The host knows the triggers
// (matrices/triggers/), the agent only how to take a step.

#include "kdt/fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::protocol {

/// What a step may be besides a write to a file.
namespace act {
inline constexpr std::string_view write = "write";
inline constexpr std::string_view exhaust_memory = "exhaust-memory"; // takes memory until the kernel has none left
} // namespace act

/// What may keep a kernel busy while it panics.
namespace load_kind {
inline constexpr std::string_view memory = "memory"; // pages of half the free memory are written, again and again
inline constexpr std::string_view disk = "disk";     // direct reads of one drive, direct writes to the end of another
} // namespace load_kind

/// In the text of a step: the physical address at which the loaded capture kernel keeps its banner.
inline constexpr std::string_view k_banner_place = "{banner}";

/// One thing that a trigger does: writes a text to a file, or what else `act` says.
struct TriggerStep {
  std::string act{act::write};
  std::string file;
  std::string text; // k_banner_place in it is filled in

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("act", self.act);
    visit("file", self.file);
    visit("text", self.text);
  }
};

/// Arguments of trigger. Its answer is sent when all is ready, before the first of `steps` is taken.
struct TriggerAsk {
  std::string name; // for people
  std::string nonce;
  std::optional<std::uint64_t> time{}; // seconds since 1970, for a guest that has no clock of its own
  std::optional<unsigned> cpu{};       // on which the steps are taken; absent: any
  std::vector<TriggerStep> settings{}; // done at once
  std::vector<std::string> loads{};    // load_kind: what keeps the kernel busy from then on
  std::vector<TriggerStep> steps{};    // done by a process of its own; empty: somebody else pulls the trigger

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("nonce", self.nonce);
    visit("time", self.time);
    visit("cpu", self.cpu);
    visit("settings", self.settings);
    visit("loads", self.loads);
    visit("steps", self.steps);
  }
};

/// Answer to trigger.
struct TriggerAnswer {
  std::optional<std::uint64_t> banner{}; // what k_banner_place stands for, where a step asks for it

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("banner", self.banner);
  }
};

} // namespace kdt::protocol
