#pragma once

#include "base/deadline.hpp"
#include "base/process.hpp"
#include "vmcore/second_opinion.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// How to start crash(8) for arm64 vmcores: on an arm64 host the program of that name; elsewhere Debian's arm64 program
/// below `tree` (its libraries with it) under QEMU's user-mode emulation. Throws Error{infra} that says what to install
/// when neither is there.
std::vector<std::string> crash_command(const std::optional<std::filesystem::path>& tree);

/// Whether crash_command() wants a tree on this host.
bool crash_needs_tree();

/// What crash had to say, or why it could not.
struct Asked {
  SecondOpinion opinion;
  std::vector<Finding> findings; ///< opinion-failed, with crash's last words
};

/// Lets crash read a vmcore, with the vmlinux (with debug information) of its kernel, under limits and without a
/// network. Throws Error{infra} when it cannot be started, Interrupted.
Asked ask_crash(const std::vector<std::string>& command, const std::filesystem::path& vmlinux,
                const std::filesystem::path& vmcore, Deadline deadline, std::stop_token stop = {});

} // namespace kdt::vmcore
