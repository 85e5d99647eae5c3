#include "cli/version.hpp"

#include "base/error.hpp"
#include "base/process.hpp"

namespace kdt::cli {

std::string kdt_version(const std::filesystem::path& repository) {
  constexpr std::chrono::seconds k_patience{10};
  std::string version = KDT_VERSION;
  if (!find_program("git")) return version;
  try {
    auto git = run_program(
        {.argv = {"git", "-C", repository.string(), "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+"}},
        Deadline::after(k_patience));
    auto commit = git.out.substr(0, git.out.find('\n'));
    if (git.status.success() && !commit.empty()) version += " (" + commit + ")";
  } catch (const Error&) {
    // Then the version has to do.
  }
  return version;
}

} // namespace kdt::cli
