// How a LibvirtMachine starts.

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/channel.hpp"
#include "machine/domain_xml.hpp"
#include "machine/emulator_log.hpp"
#include "machine/libvirt_state.hpp"
#include "machine/libvirt_stream.hpp"
#include "machine/listener.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds k_start_budget{120};  // libvirt itself gives up on a QEMU that does not come up
constexpr std::chrono::seconds k_connect_budget{10}; // QEMU has connected before it answers libvirt

std::string new_uuid() {
  return std::string(trim(read_file("/proc/sys/kernel/random/uuid")));
}

void let_go_on(virDomainPtr guest) {
  if (::virDomainResume(guest) < 0) throw libvirt_refused("to start the guest");
}

} // namespace

/// False when QEMU ended before the guest ran: that is its end like any other.
bool LibvirtMachine::State::create(const std::string& xml) {
  // An embedded libvirt has no such flag (9.0): LibvirtRoot's keeper does that.
  unsigned flags = connection->uri().embedded ? 0 : VIR_DOMAIN_START_AUTODESTROY;
  // Until the debugger lets it go, or the streams are there.
  if (spec.gdb_port || !connection->uri().here) flags |= VIR_DOMAIN_START_PAUSED;
  try {
    calls.call("the start of the guest", Deadline::after(k_start_budget),
               [domain = domain, connection = connection, xml, flags] {
                 domain->reset(::virDomainCreateXML(connection->get(), xml.c_str(), flags));
                 if (!*domain) throw libvirt_refused("to start the guest");
                 return std::string();
               });
  } catch (const Error& error) {
    auto words = words_of_failed_start(error.what());
    if (!words) throw;
    end({.words = *words});
    return false;
  }
  return true;
}

bool LibvirtMachine::State::start_here() {
  Listener console_socket(place->path() / "console");
  Listener agent_socket(place->path() / "agent");
  std::optional<Listener> service_socket;
  if (spec.service) service_socket.emplace(place->path() / "service");
  auto domain_place = connection->domain_place();
  domain_place.uuid = uuid;
  domain_place.console = console_socket.path();
  domain_place.agent = agent_socket.path();
  if (service_socket) domain_place.service = service_socket->path();
  if (!create(domain_xml(spec, domain_place))) return false;
  auto deadline = Deadline::after(k_connect_budget);
  auto connected = console_socket.accept(deadline);
  emulator.emplace(connected.get());
  emulator->offer_to_oom_killer();
  console = std::make_unique<Channel>(events.context(), std::move(connected));
  agent = std::make_unique<Channel>(events.context(), agent_socket.accept(deadline));
  if (service_socket)
    service.emplace(events.context(), service_socket->accept(deadline),
                    UniqueFd(::fcntl(spec.service->peer, F_DUPFD_CLOEXEC, 0)));
  return true;
}

/// On another host: files are taken there first, and the channels are libvirt's streams.
bool LibvirtMachine::State::start_there() {
  if (spec.service) throw Error(Blame::infra, "a guest on another host cannot reach a service of this one");
  auto& storage = connection->storage(spec.name);
  auto deadline = Deadline::after(k_start_budget);
  calls.call("images to the other host", deadline, [this, &storage] {
    there = storage.take_there(spec);
    return std::string();
  });
  auto domain_place = connection->domain_place();
  domain_place.uuid = uuid;
  if (!create(domain_xml(there, domain_place))) return false;
  call("the guest's channels", deadline, [this](virDomainPtr guest) {
    console =
        std::make_unique<LibvirtStream>(connection->get(), events.context(), "console", [guest](virStreamPtr stream) {
          return ::virDomainOpenConsole(guest, nullptr, stream, VIR_DOMAIN_CONSOLE_FORCE);
        });
    agent = std::make_unique<LibvirtStream>(connection->get(), events.context(), "agent", [guest](virStreamPtr stream) {
      return ::virDomainOpenChannel(guest, k_agent_port, stream, VIR_DOMAIN_CHANNEL_FORCE);
    });
  });
  return true;
}

void LibvirtMachine::start() {
  auto& state = *state_;
  KDT_ASSERT(!state.place);
  state.uuid = new_uuid();
  const auto* root = state.connection->root();
  state.place.emplace("kdt", root != nullptr ? root->path() : std::filesystem::path());
  state.connection->listen(state.uuid, {.on_change =
                                            [&state](StateChange change) {
                                              asio::post(state.events.context(), [&state, change = std::move(change)] {
                                                state.events.push(change);
                                              });
                                            },
                                        .on_end =
                                            [&state](DomainEnd end) {
                                              asio::post(state.events.context(), [&state, end = std::move(end)] {
                                                if (state.emulator) state.emulator->kill(); // a lost daemon leaves it
                                                bool away = !state.emulator && !state.connection->alive();
                                                if (away) state.events.give_streams_up();
                                                state.end(end);
                                              });
                                            }});
  write_file(state.spec.error_log, "");
  bool runs = state.connection->uri().here ? state.start_here() : state.start_there();
  if (!runs) return;
  state.events.read_console(*state.console);
  state.events.read_agent(*state.agent);
  if (!state.connection->uri().here && !state.spec.gdb_port)
    state.call("cont", Deadline::after(k_start_budget), let_go_on);
}

} // namespace kdt::machine
