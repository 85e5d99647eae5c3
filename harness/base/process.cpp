#include "base/process.hpp"

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace kdt {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using boost::system::error_code;

ExitStatus ExitStatus::from_wait(int status) {
  if (WIFSIGNALED(status)) return {.code = 0, .signal = WTERMSIG(status)};
  return {.code = WEXITSTATUS(status), .signal = 0};
}

std::string to_string(const ExitStatus& status) {
  if (status.signal != 0) return fmt::format("signal {} ({})", status.signal, sigdescr_np(status.signal));
  return fmt::format("exit status {}", status.code);
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
  if (name.find('/') != std::string_view::npos)
    return ::access(std::string(name).c_str(), X_OK) == 0 ? std::optional(fs::path(name)) : std::nullopt;
  const char* path = std::getenv("PATH");
  for (const auto& directory : split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ':')) {
    fs::path candidate = fs::path(directory.empty() ? "." : directory) / name;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

std::string shell_line(const std::vector<std::string>& argv) {
  std::string line;
  for (const auto& word : argv) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

namespace {

void set_limit(decltype(RLIMIT_AS) resource, std::uint64_t value) {
  struct rlimit limit {
    .rlim_cur = value, .rlim_max = value
  };
  ::setrlimit(resource, &limit);
}

void apply(const Limits& limits) {
  if (limits.address_space) set_limit(RLIMIT_AS, limits.address_space->bytes);
  if (limits.file_size) set_limit(RLIMIT_FSIZE, limits.file_size->bytes);
  if (limits.cpu_time) set_limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu_time->count()));
  if (limits.open_files) set_limit(RLIMIT_NOFILE, *limits.open_files);
}

/// Raising one's own score needs no privilege. 500 of 1000: like a process that holds half of the host's memory more.
void offer_to_oom_killer() {
  int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] auto written = ::write(fd, "500", 3); // best effort
  ::close(fd);
}

/// What happens between fork and exec: streams, process group, death with the parent thread, limits.
struct Isolation {
  const Command& command;
  const ChildFds& fds;
  pid_t parent = ::getpid();

  template <typename Launcher>
  error_code on_setup(Launcher& launcher, const process::filesystem::path&, const char* const*(&)) {
    launcher.fd_whitelist.insert(launcher.fd_whitelist.end(), fds.inherited.begin(), fds.inherited.end());
    return {};
  }

  template <typename Launcher>
  error_code on_exec_setup(Launcher&, const process::filesystem::path&, const char* const*(&)) {
    ::prctl(PR_SET_PDEATHSIG, command.supervised ? SIGTERM : SIGKILL);
    if (::getppid() != parent) ::_exit(127); // it died before prctl
    ::setpgid(0, 0);
    const int streams[] = {fds.in, fds.out, fds.err};
    for (int i = 0; i < 3; ++i) {
      int fd = streams[i] >= 0 ? streams[i] : ::open("/dev/null", O_RDWR);
      if (fd < 0 || ::dup2(fd, i) < 0) return error_code(errno, boost::system::system_category());
    }
    for (int fd : fds.inherited) ::fcntl(fd, F_SETFD, 0);
    if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0)
      return error_code(errno, boost::system::system_category());
    if (command.dies_first) offer_to_oom_killer();
    if (command.own_network) ::unshare(CLONE_NEWNET); // best effort: needs CAP_SYS_ADMIN
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) ::signal(signal, SIG_DFL);
    apply(command.limits);
    return {};
  }

  /// The launcher calls exit(3) after a failed exec, which would run our destructors in the child. Boost 1.81.
  template <typename... Args>
  void on_exec_error(Args&&...) {
    ::_exit(127);
  }
};

/// A shell that waits for the program and, told by SIGTERM that we are dead, kills the whole group: a death signal
/// reaches the child only, not the compilers that its make has started.
std::vector<std::string> supervised(const std::vector<std::string>& argv) {
  std::vector<std::string> wrapped{"sh", "-c", R"(trap 'kill -KILL 0' TERM; "$@" & wait $!)", "kdt"};
  wrapped.insert(wrapped.end(), argv.begin(), argv.end());
  return wrapped;
}

process::basic_process<asio::any_io_executor> launch(asio::any_io_executor executor, const Command& command,
                                                     const ChildFds& fds) {
  KDT_ASSERT(!command.argv.empty());
  auto program = find_program(command.argv[0]);
  if (!program) throw Error(Blame::infra, "program '{}' is not installed or not executable", command.argv[0]);
  auto argv = command.supervised ? supervised(command.argv) : command.argv;
  if (command.supervised) program = find_program(argv[0]);
  if (!program) throw Error(Blame::infra, "there is no shell in PATH");
  std::map<std::string, std::string> merged = command.environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    auto equals = text.find('=');
    if (equals != std::string_view::npos) merged.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::vector<std::string> block;
  for (const auto& [name, value] : merged) block.push_back(name + "=" + value);
  std::vector<const char*> pointers;
  for (const auto& entry : block) pointers.push_back(entry.c_str());
  pointers.push_back(nullptr);

  process::posix::default_launcher launcher;
  launcher.env = pointers.data();
  error_code error;
  std::vector<std::string> arguments(argv.begin() + 1, argv.end());
  auto started = launcher(std::move(executor), error, process::filesystem::path(program->string()), arguments,
                          Isolation{command, fds});
  if (error) throw Error(Blame::infra, "{}: cannot start: {}", program->string(), error.message());
  return started;
}

} // namespace

Child::Child(asio::any_io_executor executor, const Command& command, const ChildFds& fds)
    : process_(launch(std::move(executor), command, fds)) {
  pid_ = process_.id();
}

Child::~Child() {
  kill_group(SIGKILL);
  error_code ignored;
  process_.wait(ignored);
}

void Child::on_end(std::function<void(ExitStatus)> handler) {
  // Not process_.async_wait(): it reaps, and a child that has been reaped tells nothing more.
  int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (fd < 0) throw Error(Blame::infra, "cannot watch process {}: {}", pid_, errno_text(errno));
  end_.emplace(process_.get_executor(), fd);
  end_->async_wait(asio::posix::descriptor_base::wait_read, [this, handler = std::move(handler)](error_code error) {
    if (error) return; // we are being destroyed
    reap();
    handler(ExitStatus::from_wait(process_.native_exit_code()));
  });
}

void Child::reap() {
  siginfo_t info{};
  rusage usage{};
  // The system call, unlike the C library's waitid(), also tells what the process has used.
  if (::syscall(SYS_waitid, P_PID, pid_, &info, WEXITED | WNOWAIT | WNOHANG, &usage) == 0)
    peak_ = ByteSize::kib(static_cast<std::uint64_t>(usage.ru_maxrss));
  error_code ignored;
  process_.wait(ignored);
}

namespace {
/// A line of /proc/PID/status in kB; 0 when the process has ended.
ByteSize status_line(int pid, std::string_view label) {
  try {
    auto status = read_file(fmt::format("/proc/{}/status", pid));
    auto at = status.find(label);
    if (at == std::string::npos) return {}; // it has ended: its memory is gone
    return ByteSize::kib(std::strtoull(status.c_str() + at + label.size(), nullptr, 10));
  } catch (const Error&) {
    return {};
  }
}
} // namespace

ByteSize peak_memory_of(int pid) {
  return status_line(pid, "VmHWM:");
}

ByteSize Child::private_memory() const {
  return status_line(pid_, "RssAnon:");
}

std::optional<ProcessorTime> processor_time_of(int pid) {
  ProcessorTime total;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    // Nanoseconds on a processor and in a run queue. Documentation/scheduler/sched-stats.rst, "/proc/<pid>/schedstat".
    std::ifstream file(thread.path() / "schedstat");
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    if (!(file >> ran >> waited)) return {};
    total.ran += std::chrono::nanoseconds(ran);
    total.waited += std::chrono::nanoseconds(waited);
  }
  return total.ran > Clock::duration{} ? std::optional(total) : std::nullopt;
}

ByteSize Child::peak_memory() const {
  return peak_.bytes > 0 ? peak_ : peak_memory_of(pid_);
}

std::optional<ProcessorTime> Child::processor_time() const {
  return processor_time_of(pid_);
}

void Child::kill_group(int signal) const {
  if (pid_ > 0) ::kill(-pid_, signal);
}

namespace {

constexpr std::size_t k_kept = std::size_t{1} << 20;

/// One stream of a child: keeps its last MiB and hands out lines.
class Stream {
public:
  Stream(asio::io_context& context, std::string& kept, const LineHandler& on_line)
      : pipe_(context), kept_(kept), on_line_(on_line) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Blame::infra, "cannot make a pipe: {}", errno_text(errno));
    pipe_.assign(ends[0]);
    write_end_ = UniqueFd(ends[1]);
  }

  int write_end() const { return write_end_.get(); }
  bool open() const { return pipe_.is_open(); }

  void start() {
    write_end_.reset();
    read();
  }

private:
  void read() {
    pipe_.async_read_some(asio::buffer(buffer_), [this](error_code error, std::size_t n) {
      take({buffer_, n});
      if (!error) return read();
      if (on_line_ && !line_.empty()) on_line_(line_);
      error_code ignored;
      pipe_.close(ignored);
    });
  }

  void take(std::string_view bytes) {
    kept_ += bytes;
    if (kept_.size() > 2 * k_kept) kept_.erase(0, kept_.size() - k_kept);
    if (!on_line_) return;
    line_ += bytes;
    std::size_t begin = 0;
    for (auto end = line_.find('\n'); end != std::string::npos; end = line_.find('\n', begin)) {
      on_line_(std::string_view(line_).substr(begin, end - begin));
      begin = end + 1;
    }
    line_.erase(0, begin);
    if (line_.size() > k_kept) line_.clear();
  }

  asio::readable_pipe pipe_;
  UniqueFd write_end_;
  std::string& kept_;
  const LineHandler& on_line_;
  std::string line_;
  char buffer_[65536];
};

} // namespace

Finished run_program(const Command& command, Deadline deadline, std::stop_token stop, const LineHandler& on_line) {
  asio::io_context context;
  Finished finished;
  auto out = std::make_unique<Stream>(context, finished.out, on_line);
  auto err = std::make_unique<Stream>(context, finished.err, on_line);
  UniqueFd input = open_file(command.input.empty() ? "/dev/null" : command.input, O_RDONLY);
  UniqueFd output;
  if (!command.output.empty()) output = open_file(command.output, O_WRONLY | O_CREAT | O_TRUNC);
  Child child(
      context.get_executor(), command,
      {.in = input.get(), .out = output ? output.get() : out->write_end(), .err = err->write_end(), .inherited = {}});
  out->start();
  err->start();
  bool ended = false;
  child.on_end([&](ExitStatus status) {
    finished.status = status;
    ended = true;
  });
  std::stop_callback wake(stop, [&] { asio::post(context, [] {}); });
  while (!ended || out->open() || err->open()) {
    if (stop.stop_requested()) throw Interrupted(); // Child's destructor ends the group
    if (deadline.passed()) {
      finished.timed_out = true;
      child.kill_group(SIGKILL);
      deadline = Deadline::never();
    }
    if (context.stopped()) context.restart();
    if (deadline.at() == Clock::time_point::max())
      context.run_one();
    else
      context.run_one_until(deadline.at());
  }
  return finished;
}

} // namespace kdt
