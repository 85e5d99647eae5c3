#pragma once

#include <filesystem>
#include <string>

namespace kdt::machine {

/// A shell script that starts this QEMU with one thread for all CPUs of a TCG guest, which is cheaper for guests such
/// as ours (bench/README.md). libvirt (9.0) has no word for it and says "-accel tcg" alone; of two accelerators QEMU
/// takes the first that works, so a further argument does not do. Pure. identity: what makes another QEMU's script
/// another.
std::string single_thread_script(const std::filesystem::path& qemu, const std::string& identity);

/// That script below this directory, in a place of its own for each QEMU, written only when it is not there as it
/// should be: libvirt asks an emulator anew what it is capable of when its file has changed. Throws Error{infra}.
std::filesystem::path single_thread_emulator(const std::filesystem::path& qemu, const std::filesystem::path& directory);

} // namespace kdt::machine
