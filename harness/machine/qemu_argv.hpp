#pragma once

#include "machine/machine.hpp"

#include <string>
#include <vector>

namespace kdt::machine {

/// How a guest's console, agent channel and QMP monitor are connected: the -chardev backend texts after "id=…,".
struct Channels {
  std::vector<std::string> descriptors{}; ///< the words that hand over those which the texts name
  std::string console{};
  std::string agent{};
  std::string monitor{}; ///< empty: no QMP
};

/// Through descriptors that the emulator inherits: sockets, or where a console takes no input a pipe that it is written
/// to.
Channels channels_by_fd(int console, int agent, int monitor, bool console_input = true);

/// The whole command line; argv[0] is the emulator's name. Pure.
std::vector<std::string> qemu_argv(const MachineSpec& spec, const Channels& channels);

/// qemu.args: that command line as a person would type it.
Description describe_qemu(const MachineSpec& spec);

} // namespace kdt::machine
