#pragma once

#include <map>
#include <string>

namespace kdt::run {

/// Now, RFC 3339 in UTC: 2026-01-31T12:00:00Z.
std::string timestamp();

/// This host for run.json: kernel, machine, processors, memory, emulator.
std::map<std::string, std::string> describe_host(const std::string& emulator_version);

} // namespace kdt::run
