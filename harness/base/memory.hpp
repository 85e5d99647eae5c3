#pragma once

#include "base/units.hpp"

#include <cstddef>
#include <functional>
#include <span>

namespace kdt {

/// Fills the span with guest-physical memory from this address on; throws Error where there is none.
using ReadMemory = std::function<void(PhysAddr, std::span<std::byte>)>;

} // namespace kdt
