#pragma once

#include "image/build_step.hpp"
#include "image/cache.hpp"

namespace kdt::image {

/// A hash over the names and contents of the files below directories, tests left out.
std::string sources_hash(const std::vector<std::filesystem::path>& directories);

/// Entry: agent, a static arm64 program made from guests/agent and guests/include; kdt_lzo.so and
/// kdt_direct.so, which it lets makedumpfile load.
EntryKey agent_key(const std::filesystem::path& guests);
void build_agent(const std::filesystem::path& guests, const std::filesystem::path& directory, BuildSteps& steps);

/// What an initramfs is put together from.
struct GuestParts {
  std::filesystem::path guests;         ///< the repository's guests/
  std::filesystem::path kernel;         ///< a kernel entry
  std::vector<std::string> module_make; ///< of the kernel entry
  std::filesystem::path agent;          ///< an agent entry
  std::filesystem::path userspace;
  std::string no_modules{}; ///< why there is no probe; empty: there is one
  std::string own_kernel{}; ///< the name of a kernel of the user's own: that its probe does not compile is his fault
};

/// Entry: initramfs.cpio and kdt_probe.ko, or no-probe (why there is none), for one kernel; it serves the system kernel
/// and the capture kernel; packages, as in the user space's entry. userspace_content: what really went in, see
/// userspace_key.
EntryKey guest_key(const std::filesystem::path& guests, const EntryKey& kernel, const EntryKey& agent,
                   const std::string& userspace_content);
/// Throws as BuildSteps::run does, and Error{usage} for a kernel of the user's own that the probe does not compile for.
void build_guest(const GuestParts& parts, const std::filesystem::path& directory, BuildSteps& steps);

} // namespace kdt::image
