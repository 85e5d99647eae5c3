#include "cli/backend.hpp"

#include "base/error.hpp"
#include "cli/hosts.hpp"
#include "machine/emulator_process.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_machine.hpp"
#include "machine/qemu_machine.hpp"
#include "run/host_memory.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <unistd.h>

namespace kdt::cli {

namespace {

constexpr const char* k_default_uri = "qemu:///embed";
constexpr std::size_t k_longest_name = 150; // a file name has 255 bytes, and libvirt appends to this one

/// The connection to one host; made anew when it was lost.
class Libvirt {
public:
  Libvirt(machine::LibvirtUri uri, std::stop_token stop) : uri_(std::move(uri)), stop_(std::move(stop)) {}

  std::shared_ptr<machine::LibvirtConnection> connection() {
    std::scoped_lock lock(mutex_);
    if (connection_ && connection_->alive()) return connection_;
    connection_.reset(); // an embedded one can be there only once
    connection_ = std::make_shared<machine::LibvirtConnection>(uri_, self_as_keeper(), stop_);
    return connection_;
  }
  /// Whether the connection that was there is lost.
  bool lost() {
    std::scoped_lock lock(mutex_);
    return connection_ && !connection_->alive();
  }

private:
  machine::LibvirtUri uri_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::shared_ptr<machine::LibvirtConnection> connection_; ///< shared with the machines that still use it
};

/// What guests may occupy on this host, when libvirt runs them: those of an embedded one are children of ours.
ByteSize memory_here() {
  return run::host_memory_budget() + run::memory_of_children(machine::emulators_of_libvirt());
}

std::unique_ptr<machine::Machine> make_machine(Libvirt& libvirt, const std::string& run_id, machine::MachineSpec spec,
                                               std::stop_token stop, std::shared_ptr<void> held) {
  spec.name = domain_name(run_id, spec.name, ::getpid());
  return std::make_unique<machine::LibvirtMachine>(libvirt.connection(), std::move(spec), std::move(stop),
                                                   std::move(held));
}

run::Backend libvirt_backend(const machine::LibvirtUri& uri, const std::string& run_id, std::stop_token stop) {
  auto libvirt = std::make_shared<Libvirt>(uri, std::move(stop)); // shared by the functions below
  auto connection = libvirt->connection();
  if (auto why = connection->threads_remark(); !why.empty())
    spdlog::warn("guests have a thread for each CPU, and take longer: {}", why);
  run::Backend backend{.make_machine =
                           [libvirt, run_id](const machine::MachineSpec& spec, std::stop_token stop_cell) {
                             return make_machine(*libvirt, run_id, spec, std::move(stop_cell), {});
                           },
                       .accelerator = uri.here ? machine::best_accelerator() : connection->accelerator(),
                       .emulator_version = uri.here ? machine::qemu_version() : "libvirt " + connection->version(),
                       .name = "libvirt"};
  backend.describe = [place = connection->domain_place()](const machine::MachineSpec& spec) {
    return machine::describe_domain(spec, place);
  };
  backend.memory = memory_here;
  return backend;
}

/// Several hosts, and which of them runs which guest.
class Farm {
public:
  Farm(const std::vector<Host>& hosts, std::string run_id, const std::stop_token& stop)
      : run_id_(std::move(run_id)), placement_(hosts) {
    for (const auto& host : hosts) hosts_.push_back(std::make_unique<Libvirt>(host.uri, stop));
  }

  Libvirt& host(std::size_t index) { return *hosts_.at(index); }
  int lost() const { return placement_.lost(); }

  std::unique_ptr<machine::Machine> make(const machine::MachineSpec& spec, std::stop_token stop) {
    auto slots = std::max(1U, (spec.cpus + 1) / 2);
    for (;;) {
      auto index = placement_.take(slots, spec.memory, stop); // nominal: what it will occupy is not known here
      auto leave = [this, index, slots, memory = spec.memory](void*) {
        if (hosts_[index]->lost()) placement_.lose(index);
        placement_.give_back(index, slots, memory);
      };
      std::shared_ptr<void> held(this, leave); // shared with nobody: a guard that the machine takes with it
      try {
        return make_machine(*hosts_[index], run_id_, spec, stop, std::move(held));
      } catch (const Error&) { // it does not answer; another one may
        placement_.lose(index);
      }
    }
  }

private:
  std::string run_id_;
  Placement placement_;
  std::vector<std::unique_ptr<Libvirt>> hosts_;
};

run::Backend farm_backend(const std::vector<Host>& hosts, const std::string& run_id, const std::stop_token& stop) {
  auto farm = std::make_shared<Farm>(hosts, run_id, stop); // shared by the functions below
  std::optional<machine::Accelerator> accelerator;
  std::string versions;
  machine::DomainPlace place;
  ByteSize memory;
  ByteSize largest;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    auto connection = farm->host(i).connection();
    auto has =
        hosts[i].accelerator.value_or(hosts[i].uri.here ? machine::best_accelerator() : connection->accelerator());
    if (accelerator && *accelerator != has)
      throw Error(Blame::usage, "{} has {} and {} has {}: a run's hosts must be alike", hosts[0].uri.text,
                  machine::to_string(*accelerator), hosts[i].uri.text, machine::to_string(has));
    accelerator = has;
    if (i == 0) place = connection->domain_place();
    auto version = "libvirt " + connection->version();
    if (versions.find(version) == std::string::npos) versions += (versions.empty() ? "" : ", ") + version;
    memory = memory + hosts[i].memory;
    largest = std::max(largest, hosts[i].memory);
  }
  run::Backend backend{
      .make_machine = [farm](const machine::MachineSpec& spec,
                             std::stop_token stop_cell) { return farm->make(spec, std::move(stop_cell)); },
      .accelerator = *accelerator,
      .emulator_version = versions,
      .name = "libvirt"};
  backend.describe = [place](const machine::MachineSpec& spec) { return machine::describe_domain(spec, place); };
  backend.memory = [memory] { return memory; };
  backend.largest = largest;
  backend.hosts_lost = [farm] { return farm->lost(); };
  return backend;
}

} // namespace

void BackendOptions::add_to(CLI::App& app, std::string_view otherwise) {
  app.add_option("--backend", name, fmt::format("what runs the guests: qemu, or libvirt (default: {})", otherwise))
      ->check(CLI::IsMember({"qemu", "libvirt"}));
  app.add_option("--connect", connect,
                 "where libvirt runs them: qemu:///embed (the default: no daemon), qemu:///session, qemu:///system, "
                 "qemu+ssh://HOST/system");
}

void BackendOptions::add_hosts_to(CLI::App& app) {
  app.add_option("--hosts", hosts, "a file of hosts that libvirt runs guests on, several at once");
}

bool BackendOptions::libvirt() const {
  if (name == "qemu" && !connect.empty())
    throw Error(Blame::usage, "--connect {} is for --backend libvirt, and --backend qemu was said", connect);
  if (!hosts.empty() && (name == "qemu" || !connect.empty()))
    throw Error(Blame::usage, "--hosts {} says where libvirt runs guests: leave out --connect and --backend qemu",
                hosts);
  return name == "libvirt" || !connect.empty() || !hosts.empty();
}

std::vector<std::string> BackendOptions::words() const {
  if (!hosts.empty()) return {"--hosts", hosts};
  if (!connect.empty()) return {"--connect", connect};
  if (libvirt()) return {"--backend", "libvirt"};
  return {};
}

machine::LibvirtUri BackendOptions::uri() const {
  return machine::libvirt_uri(connect.empty() ? k_default_uri : connect);
}

BackendOptions BackendOptions::or_as_before(const std::string& backend) const {
  bool said = !name.empty() || !connect.empty() || !hosts.empty();
  return said ? *this : BackendOptions{.name = backend};
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

run::Backend make_backend(const BackendOptions& options, const std::string& run_id, std::stop_token stop) {
  if (options.libvirt() && !options.hosts.empty()) return farm_backend(read_hosts(options.hosts), run_id, stop);
  return options.libvirt() ? libvirt_backend(options.uri(), run_id, std::move(stop)) : qemu_backend();
}

} // namespace kdt::cli
