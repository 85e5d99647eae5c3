#pragma once

#include <string>

namespace kdt::agent {

/// Inserts a kernel module that is not there yet; throws Trouble with the kernel's own reason.
void insert_module(const std::string& file, const std::string& name);

/// Inserts what /modules holds, in the order that it says, and gives the memory back: the drivers that a stock kernel
/// needs for the agent's port and the drives. What does not go is said on the console and left out.
void insert_drivers();

} // namespace kdt::agent
