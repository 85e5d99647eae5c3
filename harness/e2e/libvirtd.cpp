#include "e2e/libvirtd.hpp"

#include "base/error.hpp"
#include "base/proc_stat.hpp"
#include "base/text.hpp"
#include "e2e/program.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kdt::e2e {

namespace {

constexpr std::chrono::seconds k_start_budget{60};
constexpr std::chrono::seconds k_stop_budget{30};
constexpr std::chrono::milliseconds k_look_for_guests{20};
constexpr std::size_t k_session_field = 6; // of /proc/PID/stat

constexpr const char* k_start_system = R"(set -e
cd "$1"
mkdir -p /etc/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt
for file in passwd group; do cp /etc/$file $file; done
grep -q '^libvirt-qemu:' passwd || echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin' >>passwd
grep -q '^libvirt-qemu:' group || echo 'libvirt-qemu:x:64055:' >>group
for file in passwd group; do mount --bind $file /etc/$file; done
mount --bind etc /etc/libvirt
for place in /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do mount -t tmpfs none $place; done
ln -s "$1/libvirt-sock" /run/libvirt/libvirt-sock
exec libvirtd -f libvirtd.conf -p pid
)";

/// What libvirt keeps in the user's cache goes to the place; kdt's cache is where it always is, since its path counts.
constexpr const char* k_start_session = R"(set -e
cd "$1"
mkdir -p cache/kdt "$XDG_CACHE_HOME/kdt"
mount --bind "$XDG_CACHE_HOME/kdt" cache/kdt
mount --rbind cache "$XDG_CACHE_HOME"
exec unshare --user --map-user=1000 --map-group=1000 libvirtd -p "$1/pid"
)";

/// In a session of its own, then: what this process starts stays in its session.
bool is_daemon(int pid) {
  try {
    return proc_stat(pid).at(proc_stat_index(k_session_field)) != std::to_string(::getsid(0));
  } catch (const Error&) { // it is gone
    return false;
  }
}

Command start_command(const fs::path& script, const char* text) {
  auto directory = script.parent_path();
  make_directories(directory);
  write_file(script, text);
  return {.argv = {"unshare", "-m", "sh", script.string(), directory.string()}};
}

std::map<std::string, std::string> session_environment(const fs::path& directory) {
  return {{"HOME", (directory / "home").string()},
          {"XDG_RUNTIME_DIR", (directory / "run").string()},
          {"XDG_CONFIG_HOME", (directory / "config").string()},
          {"XDG_CACHE_HOME", default_cache_directory().parent_path().string()}};
}

Command session_command(const fs::path& directory) {
  auto command = start_command(directory / "start.sh", k_start_session);
  command.environment = session_environment(directory);
  return command;
}

} // namespace

GuestReaper::GuestReaper()
    : looks_([](const std::stop_token& stop) {
        std::mutex none;
        std::unique_lock lock(none);
        std::condition_variable_any wait;
        while (!stop.stop_requested()) {
          for (int child : children_of(::getpid()))
            if (is_daemon(child)) ::waitpid(child, nullptr, WNOHANG);
          wait.wait_for(lock, stop, k_look_for_guests, [] { return false; });
        }
      }) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &before_, 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

GuestReaper::~GuestReaper() {
  ::prctl(PR_SET_CHILD_SUBREAPER, before_, 0, 0, 0);
}

Libvirtd::Libvirtd(fs::path directory, Command command, fs::path socket)
    : directory_(std::move(directory)), command_(std::move(command)), socket_(std::move(socket)) {}

void Libvirtd::start() {
  std::error_code ignored;
  fs::remove(socket_, ignored);
  auto log = open_file(directory_ / "log", O_WRONLY | O_CREAT | O_APPEND);
  child_.emplace(context_.get_executor(), command_,
                 ChildFds{.in = -1, .out = log.get(), .err = log.get(), .inherited = {}});
  eventually([&] { return runs(); }, Deadline::after(k_start_budget));
}

void Libvirtd::signal(int number) const {
  ASSERT_EQ(::kill(pid(), number), 0);
}

void Libvirtd::stop() {
  bool ended = false;
  child_->on_end([&](ExitStatus) { ended = true; });
  signal(SIGTERM);
  context_.restart();
  auto deadline = Deadline::after(k_stop_budget);
  while (!ended && !deadline.passed()) context_.run_one_until(deadline.at());
  EXPECT_TRUE(ended) << "libvirtd does not stop: " << log();
  child_.reset();
}

std::optional<std::string> SystemLibvirtd::missing() {
  if (::geteuid() != 0) return "a system daemon is root's";
  for (const char* program : {"libvirtd", "unshare", "virsh"})
    if (!find_program(program)) return fmt::format("{} is missing", program);
  return std::nullopt;
}

SystemLibvirtd::SystemLibvirtd(const Place& place, const char* name)
    : Libvirtd(place.path() / name, start_command(place.path() / name / "start.sh", k_start_system),
               place.path() / name / "libvirt-sock") {
  make_directories(directory() / "etc");
  write_file(directory() / "etc/qemu.conf", "stdio_handler = \"file\"\nsecurity_driver = \"none\"\nnamespaces = []\n"
                                            "cgroup_controllers = []\n");
  write_file(directory() / "libvirtd.conf",
             fmt::format("unix_sock_dir = \"{}\"\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n"
                         "unix_sock_rw_perms = \"0700\"\n",
                         directory().string()));
  start();
}

std::string SystemLibvirtd::uri() const {
  return "qemu+unix:///system?socket=" + socket().string();
}

SessionLibvirtd::SessionLibvirtd(const Place& place)
    : Libvirtd(place.path() / "s", session_command(place.path() / "s"), place.path() / "s/run/libvirt/libvirt-sock") {
  make_directories(directory() / "home");
  make_directories(directory() / "run");
  make_directories(directory() / "config/libvirt");
  fs::permissions(directory() / "run", fs::perms::owner_all);
  // Else libvirtd starts virtlogd, which outlives it.
  write_file(directory() / "config/libvirt/qemu.conf", "stdio_handler = \"file\"\n");
  start();
}

Command SessionLibvirtd::as_user(std::vector<std::string> argv, const fs::path& in) const {
  std::vector<std::string> words{
      "nsenter", "-t", std::to_string(pid()), "-m", "-U", "--preserve-credentials", "--wd=" + in.string()};
  words.insert(words.end(), argv.begin(), argv.end());
  return {.argv = std::move(words), .environment = session_environment(directory())};
}

std::vector<std::string> virsh(Command command) {
  auto done = run_program(command, Deadline::after(std::chrono::minutes(1)));
  EXPECT_TRUE(done.status.success()) << shell_line(command.argv) << ": " << done.out << done.err;
  std::vector<std::string> words;
  for (const auto& line : split(done.out, '\n'))
    if (!trim(line).empty()) words.emplace_back(trim(line));
  return words;
}

std::vector<std::string> virsh(const std::string& uri, const std::vector<std::string>& words) {
  std::vector<std::string> argv{"virsh", "-q", "-c", uri};
  argv.insert(argv.end(), words.begin(), words.end());
  return virsh(Command{.argv = std::move(argv)});
}

std::vector<int> emulators_named_by(int pid) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    try {
      if (read_file(entry.path() / "cmdline").find(fmt::format("guest=kdt-run-{}-", pid)) != std::string::npos)
        found.push_back(std::stoi(name));
    } catch (const std::exception&) { // it is gone
    }
  }
  return found;
}

} // namespace kdt::e2e
