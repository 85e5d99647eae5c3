#include "image/tools.hpp"

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::image {

namespace {
constexpr std::chrono::seconds k_question{30}; // asking a local program for its version
} // namespace

std::vector<Need> kernel_needs() {
  return {{"aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"},
          {"aarch64-linux-gnu-ld", "binutils-aarch64-linux-gnu"},
          {"gcc", "gcc"},
          {"make", "make"},
          {"flex", "flex"},
          {"bison", "bison"},
          {"bc", "bc"},
          {"perl", "perl"},
          {"xz", "xz-utils"},
          {"tar", "tar"}};
}

std::vector<Need> userspace_needs() {
  std::vector<Need> needs{{"mmdebstrap", "mmdebstrap"}};
  if (::geteuid() != 0) needs.push_back({"newuidmap", "uidmap"}); // mmdebstrap --mode=unshare
  return needs;
}

std::vector<Need> guest_needs() {
  return {{"aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"},
          {"aarch64-linux-gnu-strip", "binutils-aarch64-linux-gnu"},
          {"make", "make"},
          {"/usr/include/nlohmann/json.hpp", "nlohmann-json3-dev"}};
}

std::vector<Need> missing(const std::vector<Need>& needs) {
  std::vector<Need> out;
  for (const auto& need : needs) {
    std::error_code error;
    bool there =
        need.what.starts_with('/') ? std::filesystem::exists(need.what, error) : find_program(need.what).has_value();
    if (!there) out.push_back(need);
  }
  return out;
}

void require(const std::vector<Need>& needs, const std::string& purpose) {
  const auto absent = missing(needs);
  if (absent.empty()) return;
  std::vector<std::string> what;
  std::vector<std::string> packages;
  for (const auto& need : absent) {
    what.push_back(need.what);
    if (std::find(packages.begin(), packages.end(), need.package) == packages.end()) packages.push_back(need.package);
  }
  throw Error(Blame::infra, "{} needs {}: run 'apt-get install {}'", purpose, fmt::join(what, ", "),
              fmt::join(packages, " "));
}

std::string program_version(const std::string& program) {
  auto finished = run_program({.argv = {program, "--version"}}, Deadline::after(k_question));
  if (!finished.status.success()) throw Error(Blame::infra, "{} --version: {}", program, to_string(finished.status));
  return std::string(trim(finished.out.substr(0, finished.out.find('\n'))));
}

std::string host_architecture() {
  auto finished = run_program({.argv = {"dpkg", "--print-architecture"}}, Deadline::after(k_question));
  if (!finished.status.success())
    throw Error(Blame::infra, "dpkg --print-architecture: {}", to_string(finished.status));
  return std::string(trim(finished.out));
}

std::string package_version(const std::string& package) {
  require({{"dpkg-query", "dpkg"}}, "finding the version of " + package);
  auto finished =
      run_program({.argv = {"dpkg-query", "--show", "--showformat=${Version}", package}}, Deadline::after(k_question));
  if (!finished.status.success() || trim(finished.out).empty())
    throw Error(Blame::infra, "package {} is not installed: run 'apt-get install {}'", package, package);
  return std::string(trim(finished.out));
}

} // namespace kdt::image
