#pragma once

#include "asks.hpp"

namespace kdt::agent {

/// Runs a shell on the console until it ends, then powers off.
[[noreturn]] void run_shell(const Session& session);

} // namespace kdt::agent
