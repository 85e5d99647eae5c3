#include "cli/doctor.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "cli/command.hpp"
#include "image/origin.hpp"
#include "image/tools.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/qemu_machine.hpp"
#include "run/host_memory.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <thread>
#include <unistd.h>

namespace kdt::cli {

namespace {

using State = Check::State;

constexpr std::pair k_oldest_qemu{6, 1};              // memory-backend's reserve=off, see machine/qemu_argv.cpp
constexpr ByteSize k_cache_wanted = ByteSize::gib(4); // an unpacked kernel source and a build of it
constexpr ByteSize k_run_wanted = ByteSize::gib(1);
constexpr ByteSize k_memory_wanted = ByteSize::mib(600); // two guests of 2 GiB occupy this much

Check check_emulator_program() {
  constexpr const char* program = "qemu-system-aarch64";
  if (auto path = find_program(program)) return {State::good, program, path->string(), "", false};
  return {State::bad, program, "not installed; it runs the guests", "apt-get install qemu-system-arm", false};
}

/// What building images needs, each once.
std::vector<Check> check_image_tools(const fs::path& repository) {
  auto needs = image::userspace_needs();
  auto add = [&](const std::vector<image::Need>& more) { needs.insert(needs.end(), more.begin(), more.end()); };
  add(image::guest_needs());
  auto catalogue = image::Catalogue::load(repository / "images" / "kernels.yaml");
  for (const auto& kernel : catalogue.kernels())
    add(image::origin_of(kernel, {.images = repository / "images"})->needs());
  std::vector<Check> checks;
  std::set<std::string> seen;
  for (const auto& need : needs) {
    if (!seen.insert(need.what).second) continue;
    bool there = image::missing({need}).empty();
    checks.push_back({there ? State::good : State::bad, need.what,
                      there ? "there" : "missing; images are built with it",
                      there ? "" : "apt-get install " + need.package, true});
  }
  return checks;
}

Check check_space(const char* what, const fs::path& path, ByteSize wanted, bool asked_later) {
  auto free = free_space(path);
  auto found = fmt::format("{} free at {}", human(free), path.string());
  if (free >= wanted) return {State::good, what, found, "", asked_later};
  return {State::bad, what, found,
          fmt::format("free some space, {} are wanted, or choose another place", human(wanted)), asked_later};
}

Check check_writable(const fs::path& path) {
  try {
    make_directories(path);
    TempDir probe("doctor", path);
    return {State::good, "cache directory", path.string(), ""};
  } catch (const Error& error) {
    return {State::bad, "cache directory", error.what(), "set XDG_CACHE_HOME to a directory that can be written to"};
  }
}

Check check_acceleration() {
  if (machine::best_accelerator() == machine::Accelerator::kvm) return {State::good, "acceleration", "KVM", ""};
  return {State::warning, "acceleration", "TCG: guests are translated, several times slower than KVM",
          "nothing, unless this is an arm64 host: then check /dev/kvm"};
}

Check check_memory() {
  auto budget = run::host_memory_budget();
  auto found = fmt::format("{} for guests, {} processors", human(budget), std::thread::hardware_concurrency());
  if (budget >= k_memory_wanted) return {State::good, "memory", found, ""};
  return {State::bad, "memory", found,
          fmt::format("free some memory: {} are wanted for the smallest guests", human(k_memory_wanted))};
}

/// "7.2.22 (Debian …)" → {7, 2}; zeros for what is no version.
std::pair<int, int> as_version(const std::string& text) {
  std::pair<int, int> version;
  const char* end = text.data() + text.size();
  auto [dot, error] = std::from_chars(text.data(), end, version.first);
  if (error == std::errc{} && dot != end) std::from_chars(dot + 1, end, version.second);
  return version;
}

Check check_emulator() {
  try {
    auto version = machine::qemu_version();
    if (as_version(version) >= k_oldest_qemu) return {State::good, "QEMU version", version, ""};
    return {State::bad, "QEMU version", version + ": too old, guests' memory cannot be given late (reserve=off)",
            "install QEMU 6.1 or later; kdt is tried with 7.2"};
  } catch (const Error& error) {
    return {State::bad, "QEMU version", error.what(), "apt-get install qemu-system-arm"};
  }
}

int doctor_action(const BackendOptions& options, const Context& context) {
  auto checks = check_host(context.repository, default_cache_directory());
  if (options.libvirt()) checks.push_back(check_libvirt(options.uri(), context.stop));
  for (const auto& check : checks) {
    constexpr const char* words[] = {"ok  ", "note", "BAD "};
    fmt::print("{} {:<24} {}\n", words[static_cast<int>(check.state)], check.what, check.found);
    if (!check.mend.empty()) fmt::print("     {:<24} → {}\n", "", check.mend);
  }
  auto bad = std::ranges::count(checks, State::bad, &Check::state);
  fmt::print("\n{}\n", bad == 0 ? "This host can run kdt." : "This host cannot run kdt yet.");
  return bad == 0 ? 0 : 3;
}

} // namespace

std::vector<Check> check_host(const fs::path& repository, const fs::path& cache) {
  std::vector<Check> checks{check_emulator_program()};
  if (checks.front().state == State::good) checks.push_back(check_emulator());
  std::ranges::copy(check_image_tools(repository), std::back_inserter(checks));
  checks.push_back(check_acceleration());
  checks.push_back(check_memory());
  checks.push_back(check_writable(cache));
  if (checks.back().state == State::good)
    checks.push_back(check_space("space for images", cache, k_cache_wanted, true));
  checks.push_back(check_space("space for runs", ".", k_run_wanted, true));
  return checks;
}

Check check_libvirt(const machine::LibvirtUri& uri, std::stop_token stop) {
  try {
    machine::LibvirtConnection connection(uri, self_as_keeper(), std::move(stop));
    return {State::good, "libvirt", fmt::format("{} at {}", connection.version(), uri.text), ""};
  } catch (const Error& error) {
    return {State::bad, "libvirt", error.what(), "see docs/libvirt.md"};
  }
}

void require_able_host(const fs::path& repository) {
  for (const auto& check : check_host(repository, default_cache_directory()))
    if (check.state == State::bad && !check.asked_later)
      throw Error(Blame::infra, "{}: {}. Mend it: {}", check.what, check.found, check.mend);
}

Action register_doctor(CLI::App& app, const Context& context) {
  auto options = std::make_shared<BackendOptions>();
  options->add_to(app);
  app.footer("With --backend libvirt or --connect, libvirt is looked at, too.\n\n"
             "Exit status: 0 this host can run kdt · 2 usage error · 3 it cannot yet.\n\n"
             "Examples:\n"
             "  ./kdt doctor\n"
             "  ./kdt doctor --connect qemu:///system");
  return [options, &context] { return doctor_action(*options, context); };
}

} // namespace kdt::cli
