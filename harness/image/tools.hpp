#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kdt::image {

/// A program or file that building images needs, and the Debian package that brings it.
struct Need {
  std::string what; ///< a program name, or the path of a file
  std::string package;
};

/// For kernels, for the guest's user space, for the agent and the probe.
std::vector<Need> kernel_needs();
std::vector<Need> userspace_needs();
std::vector<Need> guest_needs();

/// Those that are not there, in the same order.
std::vector<Need> missing(const std::vector<Need>& needs);

/// Throws one Error{infra} that names all that is missing and the apt command that mends it.
void require(const std::vector<Need>& needs, const std::string& purpose);

/// The first line of `program --version`; throws Error{infra}.
std::string program_version(const std::string& program);

/// What Debian calls the machine that we run on: amd64; throws Error{infra}.
std::string host_architecture();

/// The installed version of a Debian package; throws Error{infra} that says how to install it.
std::string package_version(const std::string& package);

} // namespace kdt::image
