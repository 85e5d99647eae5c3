#pragma once

#include "kdt/trigger.hpp"

namespace kdt::agent {

/// Where in physical memory the capture kernel that is loaded keeps "Linux version …": its image lies at the start of
/// the crash region, the upper one of two. Throws Trouble when there is none.
std::uint64_t banner_of_capture_kernel();

/// Starts processes that keep the kernel busy; returns when each has done its first round. Throws Trouble for a kind
/// that it does not know or cannot have.
void start_load(const std::string& kind);

/// Takes one step; throws Trouble when the kernel refuses it.
void take(const protocol::TriggerStep& step);

/// Takes the steps in a process of its own, named kdt-trigger, on that CPU if one is given; throws Trouble with the
/// reason when one could not be taken. May not return, and does where the kernel survives.
void pull(const std::vector<protocol::TriggerStep>& steps, std::optional<unsigned> cpu);

} // namespace kdt::agent
