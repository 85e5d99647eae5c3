#pragma once

#include "cli/command.hpp"
#include "vmcore/verify.hpp"

#include <filesystem>
#include <string>

namespace kdt::cli {

/// Lets crash read the vmcore of a report, too, and adds what it says and where it differs to the report. `vmlinux` is
/// that of its kernel with debug information; empty: that of the kernel named `kernel` in images/kernels.yaml. Fetches
/// arm64's crash where the host needs it. Throws Error{usage} without a vmlinux, Error{infra} when crash cannot be had,
/// Interrupted.
void deep_check(vmcore::Report& report, std::string vmlinux, const std::string& kernel, const Context& context);

} // namespace kdt::cli
