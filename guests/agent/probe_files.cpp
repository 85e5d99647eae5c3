#include "probe_files.hpp"

#include "kdt/protocol.hpp"
#include "modules.hpp"
#include "system.hpp"

namespace kdt::agent {

std::string probe_file(const std::string& name) {
  return "/proc/kdt_probe/" + name;
}

void insert_probe() {
  if (!exists(probe_file(""))) insert_module(protocol::k_probe_module, "kdt_probe");
}

} // namespace kdt::agent
