#include "machine/qemu_machine.hpp"

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/channel.hpp"
#include "machine/console_pipe.hpp"
#include "machine/event_queue.hpp"
#include "machine/guest_memory.hpp"
#include "machine/monitor.hpp"
#include "machine/qemu_argv.hpp"
#include "machine/qmp.hpp"

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <sys/utsname.h>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_stderr_kept = 4096;

} // namespace

struct QemuMachine::State {
  State(MachineSpec the_spec, std::stop_token the_stop)
      : spec(std::move(the_spec)), stop(the_stop), events(std::move(the_stop)), agent(events.context()),
        monitor(events.context()) {
    if (spec.console_input)
      connect_console(std::make_unique<Channel>(events.context()));
    else
      connect_console(std::make_unique<ConsolePipe>(events.context()));
  }

  template <typename Stream>
  void connect_console(std::unique_ptr<Stream> stream) {
    their_console = stream->theirs();
    console = std::move(stream);
  }

  void read_channels();
  Ended end(ExitStatus status) const;
  qmp::Reply ask(std::string_view name, const std::string& arguments, Deadline deadline, int fd = -1);
  std::string execute(std::string_view name, const std::string& arguments, Deadline deadline, int fd = -1);
  HumanMonitor human(Deadline deadline);
  ReadMemory memory(Deadline deadline);
  void share_ram(Deadline deadline);
  std::string wait_for(const std::string& change, std::initializer_list<std::string_view> reasons, Deadline deadline);

  MachineSpec spec;
  std::stop_token stop;
  EventQueue events;
  std::unique_ptr<ByteStream> console;
  int their_console = -1; ///< the console's until the channels are read
  Channel agent;
  Channel monitor;
  Lines monitor_lines;
  std::optional<qmp::Reply> reply;
  int last_id = 0;
  std::unique_ptr<Child> child;
  UniqueFd state_file; ///< of a fork; its own, since each reads from the start
  ByteSize peak{};     ///< of the child that stop() ended
};

Ended QemuMachine::State::end(ExitStatus status) const {
  std::string words = read_file(spec.error_log);
  if (words.size() > k_stderr_kept) words.erase(0, words.size() - k_stderr_kept);
  return {status, printable(trim(words))};
}

void QemuMachine::State::read_channels() {
  events.read_console(*console);
  events.read_agent(agent);
  events.read(monitor, [this](std::string_view bytes) {
    monitor_lines.feed(bytes, [this](std::string_view line) {
      auto message = qmp::parse(line);
      if (auto* change = std::get_if<StateChange>(&message)) events.push(*change);
      if (auto* answer = std::get_if<qmp::Reply>(&message)) reply = *answer;
    });
  });
}

qmp::Reply QemuMachine::State::ask(std::string_view name, const std::string& arguments, Deadline deadline, int fd) {
  int id = ++last_id;
  reply.reset();
  auto line = qmp::command(id, name, arguments) + "\n";
  if (fd >= 0)
    monitor.write_with(line, fd);
  else
    monitor.write(line);
  while (!reply || reply->id != id) {
    if (events.ended()) throw Error(Blame::infra, "QEMU ended before it answered {}", name);
    if (deadline.passed()) throw Error(Blame::infra, "QEMU did not answer {} in time", name);
    events.pump(deadline);
  }
  return *reply;
}

std::string QemuMachine::State::execute(std::string_view name, const std::string& arguments, Deadline deadline,
                                        int fd) {
  auto answer = ask(name, arguments, deadline, fd);
  if (answer.error) throw Error(Blame::infra, "QEMU refused {}: {}", name, *answer.error);
  return answer.value;
}

HumanMonitor QemuMachine::State::human(Deadline deadline) {
  return [this, deadline](const std::string& command, unsigned cpu) {
    nlohmann::json arguments{{"command-line", command}, {"cpu-index", cpu}};
    return execute("human-monitor-command", arguments.dump(), deadline);
  };
}

ReadMemory QemuMachine::State::memory(Deadline deadline) {
  auto save = [this, deadline](const PhysRange& range, const std::filesystem::path& file) {
    nlohmann::json arguments{{"val", range.start.value}, {"size", range.size().bytes}, {"filename", file.string()}};
    execute("pmemsave", arguments.dump(), deadline);
  };
  return guest_memory(ram_of(spec.memory), child->pid(), human(deadline), save);
}

QemuMachine::QemuMachine(MachineSpec spec, std::stop_token stop)
    : state_(std::make_unique<State>(std::move(spec), std::move(stop))) {}

QemuMachine::~QemuMachine() {
  stop();
}

void QemuMachine::start() {
  auto& state = *state_;
  KDT_ASSERT(state.child == nullptr);
  auto log = open_file(state.spec.error_log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  int console = state.their_console;
  int agent = state.agent.theirs();
  int monitor = state.monitor.theirs();
  Command command{.argv = qemu_argv(state.spec, channels_by_fd(console, agent, monitor, state.spec.console_input)),
                  .dies_first = true};
  std::vector<int> inherited{console, agent, monitor};
  if (state.spec.service) inherited.push_back(state.spec.service->peer);
  if (!state.spec.state_file.empty()) {
    state.state_file = open_file(state.spec.state_file, O_RDONLY);
    inherited.push_back(state.state_file.get());
  }
  state.child = std::make_unique<Child>(
      state.events.context().get_executor(), command,
      ChildFds{.in = -1, .out = log.get(), .err = log.get(), .inherited = std::move(inherited)});
  state.read_channels();
  state.monitor.write(qmp::command(++state.last_id, "qmp_capabilities") + "\n");
  state.child->on_end(
      [&state](ExitStatus status) { state.events.end([&state, status] { return state.end(status); }); });
}

Event QemuMachine::next_event(Deadline deadline) {
  return state_->events.next(deadline);
}

void QemuMachine::send(const std::string& line) {
  state_->agent.write(line + "\n");
}

void QemuMachine::type(std::string keys) {
  asio::post(state_->events.context(), [state = state_.get(), keys = std::move(keys)] { state->console->write(keys); });
}

std::optional<std::string> QemuMachine::poke(Poke what, Deadline deadline) {
  auto& state = *state_;
  bool nmi = what == Poke::nmi;
  if (!nmi && !state.spec.console_input) return "nothing can be typed to this guest";
  auto reply =
      nmi ? state.ask("inject-nmi", {}, deadline) : state.ask("chardev-send-break", R"({"id":"console"})", deadline);
  if (reply.error) return fmt::format("QEMU refused {}: {}", nmi ? "inject-nmi" : "chardev-send-break", *reply.error);
  if (!nmi) state.console->write("c");
  return std::nullopt;
}

std::vector<CpuRegisters> QemuMachine::registers(Depth depth, Deadline deadline) {
  auto& state = *state_;
  if (depth == Depth::chains) state.execute("stop", "", deadline);
  return read_registers(depth, state.human(deadline));
}

void QemuMachine::dump_memory(const std::filesystem::path& path, Deadline deadline) {
  nlohmann::json arguments{
      {"paging", false}, {"protocol", "file:" + path.string()}, {"detach", false}, {"format", "kdump-zlib"}};
  state_->execute("dump-guest-memory", arguments.dump(), deadline);
}

void QemuMachine::look_into_memory(const std::function<void(const ReadMemory&)>& look, Deadline deadline) {
  auto& state = *state_;
  Standstill guest{.stop = [&] { state.execute("stop", {}, deadline); },
                   .memory = [&] { return state.memory(deadline); },
                   .go_on = [&] { state.execute("cont", {}, deadline); },
                   .go_on_after_all = [&] { state.monitor.write(qmp::command(++state.last_id, "cont") + "\n"); },
                   .debugged = state.spec.gdb_port.has_value()};
  look_at_standstill(guest, look, state.stop, deadline);
}

/// What is in the RAM file is no part of the state.
void QemuMachine::State::share_ram(Deadline deadline) {
  execute("migrate-set-capabilities",
          R"({"capabilities":[{"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]})",
          deadline);
}

/// Waits for a change of state with one of these reasons, and returns which. The event itself is not taken away.
std::string QemuMachine::State::wait_for(const std::string& change, std::initializer_list<std::string_view> reasons,
                                         Deadline deadline) {
  for (std::size_t seen = 0;;) {
    for (const auto& waiting = events.waiting(); seen < waiting.size(); ++seen)
      if (const auto* found = std::get_if<StateChange>(&waiting[seen]);
          found != nullptr && found->name == change && std::ranges::find(reasons, found->reason) != reasons.end())
        return found->reason;
    if (events.ended()) throw Error(Blame::infra, "QEMU ended: {}", std::get<Ended>(events.waiting().back()).words);
    if (deadline.passed()) throw Error(Blame::infra, "QEMU told no {} in time", change);
    events.pump(deadline);
  }
}

void QemuMachine::freeze(const std::filesystem::path& state_file, Deadline deadline) {
  auto& state = *state_;
  KDT_ASSERT(!state.spec.ram_file.empty());
  state.share_ram(deadline);
  auto file = open_file(state_file, O_WRONLY);
  state.execute("getfd", R"({"fdname":"state"})", deadline, file.get());
  state.execute("migrate", R"({"uri":"fd:state"})", deadline);
  if (state.wait_for("MIGRATION", {"completed", "failed"}, deadline) != "completed")
    throw Error(Blame::infra, "QEMU cannot save its state: {}", state.execute("query-migrate", "", deadline));
  state.monitor.write(qmp::command(++state.last_id, "quit") + "\n");
}

void QemuMachine::load_state(Deadline deadline) {
  auto& state = *state_;
  KDT_ASSERT(state.state_file.get() >= 0);
  state.share_ram(deadline);
  state.execute("migrate-incoming", fmt::format(R"({{"uri":"fd:{}"}})", state.state_file.get()), deadline);
  if (state.wait_for("MIGRATION", {"completed", "failed"}, deadline) != "completed")
    throw Error(Blame::infra, "QEMU cannot load its state: {}", state.execute("query-migrate", "", deadline));
}

void QemuMachine::wake(Deadline deadline) {
  auto& state = *state_;
  KDT_ASSERT(state.state_file.get() >= 0);
  state.execute("cont", "", deadline);
  state.wait_for("RESUME", {""}, deadline);
}

ByteSize QemuMachine::peak_memory() const {
  const auto& state = *state_;
  if (!state.child) return state.peak;
  // A fork's RAM file is counted once, where it is held. What a guest has touched it does not give back.
  auto own = state.spec.state_file.empty() ? ByteSize{} : state.child->private_memory();
  return own.bytes > 0 ? own : state.child->peak_memory();
}

std::optional<ProcessorTime> QemuMachine::processor_time() const {
  return state_->child ? state_->child->processor_time() : std::nullopt;
}

void QemuMachine::stop() {
  state_->peak = peak_memory();
  state_->child.reset(); // kills and reaps
}

Accelerator best_accelerator() {
  utsname host{};
  bool arm64 = ::uname(&host) == 0 && std::string_view(host.machine) == "aarch64";
  UniqueFd kvm(arm64 ? ::open("/dev/kvm", O_RDWR | O_CLOEXEC) : -1);
  return kvm ? Accelerator::kvm : Accelerator::tcg;
}

std::string qemu_version() {
  if (!find_program("qemu-system-aarch64"))
    throw Error(Blame::infra, "qemu-system-aarch64 is not installed: apt-get install qemu-system-arm");
  auto finished =
      run_program({.argv = {"qemu-system-aarch64", "--version"}}, Deadline::after(std::chrono::seconds(20)));
  auto at = finished.out.find("version ");
  if (finished.timed_out) throw Error(Blame::infra, "qemu-system-aarch64 --version did not end within 20 s");
  if (!finished.status.success())
    throw Error(Blame::infra, "qemu-system-aarch64 --version failed: {}", to_string(finished.status));
  if (at == std::string::npos) throw Error(Blame::infra, "qemu-system-aarch64 --version tells no version: is it QEMU?");
  auto text = finished.out.substr(at + 8);
  return text.substr(0, text.find_first_of(" \n"));
}

} // namespace kdt::machine
