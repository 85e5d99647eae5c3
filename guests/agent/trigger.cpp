#include "trigger.hpp"

#include "drives.hpp"
#include "kdt/protocol.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

namespace kdt::agent {

namespace {

constexpr std::size_t k_block = std::size_t{1} << 20;

std::size_t page_size() {
  return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Fresh memory, every page of it written; nullptr when there is none.
char* written_memory(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  for (std::size_t at = 0; at < size; at += page_size()) static_cast<volatile char*>(memory)[at] = 1;
  return static_cast<char*>(memory);
}

[[noreturn]] void exhaust_memory() {
  for (;;) static_cast<void>(written_memory(k_block)); // nothing is given back
}

/// What a load does again and again.
using Round = std::function<void()>;

Round memory_round() {
  const std::size_t size = read_meminfo(read_text("/proc/meminfo"), "MemAvailable") / 2;
  auto* memory = static_cast<volatile char*>(written_memory(size));
  if (memory == nullptr) throw Trouble("there is no memory to keep the kernel busy with");
  return [memory, size] {
    for (std::size_t at = 0; at < size; at += page_size()) memory[at] = static_cast<char>(memory[at] + 1);
  };
}

/// Reads of the drive that holds the kernel, writes to the end of the one for the dump: no dump reaches that far.
Round disk_round() {
  const Drive image = find_drive(protocol::k_serial_image), dump = find_drive(protocol::k_serial_dump);
  const auto from = std::make_shared<Fd>(open_file(image.path, O_RDONLY | O_DIRECT));
  const auto to = std::make_shared<Fd>(open_file(dump.path, O_WRONLY | O_DIRECT));
  char* block = written_memory(k_block);
  if (block == nullptr) throw Trouble("there is no memory for a block of a disk");
  const auto end = static_cast<off_t>((dump.size - k_block) / k_block * k_block);
  return [from, to, block, end] {
    if (pread(from->get(), block, k_block, 0) <= 0) fail("cannot read a drive");
    if (pwrite(to->get(), block, k_block, end) <= 0) fail("cannot write to a drive");
  };
}

Round round_of(const std::string& kind) {
  if (kind == protocol::load_kind::memory) return memory_round();
  if (kind == protocol::load_kind::disk) return disk_round();
  throw Trouble("there is no load '" + kind + "'");
}

/// Runs `work` in a process of its own; what it throws ends it, with the sentence in the pipe that is returned.
struct Worker {
  pid_t pid;
  Fd words;
};
Worker start_worker(const char* name, const std::function<void(const Fd& words)>& work) {
  Pipe pipe = make_pipe();
  const pid_t pid = fork();
  if (pid < 0) fail(std::string("cannot start ") + name);
  if (pid > 0) return {pid, std::move(pipe.out)};
  prctl(PR_SET_NAME, name);
  try {
    work(pipe.in);
    _exit(EXIT_SUCCESS);
  } catch (const std::exception& error) {
    const std::string_view reason = error.what();
    const ssize_t put = write(pipe.in.get(), reason.data(), reason.size());
    static_cast<void>(put);
    _exit(EXIT_FAILURE);
  }
}

/// What a worker said before it ended, or up to its first newline.
std::string hear(const Fd& words) {
  std::string heard;
  char byte = 0;
  for (;;) {
    const ssize_t got = read(words.get(), &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == '\n') return heard;
    heard += byte;
  }
}

/// Where an image has "Linux version RELEASE (…) VERSION", as uname tells them. There may be a second one that nothing
/// refers to and that lacks the version's number (init/version.c, the weak linux_banner).
std::optional<std::size_t> find_banner(std::string_view image) {
  utsname name{};
  uname(&name);
  const auto start = std::string("Linux version ") + name.release + " (";
  for (auto at = image.find(start); at != image.npos; at = image.find(start, at + 1))
    if (image.substr(at, image.find('\n', at) - at).ends_with(name.version)) return at;
  return std::nullopt;
}

void run_on(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot run on CPU " + std::to_string(cpu));
}

} // namespace

std::uint64_t banner_of_capture_kernel() {
  const auto iomem = read_iomem(read_text("/proc/iomem"));
  const auto region = std::max_element(iomem.begin(), iomem.end(), [](const auto& a, const auto& b) {
    return std::pair(a.name == "Crash kernel", a.start) < std::pair(b.name == "Crash kernel", b.start);
  });
  if (region == iomem.end() || region->name != "Crash kernel") throw Trouble("there is no crash region");
  const Drive drive = find_drive(protocol::k_serial_image);
  const Fd image = open_file(drive.path, O_RDONLY);
  const auto* bytes = static_cast<const char*>(mmap(nullptr, drive.size, PROT_READ, MAP_PRIVATE, image.get(), 0));
  if (bytes == MAP_FAILED) fail("cannot map " + drive.path);
  const auto at = find_banner({bytes, drive.size});
  munmap(const_cast<char*>(bytes), drive.size);
  if (!at) throw Trouble("the kernel's image does not hold the banner of the kernel that runs");
  return region->start + *at;
}

void start_load(const std::string& kind) {
  const auto worker = start_worker("kdt-load", [&kind](const Fd& words) {
    const Round round = round_of(kind);
    round();
    write_all(words.get(), "\n", "the agent");
    for (;;) round();
  });
  if (const auto trouble = hear(worker.words); !trouble.empty()) throw Trouble(trouble);
}

void take(const protocol::TriggerStep& step) {
  if (step.act == protocol::act::write)
    write_text(step.file, step.text);
  else if (step.act == protocol::act::exhaust_memory)
    exhaust_memory();
  else
    throw Trouble("there is no act '" + step.act + "'");
}

void pull(const std::vector<protocol::TriggerStep>& steps, std::optional<unsigned> cpu) {
  const auto worker = start_worker("kdt-trigger", [&](const Fd&) {
    if (cpu) run_on(*cpu);
    for (const auto& step : steps) take(step);
  });
  const auto trouble = hear(worker.words);
  waitpid(worker.pid, nullptr, 0);
  if (!trouble.empty()) throw Trouble(trouble);
}

} // namespace kdt::agent
