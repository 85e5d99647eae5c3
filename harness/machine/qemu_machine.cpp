#include "machine/qemu_machine.hpp"

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/channel.hpp"
#include "machine/monitor.hpp"
#include "machine/qemu_argv.hpp"
#include "machine/qemu_memory.hpp"
#include "machine/qmp.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <deque>
#include <fcntl.h>
#include <sys/utsname.h>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {

constexpr std::size_t k_stderr_kept = 4096;

} // namespace

struct QemuMachine::State {
  State(MachineSpec the_spec, std::stop_token the_stop)
      : spec(std::move(the_spec)), stop(std::move(the_stop)), console(context), agent(context), monitor(context) {}

  void read_channels();
  void push_end_when_drained();
  void pump(Deadline deadline);
  qmp::Reply ask(std::string_view name, const std::string& arguments, Deadline deadline, int fd = -1);
  std::string execute(std::string_view name, const std::string& arguments, Deadline deadline, int fd = -1);
  HumanMonitor human(Deadline deadline);
  ReadMemory memory(Deadline deadline);
  void share_ram(Deadline deadline);
  std::string wait_for(const std::string& change, std::initializer_list<std::string_view> reasons, Deadline deadline);

  MachineSpec spec;
  std::stop_token stop;
  asio::io_context context;
  Channel console;
  Channel agent;
  Channel monitor;
  Lines agent_lines;
  Lines monitor_lines;
  std::deque<Event> events;
  std::optional<qmp::Reply> reply;
  int last_id = 0;
  int open_channels = 3;
  std::optional<ExitStatus> exit_status;
  bool ended = false;
  std::unique_ptr<Child> child;
  UniqueFd state_file; ///< of a fork; its own, since each reads from the start
  ByteSize peak{};     ///< of the child that stop() ended
  std::optional<std::stop_callback<std::function<void()>>> wake;
};

/// The end is the last event: everything that was written before it is handed out first.
void QemuMachine::State::push_end_when_drained() {
  if (!exit_status || open_channels > 0) return;
  std::string words = read_file(spec.error_log);
  if (words.size() > k_stderr_kept) words.erase(0, words.size() - k_stderr_kept);
  events.push_back(Ended{*exit_status, printable(trim(words))});
  ended = true;
}

void QemuMachine::State::read_channels() {
  auto on_close = [this] {
    --open_channels;
    push_end_when_drained();
  };
  console.read(
      [this](std::string_view bytes) {
        auto* last = events.empty() ? nullptr : std::get_if<ConsoleOutput>(&events.back());
        if (last != nullptr)
          last->bytes += bytes;
        else
          events.push_back(ConsoleOutput{std::string(bytes)});
      },
      on_close);
  agent.read(
      [this](std::string_view bytes) {
        agent_lines.feed(bytes, [this](std::string_view line) { events.push_back(AgentLine{std::string(line)}); });
      },
      on_close);
  monitor.read(
      [this](std::string_view bytes) {
        monitor_lines.feed(bytes, [this](std::string_view line) {
          auto message = qmp::parse(line);
          if (auto* change = std::get_if<StateChange>(&message)) events.push_back(*change);
          if (auto* answer = std::get_if<qmp::Reply>(&message)) reply = *answer;
        });
      },
      on_close);
}

/// Lets one thing happen, or the deadline pass.
void QemuMachine::State::pump(Deadline deadline) {
  if (stop.stop_requested()) throw Interrupted();
  if (context.stopped()) context.restart();
  if (deadline.at() == Clock::time_point::max())
    context.run_one();
  else
    context.run_one_until(deadline.at());
  if (stop.stop_requested()) throw Interrupted();
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
    if (ended) throw Error(Blame::infra, "QEMU ended before it answered {}", name);
    if (deadline.passed()) throw Error(Blame::infra, "QEMU did not answer {} in time", name);
    pump(deadline);
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

/// Shared pointers, because what std::function holds must be copyable.
ReadMemory QemuMachine::State::memory(Deadline deadline) {
  auto ram = ram_of(spec.memory);
  if (auto address = host_address_of(ram, human(deadline))) {
    try {
      return [memory = std::make_shared<ProcessMemory>(child->pid(), ram, *address)](PhysAddr from, auto to) {
        memory->read(from, to);
      };
    } catch (const Error&) { // the host does not let us look into the process: QEMU tells, more slowly
    }
  }
  auto save = [this, deadline](const PhysRange& range, const std::filesystem::path& file) {
    nlohmann::json arguments{{"val", range.start.value}, {"size", range.size().bytes}, {"filename", file.string()}};
    execute("pmemsave", arguments.dump(), deadline);
  };
  return [memory = std::make_shared<SavedMemory>(ram, save)](PhysAddr from, auto to) { memory->read(from, to); };
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
  int console = state.console.theirs();
  int agent = state.agent.theirs();
  int monitor = state.monitor.theirs();
  Command command{.argv = qemu_argv(state.spec, channels_by_fd(console, agent, monitor)), .dies_first = true};
  std::vector<int> inherited{console, agent, monitor};
  if (state.spec.service) inherited.push_back(state.spec.service->peer);
  if (!state.spec.state_file.empty()) {
    state.state_file = open_file(state.spec.state_file, O_RDONLY);
    inherited.push_back(state.state_file.get());
  }
  state.child = std::make_unique<Child>(
      state.context.get_executor(), command,
      ChildFds{.in = -1, .out = log.get(), .err = log.get(), .inherited = std::move(inherited)});
  state.wake.emplace(state.stop, [&context = state.context] { asio::post(context, [] {}); });
  state.read_channels();
  state.monitor.write(qmp::command(++state.last_id, "qmp_capabilities") + "\n");
  state.child->on_end([&state](ExitStatus status) {
    state.exit_status = status;
    state.push_end_when_drained();
  });
}

Event QemuMachine::next_event(Deadline deadline) {
  auto& state = *state_;
  if (state.stop.stop_requested()) throw Interrupted();
  while (state.events.empty()) {
    bool late = deadline.passed();
    state.pump(deadline); // also when it is late: what came while nobody looked counts
    if (late && state.events.empty()) return TimedOut{};
  }
  Event event = std::move(state.events.front());
  state.events.pop_front();
  return event;
}

void QemuMachine::send(const std::string& line) {
  state_->agent.write(line + "\n");
}

void QemuMachine::type(std::string keys) {
  asio::post(state_->context, [state = state_.get(), keys = std::move(keys)] { state->console.write(keys); });
}

std::optional<std::string> QemuMachine::poke(Poke what, Deadline deadline) {
  auto& state = *state_;
  bool nmi = what == Poke::nmi;
  auto reply =
      nmi ? state.ask("inject-nmi", {}, deadline) : state.ask("chardev-send-break", R"({"id":"console"})", deadline);
  if (reply.error) return fmt::format("QEMU refused {}: {}", nmi ? "inject-nmi" : "chardev-send-break", *reply.error);
  if (!nmi) state.console.write("c");
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
  try {
    state.execute("stop", {}, deadline);
    auto memory = state.memory(deadline);
    look([&](PhysAddr from, std::span<std::byte> to) {
      if (state.stop.stop_requested()) throw Interrupted();
      if (deadline.passed()) throw Error(Blame::infra, "the guest's memory could not be read in time");
      memory(from, to);
    });
  } catch (...) {
    state.monitor.write(qmp::command(++state.last_id, "cont") + "\n");
    throw;
  }
  state.execute("cont", {}, deadline);
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
    for (; seen < events.size(); ++seen)
      if (auto* found = std::get_if<StateChange>(&events[seen]);
          found != nullptr && found->name == change && std::ranges::find(reasons, found->reason) != reasons.end())
        return found->reason;
    if (ended) throw Error(Blame::infra, "QEMU ended: {}", std::get<Ended>(events.back()).words);
    if (deadline.passed()) throw Error(Blame::infra, "QEMU told no {} in time", change);
    pump(deadline);
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

void QemuMachine::wake(Deadline deadline) {
  auto& state = *state_;
  KDT_ASSERT(state.state_file.get() >= 0);
  state.share_ram(deadline);
  state.execute("migrate-incoming", fmt::format(R"({{"uri":"fd:{}"}})", state.state_file.get()), deadline);
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
