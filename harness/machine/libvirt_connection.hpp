#pragma once

#include "base/c_handle.hpp"
#include "machine/domain_xml.hpp"
#include "machine/libvirt_reaper.hpp"
#include "machine/libvirt_root.hpp"
#include "machine/libvirt_storage.hpp"
#include "machine/libvirt_uri.hpp"
#include "machine/machine.hpp"

#include <chrono>
#include <functional>
#include <libvirt/libvirt.h>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::machine {

using DomainHandle = CHandle<virDomain, virDomainFree>;
using ConnectHandle = CHandle<virConnect, virConnectClose>;

/// What opening a connection brings.
struct Opened {
  ConnectHandle connection;
  std::string capabilities; ///< XML
};

/// The message of libvirt's last error in this thread.
std::string libvirt_message();

/// How a domain ended, as far as libvirt tells.
struct DomainEnd {
  bool known = false;  ///< it powered off, reset, or QEMU was told to quit: QEMU's exit status is 0
  std::string words{}; ///< else: what libvirt knows
};

/// Who is told what happens to a domain: from libvirt's own thread, so both only pass it on.
struct DomainListener {
  std::function<void(StateChange)> on_change{};
  std::function<void(DomainEnd)> on_end{};
};

/// One connection to libvirt, shared by the machines of a run and used by all of their threads. The first one starts
/// the thread in which libvirt's event loop runs as long as the process.
class LibvirtConnection {
public:
  /// Opens it. keeper: see LibvirtRoot. Throws Error{infra} in one sentence that says what to do, also when a daemon
  /// has not answered within the budget; Interrupted when stop is requested before it answers.
  LibvirtConnection(LibvirtUri uri, const std::filesystem::path& keeper, std::stop_token stop = {},
                    std::chrono::seconds budget = std::chrono::seconds(60));
  LibvirtConnection(LibvirtConnection&&) = delete;
  ~LibvirtConnection();

  const LibvirtUri& uri() const { return uri_; }
  virConnectPtr get() const { return connection_.get(); }
  /// False when the daemon has gone away: then another connection has to be opened.
  bool alive() const;
  /// What the domains of this connection have in common.
  DomainPlace domain_place() const;
  /// Why TCG guests of an embedded libvirt have a thread for each CPU all the same; empty: they have not.
  const std::string& threads_remark() const { return threads_remark_; }
  /// "9.0.0", of the libvirt that runs the guests.
  std::string version() const;
  /// Of an embedded libvirt.
  const LibvirtRoot* root() const { return root_ ? &*root_ : nullptr; }
  /// Of a connection that leads to another host: our files there, made with this name when it is first asked for.
  /// Throws Error{infra}.
  LibvirtStorage& storage(const std::string& name);
  /// KVM where that host has it. Throws Error{infra} when it has no QEMU for arm64.
  Accelerator accelerator() const;
  /// Where libvirt keeps what QEMU prints, NAME.log for each domain; empty: on another host.
  std::filesystem::path log_directory() const;

  /// From now on until forget(), the listener hears of the domain with this UUID. When the connection is lost, that is
  /// the domain's end.
  void listen(const std::string& uuid, DomainListener listener);
  /// After it has returned, the listener is not called any more.
  void forget(const std::string& uuid);

private:
  struct Listeners {
    std::mutex mutex;
    std::map<std::string, DomainListener> of; ///< by UUID
    bool lost = false;
    void change(virDomainPtr domain, const StateChange& change);
    void end(virDomainPtr domain, const DomainEnd& end);
    void lose(const std::string& why);
  };
  void take(Opened opened);
  void find_single_thread_emulator();
  void listen_to_libvirt();
  static void on_close(virConnectPtr connection, int reason, void* listeners);

  LibvirtUri uri_;
  std::optional<LibvirtRoot> root_;
  std::optional<LibvirtReaper> reaper_; ///< of the root's emulators
  /// Shared with libvirt, which may be calling back while the connection is being closed.
  std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();
  ConnectHandle connection_;
  std::filesystem::path single_thread_emulator_; ///< empty: none
  std::string threads_remark_;
  std::vector<int> callbacks_;       ///< of virConnectDomainEventRegisterAny
  std::optional<int> qemu_callback_; ///< of virConnectDomainQemuMonitorEventRegister
  std::vector<std::string> security_models_;
  std::mutex storage_mutex_; ///< guards what follows
  std::optional<LibvirtStorage> storage_;
};

/// The security models that the XML of a host's capabilities names.
std::vector<std::string> security_models_of(const std::string& capabilities);

} // namespace kdt::machine
