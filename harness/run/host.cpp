#include "run/host.hpp"

#include "base/units.hpp"

#include <fmt/chrono.h>

#include <ctime>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace kdt::run {

std::string timestamp() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::map<std::string, std::string> describe_host(const std::string& emulator_version) {
  utsname host{};
  ::uname(&host);
  auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {{"kernel", host.release},
          {"machine", host.machine},
          {"processors", std::to_string(std::thread::hardware_concurrency())},
          {"memory", human({pages * page})},
          {"emulator", "QEMU " + emulator_version}};
}

} // namespace kdt::run
