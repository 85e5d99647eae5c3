#include "machine/libvirt_machine.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/domain_xml.hpp"
#include "machine/emulator_log.hpp"
#include "machine/guest_memory.hpp"
#include "machine/libvirt_state.hpp"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <libvirt/libvirt-qemu.h>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_words_kept = 4096;
constexpr std::chrono::milliseconds k_between_peaks{500};

} // namespace

Error libvirt_refused(std::string_view what) {
  return {Blame::infra, "libvirt refused {}: {}", what, libvirt_message()};
}

std::string LibvirtMachine::State::call(std::string_view what, Deadline deadline,
                                        std::function<void(virDomainPtr)> function) {
  if (stopped || events.ended()) throw Error(Blame::infra, "the guest has ended: {}", what);
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
    if (::virDomainQemuMonitorCommand(guest, command.c_str(), &answer, 0) < 0) throw libvirt_refused(name);
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

ReadMemory LibvirtMachine::State::memory(Deadline deadline) {
  auto save = [this, deadline](const PhysRange& range, const std::filesystem::path& file) {
    auto bytes = std::make_shared<std::string>(range.size().bytes, '\0');
    call("a look into the guest's memory", deadline, [bytes, start = range.start.value](virDomainPtr guest) {
      if (::virDomainMemoryPeek(guest, start, bytes->size(), bytes->data(), VIR_MEMORY_PHYSICAL) < 0)
        throw libvirt_refused("a look into the guest's memory");
    });
    write_file(file, *bytes);
  };
  auto pid = emulator ? std::optional(emulator->pid()) : std::nullopt;
  return guest_memory(ram_of(spec.memory), pid, human(deadline), save);
}

void LibvirtMachine::State::end(const DomainEnd& end) {
  events.end([this, end] {
    auto words = std::string(trim(take_log()));
    if (words.size() > k_words_kept) words.erase(0, words.size() - k_words_kept);
    if (!end.words.empty()) words = words.empty() ? end.words : end.words + "\n" + words;
    return Ended{.status = {.code = end.known ? 0 : 1}, .words = printable(words), .status_told = end.known};
  });
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

LibvirtMachine::LibvirtMachine(std::shared_ptr<LibvirtConnection> connection, MachineSpec spec, std::stop_token stop,
                               std::shared_ptr<void> held)
    : state_(std::make_unique<State>(std::move(connection), std::move(spec), std::move(stop))) {
  state_->held = std::move(held);
}

LibvirtMachine::~LibvirtMachine() {
  try {
    stop();
  } catch (const Error&) { // who wanted the disks has called stop()
  }
}

Event LibvirtMachine::next_event(Deadline deadline) {
  auto& state = *state_;
  if (auto now = Clock::now(); now - state.peak_seen > k_between_peaks) { // nobody tells it of one that has ended
    state.peak_seen = now;
    state.peak = peak_memory();
  }
  return state.events.next(deadline);
}

void LibvirtMachine::send(const std::string& line) {
  if (state_->agent) state_->agent->write(line + "\n");
}

void LibvirtMachine::type(std::string keys) {
  asio::post(state_->events.context(), [state = state_.get(), keys = std::move(keys)] {
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
    if (::virDomainSuspend(guest) < 0) throw libvirt_refused("to stop the guest");
  };
  if (depth == Depth::chains) state_->call("stop", deadline, suspend);
  return read_registers(depth, state_->human(deadline));
}

void LibvirtMachine::dump_memory(const std::filesystem::path& file, Deadline deadline) {
  auto& state = *state_;
  auto* storage = state.connection->uri().here ? nullptr : &state.connection->storage(state.spec.name);
  auto path = storage == nullptr ? file : storage->place(state.uuid + ".kdump");
  state.call("dump-guest-memory", deadline, [path, file, storage](virDomainPtr guest) {
    if (::virDomainCoreDumpWithFormat(guest, path.c_str(), VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB,
                                      VIR_DUMP_MEMORY_ONLY) < 0)
      throw libvirt_refused("a dump of the guest's memory");
    if (storage != nullptr) storage->download(path, file);
  });
}

void LibvirtMachine::look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) {
  auto& state = *state_;
  auto suspend = [](virDomainPtr guest) {
    if (::virDomainSuspend(guest) < 0) throw libvirt_refused("to stop the guest");
  };
  auto resume = [](virDomainPtr guest) {
    if (::virDomainResume(guest) < 0) throw libvirt_refused("to let the guest go on");
  };
  Standstill guest{
      .stop = [&] { state.call("stop", deadline, suspend); },
      .memory = [&] { return state.memory(deadline); },
      .go_on = [&] { state.call("cont", deadline, resume); },
      .go_on_after_all = [&] { state.calls.post([domain = state.domain] { ::virDomainResume(domain->get()); }); },
      .debugged = state.spec.gdb_port.has_value()};
  look_at_standstill(guest, look, state.stop, deadline);
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
  auto held = std::move(state.held); // until the end of this
  state.connection->forget(state.uuid);
  if (state.emulator) state.emulator->kill(); // at once; what waits for an answer of it comes back, too
  state.destroy();
  state.calls.join();
  state.destroy(); // if it was being started meanwhile
  state.take_log();
  bool elsewhere = !state.connection->uri().here && *state.domain;
  if (auto logs = state.connection->log_directory(); !logs.empty()) {
    std::error_code ignored;
    std::filesystem::remove(logs / (state.spec.name + ".log"), ignored);
  }
  state.emulator.reset();
  state.service.reset();
  state.events.give_streams_up();
  state.console.reset();
  state.agent.reset();
  state.domain->reset();
  state.place.reset();
  if (elsewhere && !state.stop.stop_requested())
    state.connection->storage(state.spec.name).bring_back(state.there, state.spec);
}

} // namespace kdt::machine
