#pragma once

#include "machine/blocking_calls.hpp"
#include "machine/byte_stream.hpp"
#include "machine/channel.hpp"
#include "machine/emulator_process.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_machine.hpp"
#include "machine/monitor.hpp"
#include "machine/qmp.hpp"
#include "machine/relay.hpp"

#include <nlohmann/json_fwd.hpp>

#include <deque>
#include <optional>
#include <string>

namespace kdt::machine {

/// That libvirt did not do what was asked of it, in its own words.
Error libvirt_refused(std::string_view what);

/// What the parts of LibvirtMachine share: libvirt_start.cpp brings it up, libvirt_machine.cpp does the rest.
struct LibvirtMachine::State {
  State(std::shared_ptr<LibvirtConnection> the_connection, MachineSpec the_spec, std::stop_token the_stop)
      : connection(std::move(the_connection)), spec(std::move(the_spec)), stop(std::move(the_stop)) {}

  void pump(Deadline deadline);
  std::string call(std::string_view what, Deadline deadline, std::function<void(virDomainPtr)> function);
  qmp::Reply ask(std::string_view name, const nlohmann::json& arguments, Deadline deadline);
  HumanMonitor human(Deadline deadline);
  ReadMemory memory(Deadline deadline);
  bool create(const std::string& xml);
  bool start_here();
  bool start_there();
  void read_channels();
  void push_end_when_drained();
  void destroy() const;
  std::string take_log() const;

  std::shared_ptr<LibvirtConnection> connection; ///< of the run; goes with the last of its machines
  std::shared_ptr<void> held;                    ///< for as long as the guest is there
  MachineSpec spec;
  std::stop_token stop;
  std::string uuid; ///< of the domain
  boost::asio::io_context context;
  std::optional<TempDir> place; ///< of the sockets; there from start() on
  MachineSpec there;            ///< with files on the guest's host
  std::unique_ptr<ByteStream> console;
  std::unique_ptr<ByteStream> agent;
  std::optional<Relay> service;
  std::optional<EmulatorProcess> emulator;
  Lines agent_lines;
  std::deque<Event> events;
  int open_channels = 0;
  std::optional<DomainEnd> end;
  bool ended = false;
  bool stopped = false;
  ByteSize peak{};
  Clock::time_point peak_seen{};
  std::optional<std::stop_callback<std::function<void()>>> wake;
  /// Shared with calls that outlast their deadline.
  std::shared_ptr<DomainHandle> domain = std::make_shared<DomainHandle>();
  BlockingCalls calls{context, [this](Deadline deadline) { pump(deadline); }};
};

} // namespace kdt::machine
