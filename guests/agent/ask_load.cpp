#include "asks.hpp"
#include "child.hpp"
#include "drives.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <algorithm>

namespace kdt::agent {

namespace {

// The root of an initramfs is a tmpfs.
constexpr const char* k_image = "/kdt-image";
constexpr const char* k_initramfs = "/kdt-initramfs";
constexpr std::size_t k_most_load_output = std::size_t{32} * 1024;

/// The files on tmpfs (files at all, not the drives, because kexec_file_load reads regular files only). Afterwards they
/// would only cost the guest memory, but a large guest keeps them: their pages would go to the lists of free pages that
/// each CPU keeps for itself, and makedumpfile takes those for used ones (2,500 of the 351,500 that it saves of 64
/// GiB).
struct Files {
  explicit Files(const protocol::LoadAsk& ask) {
    copy_from_drive(find_drive(protocol::k_serial_image), ask.image_bytes, k_image);
    copy_from_drive(find_drive(protocol::k_serial_initramfs), ask.initramfs_bytes, k_initramfs);
    const auto size = ask.initramfs_size.value_or(0); // zeros behind an initramfs are skipped by the kernel
    if (size > ask.initramfs_bytes && truncate(k_initramfs, static_cast<off_t>(size)) != 0)
      fail("cannot fill up the initramfs");
    constexpr std::uint64_t small_part = 512;
    const auto memory = read_meminfo(read_text("/proc/meminfo"), "MemTotal");
    kept_ = ask.image_bytes + std::max(size, ask.initramfs_bytes) <= memory / small_part;
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() {
    if (kept_) return;
    unlink(k_image);
    unlink(k_initramfs);
  }

private:
  bool kept_ = false;
};

std::string loader_flag(const std::string& loader) {
  if (loader == "kexec_file_load") return "-s";
  if (loader == "kexec_load") return "-c";
  throw protocol::ShapeError("there is no loader '" + loader + "'");
}

std::vector<std::string> kexec_argv(const std::string& operation, const protocol::LoadAsk& ask) {
  if (operation == protocol::k_unload) return {"kexec", loader_flag(ask.loader), "-p", "-u"};
  return {"kexec",
          "-d",
          loader_flag(operation),
          "-p",
          k_image,
          std::string("--initrd=") + k_initramfs,
          "--append=" + ask.cmdline};
}

bool loaded() {
  return read_word(kexec_file("crash_loaded"), "0") == "1";
}

} // namespace

Reply serve_load(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::LoadAsk>(arguments, "load");
  const Files files{ask};
  const double before = uptime();
  protocol::LoadAnswer answer;
  std::vector<std::string> steps;
  for (const auto& operation : ask.operations) {
    const ChildEnd end = run_child(kexec_argv(operation, ask));
    answer.exit_status = end.exit_status;
    answer.output = tail_of(end.output, k_most_load_output);
    answer.segments = read_segments(end.output);
    answer.loaded = loaded();
    steps.push_back(operation + ": exit " + std::to_string(end.exit_status) +
                    (answer.loaded ? ", loaded" : ", not loaded"));
    if (end.exit_status != 0) break;
  }
  answer.seconds = uptime() - before;
  if (ask.operations.size() > 1) answer.steps = steps;
  return {protocol::encode(answer), {}};
}

} // namespace kdt::agent
