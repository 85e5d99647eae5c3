#include "modules.hpp"

#include "kdt/protocol.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kdt::agent {

void insert_module(const std::string& file, const std::string& name) {
  const Fd module = open_file(file, O_RDONLY);
  if (syscall(SYS_finit_module, module.get(), "", 0) == 0 || errno == EEXIST) return;
  const std::string cause = std::strerror(errno);
  const std::string reason = reason_in_log(kernel_log(), name);
  throw Trouble("cannot load " + file + ": " + cause + (reason.empty() ? "" : " (" + reason + ")"));
}

void insert_drivers() {
  const std::string directory = std::string(protocol::k_driver_modules) + "/";
  const std::string order = read_word(directory + "order", "");
  for (const auto line : lines_of(order)) {
    const std::string name{line}, file = directory + name + ".ko";
    try {
      insert_module(file, name);
    } catch (const Trouble& trouble) {
      say(std::string(protocol::marker::prefix) + trouble.what());
    }
    unlink(file.c_str());
  }
}

} // namespace kdt::agent
