#pragma once

// The JSON shapes of the ask wake, as in records.hpp.

#include "kdt/fields.hpp"

namespace kdt::protocol {

/// Arguments of wake: what a guest that was frozen has missed, and what makes it another than its siblings.
struct WakeAsk {
  std::uint64_t time = 0; // seconds since 1970
  std::string seed;       // stirred into the kernel's random numbers

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("time", self.time);
    visit("seed", self.seed);
  }
};

/// Answer to wake.
struct WakeAnswer {
  std::string role;         // of Hello
  std::uint64_t random = 0; // the kernel's next random number: no two forks have the same
  std::uint64_t time = 0;   // seconds since 1970 by the kernel's clock, after it was set

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("role", self.role);
    visit("random", self.random);
    visit("time", self.time);
  }
};

} // namespace kdt::protocol
