#pragma once

// The JSON shapes of the ask canaries, as in records.hpp.

#include "kdt/records.hpp"

namespace kdt::protocol {

/// Arguments of canaries: what the pages are to hold follows from the key (kdt/canary.h).
struct CanariesAsk {
  std::uint64_t key = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("key", self.key);
  }
};

/// A page with a known content.
struct Canary {
  // kernel | zero (of the kernel's, full of zeros) | slab (a kmalloc cache's) | free | cache (a file's) | user
  // (anonymous)
  std::string kind;
  std::uint64_t address = 0;
  std::optional<std::uint64_t> near{}; // where it should have been; absent where any address would do

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("kind", self.kind);
    visit("address", self.address);
    visit("near", self.near);
  }
};

/// Answer to canaries.
struct CanariesAnswer {
  std::vector<Canary> canaries;
  std::vector<std::string> missing; // "kernel near 0x40000000: the reason" for each that could not be planted
  std::vector<IomemRange> iomem;    // at that moment
  double seconds = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("canaries", self.canaries);
    visit("missing", self.missing);
    visit("iomem", self.iomem);
    visit("seconds", self.seconds);
  }
};

} // namespace kdt::protocol
