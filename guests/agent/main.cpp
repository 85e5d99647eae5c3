// The agent: PID 1 of the system kernel and of the capture kernel. It does what the host asks over the port; the
// protocol is in kdt/protocol.hpp.

#include "asks.hpp"
#include "channel.hpp"
#include "child.hpp"
#include "modules.hpp"
#include "port.hpp"
#include "readings.hpp"
#include "shell.hpp"
#include "system.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace kdt::agent {

namespace {

namespace word = protocol::word;
namespace marker = protocol::marker;

/// How long a port may take to appear, in guest time; the driver needs milliseconds, and on a host that does not run
/// its guest more than 5 s.
constexpr std::chrono::seconds k_port_patience{60};

void mount_on(const char* type, const char* path) {
  mkdir(path, 0755);
  // EBUSY: the kernel was there first (CONFIG_DEVTMPFS_MOUNT).
  if (mount(type, path, type, MS_NOSUID, nullptr) != 0 && errno != EBUSY)
    fail(std::string("cannot mount ") + type + " on " + path);
}

void set_up() {
  mount_on("devtmpfs", "/dev");
  mount_on("proc", "/proc");
  mount_on("sysfs", "/sys");
  setenv("PATH", protocol::k_search_path, 1);
  const int console = open("/dev/console", O_RDWR | O_NOCTTY);
  for (int fd = STDIN_FILENO; console >= 0 && fd <= STDERR_FILENO; ++fd) dup2(console, fd);
  if (console > STDERR_FILENO) close(console);
}

void on_crash(int signal) {
  give_up(signal == SIGABRT ? "the agent aborted" : signal == SIGBUS ? "the agent got SIGBUS" : "the agent crashed");
}

void watch_own_crashes() {
  // The kernel panics when PID 1 dies, and with a capture kernel loaded that would look like the experiment.
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) std::signal(signal, on_crash);
  std::signal(SIGPIPE, SIG_IGN);
}

void flood_console() {
  if (fork() != 0) return;
  for (;;) say("kdt.flood: this line is written without end, as the kernel command line asked for");
}

/// A line of the host: runs the ask and answers it, whatever the line is.
void serve_line(Session& session, Channel& channel, const std::string& line) {
  protocol::Json id; // null
  protocol::Json message = {{"id", nullptr}};
  std::function<void()> then;
  try {
    const auto ask = protocol::Json::parse(line, nullptr, false);
    if (ask.is_discarded()) throw protocol::ShapeError("the line is not JSON");
    if (!ask.is_object()) throw protocol::ShapeError("an ask should be a JSON object");
    if (ask.contains("id")) id = protocol::decode<std::uint64_t>(ask["id"], "id");
    message["id"] = id;
    session.progress = [&channel, &id](protocol::Progress progress) {
      progress.id = id.is_null() ? 0 : id.get<std::uint64_t>();
      protocol::Json event = {{"event", protocol::event::progress}};
      event.update(protocol::encode(progress));
      channel.send(event);
    };
    if (!ask.contains("ask")) throw protocol::ShapeError("the line names no ask");
    Reply reply = serve(session, protocol::decode<std::string>(ask["ask"], "ask"), ask);
    message["answer"] = std::move(reply.answer);
    then = std::move(reply.then);
  } catch (const std::exception& error) {
    message["error"] = error.what();
  }
  channel.send(message);
  if (!then) return;
  try {
    then();
  } catch (const std::exception& error) { // a trigger that did not work: the ask had its answer already
    channel.send({{"event", protocol::event::trouble}, {"text", error.what()}});
    throw;
  }
}

[[noreturn]] void serve_host(Session& session, const KernelWords& words, Fd port) {
  Channel channel{std::move(port)};
  for (;;) {
    const auto incoming = channel.next();
    if (incoming.what == Channel::What::connected) {
      protocol::Json event = {{"event", protocol::event::hello}};
      event.update(protocol::encode(hello(session)));
      channel.send(event);
    } else if (words.has(word::mute)) {
      continue;
    } else if (incoming.what == Channel::What::too_long) {
      channel.send({{"id", nullptr}, {"error", "the line is longer than a line may be"}});
    } else {
      serve_line(session, channel, incoming.line);
      reap();
    }
  }
}

/// What is done without a port: a capture kernel saves as its command line says, a system kernel can do nothing.
[[noreturn]] void serve_nobody(const Session& session, const KernelWords& words, const std::string& reason) {
  say(std::string(marker::no_port) + ": " + reason);
  if (const auto how = words.value(word::save); session.capture && how) {
    try {
      save(session, read_save_word(*how));
    } catch (const std::exception& error) {
      say(std::string(marker::save_failed) + ": " + error.what());
    }
  }
  say(marker::poweroff);
  power_off();
}

[[noreturn]] void run() {
  Session session;
  session.init_seconds = uptime();
  set_up();
  watch_own_crashes();
  session.capture = exists("/proc/vmcore");
  const KernelWords words{read_word("/proc/cmdline", "")};
  say(session.capture ? marker::hello_capture : marker::hello_system);
  insert_drivers();
  if (words.has(word::shell)) run_shell(session);
  if (words.has(word::flood)) flood_console();

  Fd port;
  try {
    if (words.has(word::no_port)) throw Trouble("the kernel command line says kdt.noport");
    port = open_agent_port(k_port_patience);
  } catch (const Trouble& trouble) {
    serve_nobody(session, words, trouble.what());
  }
  serve_host(session, words, std::move(port));
}

} // namespace

} // namespace kdt::agent

int main() {
  try {
    kdt::agent::run();
  } catch (const std::exception& error) {
    kdt::agent::give_up(error.what());
  } catch (...) {
    kdt::agent::give_up("an exception of an unknown kind");
  }
}
