#pragma once

#include <string>

namespace kdt::agent {

/// Loads the probe module unless that was done before; throws Trouble with the kernel's reason.
void insert_probe();

/// The path of one of the module's files; guests/probe/probe.c says what they hold.
std::string probe_file(const std::string& name);

} // namespace kdt::agent
