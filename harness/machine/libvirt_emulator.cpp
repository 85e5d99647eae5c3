#include "machine/libvirt_emulator.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

#include <sys/stat.h>

namespace kdt::machine {

namespace {

/// Of the file that is there now; another version of QEMU is another file.
std::string identity_of(const fs::path& program) {
  struct stat file {};
  if (::stat(program.c_str(), &file) != 0) throw Error(Blame::infra, "{}: {}", program.string(), errno_text(errno));
  return fmt::format("inode {}, {} bytes, changed at {}.{:09}", file.st_ino, file.st_size, file.st_ctim.tv_sec,
                     file.st_ctim.tv_nsec);
}

} // namespace

std::string single_thread_script(const fs::path& qemu, const std::string& identity) {
  return fmt::format(R"(#!/bin/sh
# Written by kdt for libvirt, which cannot say thread=single. Of {} ({})
before=
for word do
  shift
  [ "$before $word" = "-accel tcg" ] && word=tcg,thread=single
  before=$word
  set -- "$@" "$word"
done
exec {} "$@"
)",
                     qemu.string(), identity, shell_quoted(qemu.string()));
}

fs::path single_thread_emulator(const fs::path& qemu, const fs::path& cache) {
  auto script = single_thread_script(qemu, identity_of(qemu));
  auto directory = cache / sha256(qemu.string()).substr(0, 16); // several kdts may each have a QEMU of their own
  auto file = directory / qemu.filename();
  std::error_code none;
  if (fs::exists(file, none) && read_file(file) == script) return file;
  make_directories(directory);
  TempDir beside("emulator", directory); // whoever finds the file may start it at once
  auto fresh = beside.path() / qemu.filename();
  write_file(fresh, script);
  fs::permissions(fresh, fs::perms(0755), none);
  if (!none) fs::rename(fresh, file, none);
  if (none) throw Error(Blame::infra, "{}: {}", file.string(), none.message());
  return file;
}

} // namespace kdt::machine
