#pragma once

#include <string>
#include <vector>

namespace kdt {

/// The fields of /proc/PID/stat from the third on, which is the first here: the name before it may hold spaces and
/// parentheses. Throws Error{infra} when there is no such process, or it is not ours to look at. Source: proc(5).
std::vector<std::string> proc_stat(int pid);

/// What proc(5) counts from 1.
constexpr std::size_t proc_stat_index(std::size_t field) {
  return field - 3;
}

/// The processes whose parent is this one, those that have ended and wait for it to take note, too; empty where the
/// kernel does not list them, and of nobody.
std::vector<int> children_of(int pid);

} // namespace kdt
