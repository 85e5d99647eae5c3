#include "dump_target.hpp"

#include "system.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

namespace kdt::agent {

namespace {

constexpr const char* k_mount_point = "/dump";

/// Files of a part are numbered as drives are, the first one without a number.
std::string numbered(const std::string& name, unsigned part) {
  return part == 0 ? name : name + "-" + std::to_string(part + 1);
}

std::uint64_t total_written(const std::vector<Drive>& drives) {
  std::uint64_t total = 0;
  for (const auto& drive : drives) total += bytes_written(drive);
  return total;
}

} // namespace

DumpTarget::DumpTarget(const protocol::SaveTarget& target, unsigned parts) {
  if (target.kind == "ssh" && target.ssh) {
    ssh_ = std::make_unique<SshClient>(*target.ssh);
    return;
  }
  const bool raw = target.kind == "raw";
  if (!raw && target.kind != "ext4") throw protocol::ShapeError("there is no dump target '" + target.kind + "'");
  for (unsigned part = 0; part < (raw ? parts : 1); ++part)
    drives_.push_back(find_drive(numbered(target.serial, part)));
  for (unsigned part = 0; part < parts; ++part)
    files_.push_back(raw ? drives_[part].path
                         : numbered(std::string(k_mount_point) + "/" + protocol::k_dump_name, part));
  before_ = total_written(drives_);
  if (raw) return;
  mkdir(k_mount_point, 0700);
  // noinit_itable: what a young file system does in the background is none of the dump's time.
  if (mount(drives_[0].path.c_str(), k_mount_point, target.kind.c_str(), MS_NOATIME, "noinit_itable") != 0)
    fail("cannot mount " + drives_[0].path + " as " + target.kind);
  mounted_ = true;
}

DumpTarget::~DumpTarget() {
  stream_ = Fd{};
  if (mounted_) umount(k_mount_point);
}

int DumpTarget::stream(bool aligned) {
  if (ssh_) return ssh_->input();
  if (!stream_) stream_ = open_file(files_[0], O_WRONLY | (mounted_ ? O_CREAT : aligned ? O_DIRECT : 0));
  return stream_.get();
}

std::uint64_t DumpTarget::streamed() const {
  // The dump tool inherited this very open file, so its offset tells how far it has come.
  return stream_ ? static_cast<std::uint64_t>(lseek(stream_.get(), 0, SEEK_CUR)) : 0;
}

std::uint64_t DumpTarget::written() const {
  return total_written(drives_) - before_;
}

std::optional<std::uint64_t> DumpTarget::finish() {
  if (ssh_) {
    std::string words;
    if (const int status = ssh_->finish(words); status != 0)
      trouble_ = "ssh ended with exit status " + std::to_string(status) + "\n" + words;
    return std::nullopt;
  }
  const auto length_of_stream = stream_ ? std::optional(streamed()) : std::nullopt;
  stream_ = Fd{}; // else it could not be unmounted
  std::uint64_t length = 0;
  for (const auto& file : files_) {
    if (mounted_ && !exists(file)) continue; // the dump tool gave up before it made it
    const Fd fd = open_file(file, O_WRONLY);
    struct stat status {};
    if (fsync(fd.get()) != 0 || fstat(fd.get(), &status) != 0) fail("cannot flush " + file);
    length += static_cast<std::uint64_t>(status.st_size);
  }
  if (!mounted_) return length_of_stream ? *length_of_stream : written();
  if (umount(k_mount_point) != 0) fail(std::string("cannot unmount ") + k_mount_point);
  mounted_ = false;
  return length;
}

} // namespace kdt::agent
