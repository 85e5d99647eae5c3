#pragma once

#include "system.hpp"

#include <chrono>

namespace kdt::agent {

/// Opens the virtio-serial port of the agent's name. The driver makes ports a moment after it found their device, so
/// this waits for it up to `patience`; throws Trouble after that.
Fd open_agent_port(std::chrono::milliseconds patience);

} // namespace kdt::agent
