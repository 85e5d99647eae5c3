#pragma once

// Where canaries go: pure, so that the harness's unit tests can run it over recorded memory maps.

#include "kdt/records.hpp"

#include <cstdint>
#include <vector>

namespace kdt::agent {

/// Half-open.
struct Span {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool operator==(const Span&) const = default;
};

/// System RAM without the crash regions, in order: what a dump has to hold. Whole pages.
std::vector<Span> dumped_memory(const std::vector<protocol::IomemRange>& iomem, std::uint64_t page_size);

/// A page that should hold a canary: of those in the span that can be had, the nearest to `near`.
struct Place {
  std::string kind; // kernel | zero | free
  std::uint64_t near = 0;
  Span span;
  bool operator==(const Place&) const = default;
};

/// The first and the last page of every span (so both ends of every bank, the neighbours of the crash regions and the
/// top of memory), both sides of 4 GiB, and some pages spread over each span; of zero and free pages a few.
std::vector<Place> canary_places(const std::vector<Span>& memory, std::uint64_t page_size);

} // namespace kdt::agent
