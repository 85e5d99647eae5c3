#include "run/dump_target.hpp"

#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "kdt/protocol.hpp"

#include <fmt/format.h>

namespace kdt::run {

namespace {

constexpr std::chrono::minutes k_mkfs_patience{2};
constexpr std::chrono::minutes k_cpu_time{20};

/// "name", "name-2", "name-3": how the protocol names parts.
std::string numbered(std::string_view name, std::size_t part) {
  return part == 0 ? std::string(name) : fmt::format("{}-{}", name, part + 1);
}

/// A program that reads what a guest wrote.
Command careful(std::vector<std::string> argv, ByteSize largest_file) {
  if (auto found = find_system_program(argv[0])) argv[0] = found->string();
  return {.argv = std::move(argv),
          .environment = {{"LC_ALL", "C"}},
          .limits = {.address_space = ByteSize::gib(4),
                     .file_size = largest_file,
                     .cpu_time = std::chrono::seconds(k_cpu_time),
                     .open_files = 64},
          .own_network = true};
}

std::vector<std::string> words_of(const Finished& finished) {
  std::vector<std::string> lines;
  for (const auto& line : split(finished.out + "\n" + finished.err, '\n'))
    if (!trim(line).empty() && lines.size() < 20) lines.push_back(printable(line));
  return lines;
}

} // namespace

std::optional<fs::path> find_system_program(std::string_view name) {
  if (auto found = find_program(name)) return found;
  for (const char* directory : {"/usr/sbin", "/sbin"})
    if (auto found = find_program((fs::path(directory) / name).string())) return found;
  return std::nullopt;
}

DumpTarget::DumpTarget(const DumpSettings& dump, ByteSize disk_size, fs::path directory, std::stop_token stop)
    : settings_(dump), directory_(std::move(directory)), stop_(std::move(stop)), disk_size_(disk_size) {
  if (settings_.target == "ssh") {
    ssh_ = std::make_unique<SshServer>(directory_, directory_ / "sshd.log", stop_);
    return;
  }
  auto disks = settings_.target == "raw" ? settings_.split : 1;
  for (unsigned i = 0; i < disks; ++i) disks_.emplace_back(directory_, disk_size);
  if (settings_.target == "ext4") make_file_system();
}

void DumpTarget::make_file_system() const {
  // As distributions make it, with few inodes: a dump is a file or two, and tables for more would have to be written.
  auto command = careful({"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-N", "64", disks_[0].path().string()},
                         disk_size_ + disk_size_);
  auto finished = run_program(command, Deadline::after(k_mkfs_patience), stop_);
  if (!finished.status.success() || finished.timed_out)
    throw Error(Blame::infra, "mke2fs ended with {}: {}", to_string(finished.status), printable(trim(finished.err)));
}

std::vector<machine::Drive> DumpTarget::drives() const {
  std::vector<machine::Drive> drives;
  for (std::size_t i = 0; i < disks_.size(); ++i)
    drives.push_back({.serial = numbered(protocol::k_serial_dump, i), .file = disks_[i].path(), .read_only = false});
  return drives;
}

std::optional<machine::Service> DumpTarget::service() const {
  return ssh_ ? std::optional(machine::Service{.peer = ssh_->peer()}) : std::nullopt;
}

void DumpTarget::guest_started() {
  if (ssh_) ssh_->give_up_peer();
}

protocol::SaveTarget DumpTarget::ask() const {
  protocol::SaveTarget target{.kind = settings_.target};
  if (ssh_)
    target.ssh = protocol::SshTarget{.address = machine::Service{}.address,
                                     .user = ssh_->user(),
                                     .key = ssh_->client_key(),
                                     .host_key = ssh_->host_key()};
  return target;
}

ByteSize DumpTarget::occupied() const {
  ByteSize all = ssh_ ? ssh_->received().occupied() : ByteSize{};
  for (const auto& disk : disks_) all = all + disk.occupied();
  return all;
}

std::vector<Finding> DumpTarget::check_file_system(Deadline deadline) {
  auto finished = run_program(careful({"e2fsck", "-fn", disks_[0].path().string()}, disk_size_), deadline, stop_);
  clean_ = finished.status.success() && !finished.timed_out;
  if (*clean_) return {};
  return {make_finding("target-damaged",
                       fmt::format("the file system that the dump was written to has faults: e2fsck -fn ended with {}",
                                   to_string(finished.status)),
                       words_of(finished))};
}

std::vector<Finding> DumpTarget::take_out(Deadline deadline) {
  for (unsigned part = 0; part < settings_.split; ++part) {
    auto name = numbered(protocol::k_dump_name, part);
    ScratchFile file(directory_, {});
    auto request = fmt::format("dump \"/{}\" \"{}\"", name, file.path().string());
    // debugfs ends with 0 whatever happens; a dump is never empty.
    auto finished =
        run_program(careful({"debugfs", "-R", request, disks_[0].path().string()}, disk_size_), deadline, stop_);
    if (!finished.status.success() || finished.timed_out || fs::file_size(file.path()) == 0)
      return {make_finding("vmcore-unreadable", fmt::format("the file system on the target does not give {} out", name),
                           words_of(finished))};
    parts_.push_back(std::move(file));
  }
  return {};
}

std::vector<Finding> DumpTarget::put_together(Deadline deadline) {
  std::vector<std::string> argv{"makedumpfile", "-f", "--reassemble"};
  for (const auto& part : parts_.empty() ? disks_ : parts_) argv.push_back(part.path().string());
  together_.emplace(directory_, ByteSize{});
  argv.push_back(together_->path().string());
  auto finished = run_program(careful(std::move(argv), disk_size_ + disk_size_), deadline, stop_);
  if (finished.status.success() && !finished.timed_out) return {};
  return {make_finding("vmcore-unreadable",
                       fmt::format("the {} parts of the dump cannot be put together: makedumpfile --reassemble ended "
                                   "with {}",
                                   settings_.split, to_string(finished.status)),
                       words_of(finished))};
}

std::vector<Finding> DumpTarget::collect(Deadline deadline) {
  std::vector<Finding> findings;
  if (settings_.target == "ext4") {
    findings = take_out(deadline);
    auto faults = check_file_system(deadline);
    findings.insert(findings.begin(), faults.begin(), faults.end());
  }
  bool all_parts = parts_.size() == settings_.split || settings_.target == "raw";
  if (settings_.split == 1 || !all_parts) return findings;
  auto faults = put_together(deadline);
  findings.insert(findings.end(), faults.begin(), faults.end());
  return findings;
}

const ScratchFile& DumpTarget::file() const {
  if (ssh_) return ssh_->received();
  if (together_) return *together_;
  return parts_.empty() ? disks_[0] : parts_[0];
}

fs::path DumpTarget::dump() const {
  return file().path();
}

void DumpTarget::keep_dump(const fs::path& name, ByteSize size) const {
  file().keep(name);
  std::error_code error;
  fs::resize_file(name, size.bytes, error);
  if (error) throw Error(Blame::infra, "{}: cannot cut it: {}", name.string(), error.message());
}

void DumpTarget::keep_disk(const fs::path& name) const {
  (ssh_ ? ssh_->received() : disks_[0]).keep(name);
}

} // namespace kdt::run
