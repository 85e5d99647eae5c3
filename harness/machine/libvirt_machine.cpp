#include "machine/libvirt_machine.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/blocking_calls.hpp"
#include "machine/channel.hpp"
#include "machine/domain_xml.hpp"
#include "machine/emulator_log.hpp"
#include "machine/emulator_process.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/listener.hpp"
#include "machine/monitor.hpp"
#include "machine/qemu_memory.hpp"
#include "machine/qmp.hpp"
#include "machine/relay.hpp"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <deque>
#include <fcntl.h>
#include <libvirt/libvirt-qemu.h>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_words_kept = 4096;
constexpr std::chrono::seconds k_start_budget{120};  // libvirt itself gives up on a QEMU that does not come up
constexpr std::chrono::seconds k_connect_budget{10}; // QEMU has connected before it answers libvirt
constexpr std::chrono::milliseconds k_between_peaks{500};

Error refused(std::string_view what) {
  return {Blame::infra, "libvirt refused {}: {}", what, libvirt_message()};
}

std::string new_uuid() {
  return std::string(trim(read_file("/proc/sys/kernel/random/uuid")));
}

} // namespace

struct LibvirtMachine::State {
  State(std::shared_ptr<LibvirtConnection> the_connection, MachineSpec the_spec, std::stop_token the_stop)
      : connection(std::move(the_connection)), spec(std::move(the_spec)), stop(std::move(the_stop)) {}

  void pump(Deadline deadline);
  std::string call(std::string_view what, Deadline deadline, std::function<void(virDomainPtr)> function);
  qmp::Reply ask(std::string_view name, const nlohmann::json& arguments, Deadline deadline);
  HumanMonitor human(Deadline deadline);
  ReadMemory memory(Deadline deadline);
  bool create(const std::string& xml);
  void read_channels();
  void push_end_when_drained();
  void destroy() const;
  std::string take_log() const;

  std::shared_ptr<LibvirtConnection> connection; ///< of the run; goes with the last of its machines
  MachineSpec spec;
  std::stop_token stop;
  std::string uuid = new_uuid();
  asio::io_context context;
  std::optional<TempDir> place; ///< of the sockets; there from start() on
  std::optional<Channel> console;
  std::optional<Channel> agent;
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

/// Lets one thing happen, or the deadline pass.
void LibvirtMachine::State::pump(Deadline deadline) {
  if (stop.stop_requested()) throw Interrupted();
  if (context.stopped()) context.restart();
  if (deadline.at() == Clock::time_point::max())
    context.run_one();
  else
    context.run_one_until(deadline.at());
  if (stop.stop_requested()) throw Interrupted();
}

std::string LibvirtMachine::State::call(std::string_view what, Deadline deadline,
                                        std::function<void(virDomainPtr)> function) {
  if (stopped || ended) throw Error(Blame::infra, "the guest has ended: {}", what);
  return calls.call(what, deadline, [domain = domain, function = std::move(function)] {
    function(domain->get());
    return std::string();
  });
}

qmp::Reply LibvirtMachine::State::ask(std::string_view name, const nlohmann::json& arguments, Deadline deadline) {
  nlohmann::json command{{"execute", name}};
  if (!arguments.empty()) command["arguments"] = arguments;
  // Shared with a call that outlasts its deadline.
  auto text = std::make_shared<std::string>();
  call(name, deadline, [text, name = std::string(name), command = command.dump()](virDomainPtr guest) {
    char* answer = nullptr;
    if (::virDomainQemuMonitorCommand(guest, command.c_str(), &answer, 0) < 0) throw refused(name);
    CHandle<char, std::free> owned(answer);
    *text = answer;
  });
  auto reply = qmp::parse_reply(*text);
  if (!reply) throw Error(Blame::infra, "QEMU's answer to {} is none: {}", name, printable(*text));
  return *reply;
}

HumanMonitor LibvirtMachine::State::human(Deadline deadline) {
  return [this, deadline](const std::string& command, unsigned cpu) {
    auto reply = ask("human-monitor-command", {{"command-line", command}, {"cpu-index", cpu}}, deadline);
    if (reply.error) throw Error(Blame::infra, "QEMU refused {}: {}", command, *reply.error);
    return reply.value;
  };
}

/// Shared pointers, because what std::function holds must be copyable.
ReadMemory LibvirtMachine::State::memory(Deadline deadline) {
  auto ram = ram_of(spec.memory);
  auto address = emulator ? host_address_of(ram, human(deadline)) : std::nullopt;
  if (address) {
    try {
      return [memory = std::make_shared<ProcessMemory>(emulator->pid(), ram, *address)](PhysAddr from, auto to) {
        memory->read(from, to);
      };
    } catch (const Error&) { // the host does not let us look into the process: libvirt tells, more slowly
    }
  }
  auto save = [this, deadline](const PhysRange& range, const std::filesystem::path& file) {
    auto bytes = std::make_shared<std::string>(range.size().bytes, '\0');
    call("a look into the guest's memory", deadline, [bytes, start = range.start.value](virDomainPtr guest) {
      if (::virDomainMemoryPeek(guest, start, bytes->size(), bytes->data(), VIR_MEMORY_PHYSICAL) < 0)
        throw refused("a look into the guest's memory");
    });
    write_file(file, *bytes);
  };
  return [memory = std::make_shared<SavedMemory>(ram, save)](PhysAddr from, auto to) { memory->read(from, to); };
}

/// The end is the last event: everything that was written before it is handed out first.
void LibvirtMachine::State::push_end_when_drained() {
  if (!end || open_channels > 0 || ended) return;
  auto words = std::string(trim(take_log()));
  if (words.size() > k_words_kept) words.erase(0, words.size() - k_words_kept);
  if (!end->words.empty()) words = words.empty() ? end->words : end->words + "\n" + words;
  events.push_back(Ended{.status = {.code = end->known ? 0 : 1}, .words = printable(words), .status_told = end->known});
  ended = true;
}

void LibvirtMachine::State::read_channels() {
  auto on_close = [this] {
    --open_channels;
    push_end_when_drained();
  };
  open_channels = 2;
  console->read(
      [this](std::string_view bytes) {
        auto* last = events.empty() ? nullptr : std::get_if<ConsoleOutput>(&events.back());
        if (last != nullptr)
          last->bytes += bytes;
        else
          events.push_back(ConsoleOutput{std::string(bytes)});
      },
      on_close);
  agent->read(
      [this](std::string_view bytes) {
        agent_lines.feed(bytes, [this](std::string_view line) { events.push_back(AgentLine{std::string(line)}); });
      },
      on_close);
}

/// Whatever libvirt has under our UUID; from any thread.
void LibvirtMachine::State::destroy() const {
  DomainHandle found(::virDomainLookupByUUIDString(connection->get(), uuid.c_str()));
  if (found) ::virDomainDestroy(found.get());
}

/// QEMU's words go where the cell keeps them; libvirt's log of this domain goes.
std::string LibvirtMachine::State::take_log() const {
  auto directory = connection->log_directory();
  if (directory.empty()) return "";
  auto log = directory / (spec.name + ".log");
  try {
    auto words = words_of_emulator(read_file(log));
    write_file(spec.error_log, words);
    return words;
  } catch (const Error&) { // a daemon's log may be for its own eyes
    return "";
  }
}

/// False when QEMU ended before the guest ran: that is its end like any other.
bool LibvirtMachine::State::create(const std::string& xml) {
  // An embedded libvirt has no such flag (9.0): LibvirtRoot's keeper does that.
  unsigned flags = connection->uri().embedded ? 0 : VIR_DOMAIN_START_AUTODESTROY;
  if (spec.gdb_port) flags |= VIR_DOMAIN_START_PAUSED; // until the debugger lets it go
  try {
    calls.call("the start of the guest", Deadline::after(k_start_budget),
               [domain = domain, connection = connection, xml, flags] {
                 domain->reset(::virDomainCreateXML(connection->get(), xml.c_str(), flags));
                 if (!*domain) throw refused("to start the guest");
                 return std::string();
               });
  } catch (const Error& error) {
    auto words = words_of_failed_start(error.what());
    if (!words) throw;
    end = DomainEnd{.words = *words};
    push_end_when_drained();
    return false;
  }
  return true;
}

LibvirtMachine::LibvirtMachine(std::shared_ptr<LibvirtConnection> connection, MachineSpec spec, std::stop_token stop)
    : state_(std::make_unique<State>(std::move(connection), std::move(spec), std::move(stop))) {}

LibvirtMachine::~LibvirtMachine() {
  stop();
}

void LibvirtMachine::start() {
  auto& state = *state_;
  KDT_ASSERT(!state.place);
  const auto* root = state.connection->root();
  state.place.emplace("kdt", root != nullptr ? root->path() : std::filesystem::path());
  state.wake.emplace(state.stop, [&context = state.context] { asio::post(context, [] {}); });
  state.connection->listen(state.uuid, {.on_change =
                                            [&state](StateChange change) {
                                              asio::post(state.context, [&state, change = std::move(change)] {
                                                state.events.push_back(change);
                                              });
                                            },
                                        .on_end =
                                            [&state](DomainEnd end) {
                                              asio::post(state.context, [&state, end = std::move(end)] {
                                                if (state.emulator) state.emulator->kill(); // a lost daemon leaves it
                                                state.end = end;
                                                state.push_end_when_drained();
                                              });
                                            }});
  Listener console(state.place->path() / "console");
  Listener agent(state.place->path() / "agent");
  std::optional<Listener> service;
  if (state.spec.service) service.emplace(state.place->path() / "service");
  auto place = state.connection->domain_place();
  place.uuid = state.uuid;
  place.console = console.path();
  place.agent = agent.path();
  if (service) place.service = service->path();
  write_file(state.spec.error_log, "");
  if (!state.create(domain_xml(state.spec, place))) return;
  auto connected = Deadline::after(k_connect_budget);
  auto socket = console.accept(connected);
  state.emulator.emplace(socket.get());
  state.emulator->offer_to_oom_killer();
  state.console.emplace(state.context, std::move(socket));
  state.agent.emplace(state.context, agent.accept(connected));
  if (service)
    state.service.emplace(state.context, service->accept(connected),
                          UniqueFd(::fcntl(state.spec.service->peer, F_DUPFD_CLOEXEC, 0)));
  state.read_channels();
}

Event LibvirtMachine::next_event(Deadline deadline) {
  auto& state = *state_;
  if (state.stop.stop_requested()) throw Interrupted();
  if (auto now = Clock::now(); now - state.peak_seen > k_between_peaks) { // nobody tells it of one that has ended
    state.peak_seen = now;
    state.peak = peak_memory();
  }
  while (state.events.empty()) {
    bool late = deadline.passed();
    state.pump(deadline); // also when it is late: what came while nobody looked counts
    if (late && state.events.empty()) return TimedOut{};
  }
  Event event = std::move(state.events.front());
  state.events.pop_front();
  return event;
}

void LibvirtMachine::send(const std::string& line) {
  if (state_->agent) state_->agent->write(line + "\n");
}

void LibvirtMachine::type(std::string keys) {
  asio::post(state_->context, [state = state_.get(), keys = std::move(keys)] {
    if (state->console) state->console->write(keys);
  });
}

std::optional<std::string> LibvirtMachine::poke(Poke what, Deadline deadline) {
  auto& state = *state_;
  if (what == Poke::sysrq_crash) {
    auto reply = state.ask("chardev-send-break", {{"id", k_domain_console}}, deadline);
    if (reply.error) return fmt::format("QEMU refused chardev-send-break: {}", *reply.error);
    state.console->write("c");
    return std::nullopt;
  }
  auto refusal = std::make_shared<std::string>(); // shared with a call that outlasts its deadline
  state.call("inject-nmi", deadline, [refusal](virDomainPtr guest) {
    if (::virDomainInjectNMI(guest, 0) < 0) *refusal = libvirt_message();
  });
  if (refusal->empty()) return std::nullopt;
  return "QEMU refused inject-nmi: " + words_of_refusal(*refusal);
}

std::vector<CpuRegisters> LibvirtMachine::registers(Depth depth, Deadline deadline) {
  auto suspend = [](virDomainPtr guest) {
    if (::virDomainSuspend(guest) < 0) throw refused("to stop the guest");
  };
  if (depth == Depth::chains) state_->call("stop", deadline, suspend);
  return read_registers(depth, state_->human(deadline));
}

void LibvirtMachine::dump_memory(const std::filesystem::path& path, Deadline deadline) {
  state_->call("dump-guest-memory", deadline, [path](virDomainPtr guest) {
    if (::virDomainCoreDumpWithFormat(guest, path.c_str(), VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB,
                                      VIR_DUMP_MEMORY_ONLY) < 0)
      throw refused("a dump of the guest's memory");
  });
}

void LibvirtMachine::look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) {
  auto& state = *state_;
  auto resume = [domain = state.domain] { ::virDomainResume(domain->get()); };
  try {
    state.call("stop", deadline, [](virDomainPtr guest) {
      if (::virDomainSuspend(guest) < 0) throw refused("to stop the guest");
    });
    auto memory = state.memory(deadline);
    look([&](PhysAddr from, std::span<std::byte> to) {
      if (state.stop.stop_requested()) throw Interrupted();
      if (deadline.passed()) throw Error(Blame::infra, "the guest's memory could not be read in time");
      memory(from, to);
    });
  } catch (...) {
    state.calls.post(resume);
    throw;
  }
  state.call("cont", deadline, [](virDomainPtr guest) {
    if (::virDomainResume(guest) < 0) throw refused("to let the guest go on");
  });
}

ByteSize LibvirtMachine::peak_memory() const {
  const auto& state = *state_;
  return state.emulator ? std::max(state.peak, state.emulator->peak_memory()) : state.peak;
}

std::optional<ProcessorTime> LibvirtMachine::processor_time() const {
  return state_->emulator ? state_->emulator->processor_time() : std::nullopt;
}

void LibvirtMachine::stop() {
  auto& state = *state_;
  state.peak = peak_memory();
  if (!state.place || std::exchange(state.stopped, true)) return;
  state.connection->forget(state.uuid);
  if (state.emulator) state.emulator->kill(); // at once; what waits for an answer of it comes back, too
  state.destroy();
  state.calls.join();
  state.destroy(); // if it was being started meanwhile
  state.take_log();
  if (auto logs = state.connection->log_directory(); !logs.empty()) {
    std::error_code ignored;
    std::filesystem::remove(logs / (state.spec.name + ".log"), ignored);
  }
  state.emulator.reset();
  state.service.reset();
  state.domain->reset();
  state.place.reset();
}

} // namespace kdt::machine
