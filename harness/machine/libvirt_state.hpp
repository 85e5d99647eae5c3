#pragma once

#include "machine/blocking_calls.hpp"
#include "machine/byte_stream.hpp"
#include "machine/emulator_process.hpp"
#include "machine/event_queue.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_machine.hpp"
#include "machine/monitor.hpp"
#include "machine/qmp.hpp"
#include "machine/relay.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace kdt::machine {

/// That libvirt did not do what was asked of it, in its own words.
Error libvirt_refused(std::string_view what);

/// What the parts of LibvirtMachine share: libvirt_start.cpp brings it up, libvirt_machine.cpp does the rest.
struct LibvirtMachine::State {
  State(std::shared_ptr<LibvirtConnection> the_connection, MachineSpec the_spec, std::stop_token the_stop)
      : connection(std::move(the_connection)), spec(std::move(the_spec)), stop(the_stop), events(std::move(the_stop)) {}

  std::string call(std::string_view what, Deadline deadline, std::function<void(virDomainPtr)> function);
  qmp::Reply ask(std::string_view name, const nlohmann::json& arguments, Deadline deadline);
  HumanMonitor human(Deadline deadline);
  ReadMemory memory(Deadline deadline);
  bool create(const std::string& xml);
  bool start_here();
  bool start_there();
  void end(const DomainEnd& end);
  void destroy() const;
  std::string take_log() const;

  std::shared_ptr<LibvirtConnection> connection; ///< of the run; goes with the last of its machines
  std::shared_ptr<void> held;                    ///< for as long as the guest is there
  MachineSpec spec;
  std::stop_token stop;
  std::string uuid; ///< of the domain
  EventQueue events;
  std::optional<TempDir> place; ///< of the sockets; there from start() on
  MachineSpec there;            ///< with files on the guest's host
  std::unique_ptr<ByteStream> console;
  std::unique_ptr<ByteStream> agent;
  std::optional<Relay> service;
  std::optional<EmulatorProcess> emulator;
  bool stopped = false;
  ByteSize peak{};
  Clock::time_point peak_seen{};
  /// Shared with calls that outlast their deadline.
  std::shared_ptr<DomainHandle> domain = std::make_shared<DomainHandle>();
  BlockingCalls calls{events.context(), [this](Deadline deadline) { events.pump(deadline); }};
};

} // namespace kdt::machine
