#include "image/debian.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "image/userspace_builder.hpp"

#include <fmt/ranges.h>

#include <unistd.h>

namespace kdt::image {

namespace {

/// The host's own sources when they name the suite, then mmdebstrap's default.
std::vector<fs::path> mirrors(const PackageFetch& fetch) {
  std::vector<fs::path> found;
  for (const auto& file : fetch.apt_sources) {
    std::error_code error;
    if (!fetch.suite.main_only && fs::is_regular_file(file, error) &&
        read_file(file).find(fetch.suite.name) != std::string::npos) {
      found.push_back(file);
      break;
    }
  }
  found.emplace_back();
  return found;
}

} // namespace

Command mmdebstrap(const PackageFetch& fetch, const fs::path& tar, const fs::path& mirror) {
  // Packages are only unpacked, so that no foreign binary has to run here; root or a user namespace does.
  Command command{.argv = {"mmdebstrap", ::geteuid() == 0 ? "--mode=root" : "--mode=unshare", "--variant=extract",
                           "--architectures=" + fetch.architecture}};
  auto& argv = command.argv;
  if (!fetch.packages.empty()) argv.push_back(fmt::format("--include={}", fmt::join(fetch.packages, ",")));
  if (fetch.suite.stale) argv.emplace_back("--aptopt=Acquire::Check-Valid-Until \"false\"");
  if (fetch.suite.main_only)
    argv.emplace_back("--setup-hook=sed -i '/-security/d;/-updates/d' \"$1/etc/apt/sources.list\"");
  argv.push_back("--extract-hook=" + fetch.hook);
  argv.push_back(fetch.suite.name);
  argv.push_back(tar.string());
  if (!mirror.empty()) argv.push_back(mirror.string());
  // When it is killed, its root file system goes with ours. A user namespace's root may not enter our directories.
  if (::geteuid() == 0) command.environment["TMPDIR"] = tar.parent_path().string();
  return command;
}

void fetch_packages(const PackageFetch& fetch, const fs::path& tar, BuildSteps& steps) {
  const auto candidates = mirrors(fetch);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    try {
      return steps.run("fetching Debian packages", mmdebstrap(fetch, tar, candidates[i]));
    } catch (const Error&) {
      if (i + 1 == candidates.size()) throw;
    }
  }
}

std::map<std::string, std::string> unpack_packages(const PackageTree& packages, const fs::path& directory,
                                                   BuildSteps& steps) {
  make_directories(directory);
  const fs::path tar = directory / "packages.tar";
  fetch_packages({.suite = packages.suite,
                  .apt_sources = packages.apt_sources,
                  .architecture = packages.architecture,
                  .hook = fmt::format("wanted='{}'\nkeep='{}'\n{}", packages.wanted, packages.keep, packages.script)},
                 tar, steps);
  steps.run("unpacking", {.argv = {"tar", "--extract", "--file=" + tar.string(), "--directory=" + directory.string(),
                                   "--strip-components=2", "--no-same-owner", "./kdt"}});
  fs::remove(tar);
  return package_versions(read_file(directory / "packages"));
}

} // namespace kdt::image
