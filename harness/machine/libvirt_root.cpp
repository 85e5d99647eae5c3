#include "machine/libvirt_root.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace kdt::machine {

namespace {

/// Sockets below the root have names of up to 60 characters more, and may have 107 in all (unix(7)).
constexpr std::size_t k_longest_root = 47;

constexpr const char* k_capabilities = "cache/qemu/capabilities"; // libvirt's place below a root
constexpr const char* k_driver_user = "libvirt-qemu";
constexpr const char* k_emulator = "qemu-system-";
constexpr const char* k_our_guest = "guest=kdt-"; // as libvirt passes a domain's name on
constexpr int k_end_milliseconds = 5000;          // for a process that got SIGKILL

constexpr const char* k_configuration = R"(# Written by kdt for its own embedded libvirt, and removed with it.
stdio_handler = "file"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
seccomp_sandbox = 1
)";

std::string read_or_nothing(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const Error&) {
    return "";
  }
}

/// Where kdt has no cache, none.
fs::path capabilities_in_cache() {
  try {
    return libvirt_cache() / "capabilities";
  } catch (const Error&) {
    return {};
  }
}

/// Those that differ. Best effort: without them libvirt asks again.
void copy_files(const fs::path& from, const fs::path& to) {
  std::error_code none;
  if (from.empty() || to.empty() || !fs::is_directory(from, none)) return;
  try {
    make_directories(to);
    for (const auto& entry : fs::directory_iterator(from)) {
      auto text = read_file(entry.path());
      auto copy = to / entry.path().filename();
      if (read_or_nothing(copy) != text) write_file_atomic(copy, text);
    }
  } catch (const std::exception&) { // a full disk, a cache that others own
  }
}

void kill_and_wait(int pid) {
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  ::kill(pid, SIGKILL);
  pollfd wait{.fd = process.get(), .events = POLLIN, .revents = 0};
  if (process) ::poll(&wait, 1, k_end_milliseconds);
}

} // namespace

fs::path libvirt_cache() {
  return default_cache_directory() / "libvirt";
}

LibvirtRoot::LibvirtRoot(const fs::path& named, const fs::path& keeper) : path_(named) {
  if (named.empty()) {
    own_.emplace("kdt-libvirt");
    if (own_->path().string().size() > k_longest_root) own_.emplace("kdt-libvirt", "/tmp");
    path_ = own_->path();
  }
  make_directories(path_ / "etc");
  std::string users = ::geteuid() == 0 ? "user = \"root\"\ngroup = \"root\"\n" : "";
  std::error_code none;
  if (own_ || !fs::exists(path_ / "etc/qemu.conf", none)) write_file(path_ / "etc/qemu.conf", k_configuration + users);
  if (own_) copy_files(capabilities_in_cache(), path_ / k_capabilities);
  if (!keeper.empty()) start_keeper(keeper, own_.has_value());
}

LibvirtRoot::~LibvirtRoot() {
  alive_.reset();
  int status = 0;
  while (keeper_ > 0 && ::waitpid(keeper_, &status, 0) < 0 && errno == EINTR) {
  }
}

void LibvirtRoot::keep_capabilities() const {
  if (own_) copy_files(path_ / k_capabilities, capabilities_in_cache());
}

void LibvirtRoot::start_keeper(const fs::path& program, bool removes) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Blame::infra, "cannot make a pipe: {}", errno_text(errno));
  UniqueFd theirs(ends[0]);
  alive_ = UniqueFd(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 0);
  for (int stream : {1, 2}) ::posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID); // Ctrl-C is not for it
  std::string words[] = {program.string(), std::string(k_keeper_command), path_.string(), removes ? "remove" : "leave"};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  int error = ::posix_spawn(&keeper_, argv[0], &actions, &attributes, argv, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) throw Error(Blame::infra, "{}: cannot start: {}", program.string(), errno_text(error));
}

/// /etc/passwd and /etc/group with one entry more, for this thread and those that it starts: their own mount namespace.
void LibvirtRoot::show_user() const {
  if (::unshare(CLONE_NEWNS | CLONE_FS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return;
  const std::pair<const char*, std::string> entries[] = {
      {"passwd", fmt::format("{}:x:64055:64055::/nonexistent:/usr/sbin/nologin\n", k_driver_user)},
      {"group", fmt::format("{}:x:64055:\n", k_driver_user)}};
  for (const auto& [name, entry] : entries) {
    auto original = fs::path("/etc") / name;
    auto more = path_ / "etc" / name;
    write_file(more, read_or_nothing(original) + entry);
    ::mount(more.c_str(), original.c_str(), nullptr, MS_BIND, nullptr);
  }
}

void LibvirtRoot::with_driver_user(const std::function<void()>& function) const {
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      bool lacks = ::getpwnam(k_driver_user) == nullptr || ::getgrnam(k_driver_user) == nullptr;
      if (::geteuid() == 0 && lacks) show_user(); // where that is not allowed, libvirt says what it lacks
      function();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

bool end_processes_of(const fs::path& root, Guests with) {
  bool found = false;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    auto name = entry.path().filename().string();
    int pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc{} || pid == ::getpid()) continue;
    auto words = read_or_nothing(entry.path() / "cmdline");
    bool ours = words.find(root.string() + "/") != std::string::npos && words.find(k_emulator) != std::string::npos &&
                (with == Guests::all || words.find(k_our_guest) != std::string::npos);
    if (!ours) continue; // somebody may be looking into a log there
    kill_and_wait(pid);
    found = true;
  }
  return found;
}

int keeper_main(int argc, char** argv) {
  if (argc != 4) return 2;
  fs::path root(argv[2]);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  char byte = 0;
  while (::read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  // libvirt may have been about to start one more.
  constexpr int k_rounds = 10;
  bool remove = std::string_view(argv[3]) == "remove";
  for (int i = 0; i < k_rounds && end_processes_of(root, remove ? Guests::all : Guests::ours); ++i) {
  }
  std::error_code ignored;
  if (remove) fs::remove_all(root, ignored);
  return 0;
}

} // namespace kdt::machine
