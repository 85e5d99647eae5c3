#include "cli/backend.hpp"

#include "base/error.hpp"
#include "machine/emulator_process.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_machine.hpp"
#include "machine/qemu_machine.hpp"
#include "run/host_memory.hpp"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <unistd.h>

namespace kdt::cli {

namespace {

constexpr const char* k_default_uri = "qemu:///embed";
constexpr std::size_t k_longest_name = 150; // a file name has 255 bytes, and libvirt appends to this one

/// The connection of a run; made anew when it was lost.
class Libvirt {
public:
  explicit Libvirt(machine::LibvirtUri uri) : uri_(std::move(uri)) { connection(); }

  std::shared_ptr<machine::LibvirtConnection> connection() {
    std::scoped_lock lock(mutex_);
    if (connection_ && connection_->alive()) return connection_;
    connection_.reset(); // an embedded one can be there only once
    connection_ = std::make_shared<machine::LibvirtConnection>(uri_, self_as_keeper());
    return connection_;
  }

private:
  machine::LibvirtUri uri_;
  std::mutex mutex_;
  std::shared_ptr<machine::LibvirtConnection> connection_; ///< shared with the machines that still use it
};

run::Backend libvirt_backend(const machine::LibvirtUri& uri, const std::string& run_id) {
  if (!uri.here) throw Error(Blame::usage, "--connect {}: guests on other hosts are not supported yet", uri.text);
  auto libvirt = std::make_shared<Libvirt>(uri); // shared by the functions below
  return {.make_machine = [libvirt, run_id](machine::MachineSpec spec,
                                            std::stop_token stop) -> std::unique_ptr<machine::Machine> {
            spec.name = domain_name(run_id, spec.name, ::getpid());
            return std::make_unique<machine::LibvirtMachine>(libvirt->connection(), std::move(spec), std::move(stop));
          },
          .accelerator = machine::best_accelerator(),
          .emulator_version = machine::qemu_version(),
          .name = "libvirt",
          .describe =
              [libvirt](const machine::MachineSpec& spec) {
                return machine::describe_domain(spec, libvirt->connection()->domain_place());
              },
          .occupied = [] { return run::memory_of_children() + run::memory_of(machine::emulators_of_libvirt()); }};
}

} // namespace

void BackendOptions::add_to(CLI::App& app) {
  app.add_option("--backend", name, "what runs the guests: qemu, or libvirt (default: qemu)")
      ->check(CLI::IsMember({"qemu", "libvirt"}));
  app.add_option("--connect", connect,
                 "where libvirt runs them: qemu:///embed (the default: no daemon), qemu:///session, qemu:///system");
}

bool BackendOptions::libvirt() const {
  if (name == "qemu" && !connect.empty())
    throw Error(Blame::usage, "--connect {} is for --backend libvirt, and --backend qemu was said", connect);
  return name == "libvirt" || !connect.empty();
}

machine::LibvirtUri BackendOptions::uri() const {
  return machine::libvirt_uri(connect.empty() ? k_default_uri : connect);
}

std::string domain_name(const std::string& run_id, const std::string& machine_name, int pid) {
  constexpr std::string_view k_prefix = "kdt-";
  std::string_view cell = machine_name;
  if (cell.starts_with(k_prefix)) cell.remove_prefix(k_prefix.size());
  auto name = fmt::format("{}{}-{}-{}", k_prefix, run_id, pid, cell).substr(0, k_longest_name);
  auto odd = [](unsigned char c) {
    return std::isalnum(c) == 0 && std::string_view("-_.=+").find(char(c)) == std::string_view::npos;
  };
  std::ranges::replace_if(name, odd, '_');
  return name;
}

run::Backend qemu_backend() {
  return {.make_machine =
              [](const machine::MachineSpec& spec, std::stop_token stop) {
                return std::make_unique<machine::QemuMachine>(spec, std::move(stop));
              },
          .accelerator = machine::best_accelerator(),
          .emulator_version = machine::qemu_version(),
          .can_fork = true};
}

run::Backend make_backend(const BackendOptions& options, const std::string& run_id) {
  return options.libvirt() ? libvirt_backend(options.uri(), run_id) : qemu_backend();
}

} // namespace kdt::cli
