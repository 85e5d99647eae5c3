#include "machine/libvirt_connection.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "machine/libvirt_emulator.hpp"

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <thread>
#include <unistd.h>

namespace kdt::machine {

namespace {

constexpr int k_keepalive_seconds = 5;
constexpr unsigned k_keepalives = 3; // unanswered: the host is gone

/// libvirt's event loop, in a thread that ends with the process.
class EventLoop {
public:
  EventLoop() {
    // Its warnings (that a guest has a command line of its own, is run by root…) are not for our user.
    ::setenv("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null", 0);
    if (::virInitialize() != 0 || ::virEventRegisterDefaultImpl() != 0)
      throw Error(Blame::infra, "libvirt cannot be used: {}", libvirt_message());
    ::virSetErrorFunc(nullptr, [](void*, virErrorPtr) {}); // said by who asked, in an Error
    wake_ = ::virEventAddTimeout(
        -1, [](int, void*) {}, nullptr, nullptr);
    thread_ = std::thread([this] {
      while (!ends_) ::virEventRunDefaultImpl();
    });
  }
  EventLoop(EventLoop&&) = delete;
  ~EventLoop() {
    ends_ = true;
    ::virEventUpdateTimeout(wake_, 0);
    thread_.join();
  }

private:
  std::atomic<bool> ends_ = false;
  int wake_ = -1;
  std::thread thread_;
};

void need_event_loop() {
  static EventLoop loop;
}

std::string uuid_of(virDomainPtr domain) {
  char uuid[VIR_UUID_STRING_BUFLEN];
  return ::virDomainGetUUIDString(domain, uuid) == 0 ? uuid : "";
}

/// What a domain's end means; QEMU's own SHUTDOWN event, which comes first, says why it was a shutdown.
DomainEnd end_of(int detail) {
  switch (detail) {
  case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
    return {.known = true};
  case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
    return {.words = "somebody else destroyed the domain"};
  case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
    return {.words = "libvirt says that the domain crashed"};
  default:
    return {.words = "QEMU closed libvirt's connection to it"};
  }
}

Opened open(const LibvirtUri& uri) {
  Opened opened{.connection = ConnectHandle(::virConnectOpen(uri.text.c_str())), .capabilities = {}};
  if (!opened.connection) {
    auto message = connection_failure(libvirt_message());
    auto remedy = connection_remedy(uri, message);
    throw Error(Blame::infra, "cannot connect to libvirt at {}: {}{}", uri.text, message,
                remedy.empty() ? "" : ": " + remedy);
  }
  CHandle<char, std::free> capabilities(::virConnectGetCapabilities(opened.connection.get()));
  if (!capabilities)
    throw Error(Blame::infra, "libvirt at {} does not tell what it is capable of: {}", uri.text, libvirt_message());
  opened.capabilities = capabilities.get();
  return opened;
}

void end_children_of(int thread) {
  try {
    for (const auto& word : split(read_file(fmt::format("/proc/self/task/{}/children", thread)), ' '))
      if (int pid = std::atoi(word.c_str()); pid > 0) ::kill(pid, SIGKILL);
  } catch (const Error&) { // a kernel that does not list them
  }
}

/// A daemon that is there and answers nothing blocks virConnectOpen() for ever, and nothing ends such a call: the
/// thread that makes it is left behind.
Opened open_within(const LibvirtUri& uri, std::stop_token stop, std::chrono::seconds budget) {
  struct Opening {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::optional<Opened> opened;
    std::exception_ptr failure;
    int thread = 0; ///< its number
  };
  auto opening = std::make_shared<Opening>(); // shared with the thread, which may outlast us
  std::thread([opening, uri] {
    {
      std::scoped_lock lock(opening->mutex);
      opening->thread = ::gettid();
    }
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr); // it may speak to a daemon that has gone
    std::optional<Opened> opened;
    std::exception_ptr failure;
    try {
      opened = open(uri);
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    std::scoped_lock lock(opening->mutex);
    opening->opened = std::move(opened);
    opening->failure = failure;
    opening->changed.notify_all();
  }).detach();
  std::unique_lock lock(opening->mutex);
  auto ended = [&] { return opening->opened || opening->failure; };
  bool answered = opening->changed.wait_for(lock, stop, budget, ended);
  if (!answered) end_children_of(opening->thread); // ssh, which waits for a host that says nothing
  if (!answered && stop.stop_requested()) throw Interrupted();
  if (!answered)
    throw Error(Blame::infra, "libvirt at {} has not answered for {} s: is its daemon stuck, or its host?", uri.text,
                budget.count());
  if (opening->failure) std::rethrow_exception(opening->failure);
  return std::move(*opening->opened);
}

} // namespace

std::string libvirt_message() {
  const auto* error = ::virGetLastError();
  if (error == nullptr || error->message == nullptr) return "libvirt says no reason";
  std::string words = error->message;
  std::erase(words, '\r'); // ssh's, where it speaks of the other host
  return printable(words);
}

std::vector<std::string> security_models_of(const std::string& capabilities) {
  pugi::xml_document document;
  document.load_string(capabilities.c_str());
  std::vector<std::string> models;
  for (const auto& model : document.select_nodes("/capabilities/host/secmodel/model"))
    models.emplace_back(model.node().text().get());
  return models;
}

void LibvirtConnection::Listeners::change(virDomainPtr domain, const StateChange& change) {
  std::scoped_lock lock(mutex);
  if (auto found = of.find(uuid_of(domain)); found != of.end()) found->second.on_change(change);
}

void LibvirtConnection::Listeners::end(virDomainPtr domain, const DomainEnd& end) {
  std::scoped_lock lock(mutex);
  if (auto found = of.find(uuid_of(domain)); found != of.end()) found->second.on_end(end);
}

void LibvirtConnection::Listeners::lose(const std::string& why) {
  std::scoped_lock lock(mutex);
  lost = true;
  for (const auto& [uuid, listener] : of) listener.on_end({.words = why});
}

LibvirtConnection::LibvirtConnection(LibvirtUri uri, const std::filesystem::path& keeper, std::stop_token stop,
                                     std::chrono::seconds budget)
    : uri_(std::move(uri)) {
  need_event_loop();
  if (uri_.embedded) {
    root_.emplace(uri_.root, keeper);
    uri_.text = "qemu:///embed?root=" + root_->path().string();
    root_->with_driver_user([this] { take(open(uri_)); });
    find_single_thread_emulator();
    root_->keep_capabilities();
    reaper_.emplace(root_->path() / "run/qemu");
  } else {
    take(open_within(uri_, std::move(stop), budget));
  }
  listen_to_libvirt();
}

void LibvirtConnection::take(Opened opened) {
  connection_ = std::move(opened.connection);
  security_models_ = security_models_of(opened.capabilities);
}

/// Without a place for the script, or on a file system from which nothing may be started, there is none.
void LibvirtConnection::find_single_thread_emulator() {
  try {
    auto qemu = find_program("qemu-system-aarch64");
    if (!qemu) return;
    auto script = single_thread_emulator(*qemu, libvirt_cache());
    // libvirt asks it what it is capable of now, and not when the first guest waits for it.
    CHandle<char, std::free> capabilities(
        ::virConnectGetDomainCapabilities(connection_.get(), script.c_str(), "aarch64", "virt", "qemu", 0));
    if (capabilities)
      single_thread_emulator_ = script;
    else
      threads_remark_ = fmt::format("libvirt cannot start {}: {}", script.string(), libvirt_message());
  } catch (const Error& error) {
    threads_remark_ = error.what();
  }
}

void LibvirtConnection::on_close(virConnectPtr, int, void* listeners) {
  static_cast<Listeners*>(listeners)->lose("the connection to libvirt was lost: its daemon or its host is gone");
}

void LibvirtConnection::listen_to_libvirt() {
  using Shared = std::shared_ptr<Listeners>;
  auto given = std::make_unique<Shared>(listeners_); // libvirt releases what it has taken, and nothing that it refused
  auto release = [](void* opaque) { delete static_cast<Shared*>(opaque); };

  auto on_lifecycle = [](virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) -> int {
    auto& listeners = **static_cast<Shared*>(opaque);
    if (event == VIR_DOMAIN_EVENT_STOPPED) listeners.end(domain, end_of(detail));
    return 0;
  };
  virConnectDomainEventCallback lifecycle = on_lifecycle;
  callbacks_.push_back(::virConnectDomainEventRegisterAny(connection_.get(), nullptr, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                          VIR_DOMAIN_EVENT_CALLBACK(lifecycle), given.get(), release));
  if (callbacks_.back() < 0)
    throw Error(Blame::infra, "libvirt at {} does not tell how guests end: {}", uri_.text, libvirt_message());
  static_cast<void>(given.release());

  // The very events that a machine without libvirt sees; other drivers than QEMU's have none.
  auto on_qemu = [](virConnectPtr, virDomainPtr domain, const char* name, long long, unsigned, const char* details,
                    void* opaque) {
    auto json = nlohmann::json::parse(details == nullptr ? "" : details, nullptr, false);
    StateChange change{.name = name};
    if (json.is_object() && json.contains("reason") && json["reason"].is_string()) change.reason = json["reason"];
    (**static_cast<Shared*>(opaque)).change(domain, change);
  };
  given = std::make_unique<Shared>(listeners_);
  int id =
      ::virConnectDomainQemuMonitorEventRegister(connection_.get(), nullptr, nullptr, on_qemu, given.get(), release, 0);
  if (id >= 0) {
    qemu_callback_ = id;
    static_cast<void>(given.release());
  }

  // Ours until the end: a driver that cannot lose its connection (test, embedded QEMU) neither keeps nor releases it.
  ::virConnectRegisterCloseCallback(connection_.get(), on_close, listeners_.get(), nullptr);
  ::virConnectSetKeepAlive(connection_.get(), k_keepalive_seconds, k_keepalives); // only a daemon's connection has it
}

LibvirtConnection::~LibvirtConnection() {
  for (int id : callbacks_)
    if (id >= 0) ::virConnectDomainEventDeregisterAny(connection_.get(), id);
  if (qemu_callback_) ::virConnectDomainQemuMonitorEventDeregister(connection_.get(), *qemu_callback_);
  ::virConnectUnregisterCloseCallback(connection_.get(), on_close);
}

bool LibvirtConnection::alive() const {
  {
    std::scoped_lock lock(listeners_->mutex);
    if (listeners_->lost) return false;
  }
  return ::virConnectIsAlive(connection_.get()) == 1;
}

DomainPlace LibvirtConnection::domain_place() const {
  if (!uri_.here) return {}; // that host has users and labels of its own, and the files there are libvirt's
  return {.emulator = find_program("qemu-system-aarch64").value_or(""),
          .single_thread_emulator = single_thread_emulator_,
          .security_models = security_models_,
          .uid = ::geteuid(),
          .gid = ::getegid()};
}

LibvirtStorage& LibvirtConnection::storage(const std::string& name) {
  std::scoped_lock lock(storage_mutex_);
  if (!storage_) storage_.emplace(connection_.get(), name);
  return *storage_;
}

Accelerator LibvirtConnection::accelerator() const {
  auto has = [this](const char* type) {
    CHandle<char, std::free> text(
        ::virConnectGetDomainCapabilities(connection_.get(), nullptr, "aarch64", "virt", type, 0));
    return text != nullptr;
  };
  if (has("kvm")) return Accelerator::kvm;
  if (has("qemu")) return Accelerator::tcg;
  throw Error(Blame::infra, "libvirt at {} has no QEMU for arm64: apt-get install qemu-system-arm there", uri_.text);
}

std::filesystem::path LibvirtConnection::log_directory() const {
  if (!uri_.here) return {};
  if (root_) return root_->path() / "log/qemu";
  if (uri_.text.find("/session") == std::string::npos) return "/var/log/libvirt/qemu";
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base =
      cache != nullptr && *cache != '\0' ? fs::path(cache) : fs::path(home != nullptr ? home : "/") / ".cache";
  return base / "libvirt/qemu/log";
}

std::string LibvirtConnection::version() const {
  unsigned long version = 0; // NOLINT: libvirt's type
  if (::virConnectGetLibVersion(connection_.get(), &version) != 0) return "";
  return fmt::format("{}.{}.{}", version / 1000000, version / 1000 % 1000, version % 1000);
}

void LibvirtConnection::listen(const std::string& uuid, DomainListener listener) {
  std::scoped_lock lock(listeners_->mutex);
  listeners_->of[uuid] = std::move(listener);
}

void LibvirtConnection::forget(const std::string& uuid) {
  std::scoped_lock lock(listeners_->mutex);
  listeners_->of.erase(uuid);
}

} // namespace kdt::machine
