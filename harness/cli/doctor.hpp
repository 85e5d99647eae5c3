#pragma once

#include "cli/backend.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::cli {

/// One thing that a host must or may have.
struct Check {
  enum class State { good, warning, bad } state;
  std::string what{};       ///< "QEMU for arm64"
  std::string found;        ///< "7.2.22", or what is wrong
  std::string mend;         ///< what to do; empty when good
  bool asked_later = false; ///< a run does not ask beforehand: who needs it (an image build, a cell) says so itself
};

/// Looks at the host without changing it: programs, KVM, memory, disk space, cache directory, process limits.
std::vector<Check> check_host(const std::filesystem::path& repository, const std::filesystem::path& cache);

/// Whether libvirt can be spoken with.
Check check_libvirt(const machine::LibvirtUri& uri, std::stop_token stop = {});

/// Throws Error{infra} that says how to mend the first bad check, so that nothing begins on a host that cannot end it.
void require_able_host(const std::filesystem::path& repository);

} // namespace kdt::cli
