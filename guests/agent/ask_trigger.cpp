#include "asks.hpp"
#include "system.hpp"

#include <map>
#include <unistd.h>

namespace kdt::agent {

namespace {

void sysrq_c() {
  write_text("/proc/sysrq-trigger", "c");
}

using Pull = void (*)();
const std::map<std::string, Pull> k_triggers = {
    {"sysrq-c", sysrq_c},
};

} // namespace

Reply serve_trigger(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::TriggerAsk>(arguments, "trigger");
  const auto found = k_triggers.find(ask.name);
  if (found == k_triggers.end()) throw Trouble("there is no trigger '" + ask.name + "'");
  // Level 0: shown on the console at every loglevel but 0.
  write_text("/dev/kmsg", "<0>" + std::string(protocol::k_nonce_line) + ask.nonce);
  sync();
  return {protocol::encode(ask), found->second};
}

} // namespace kdt::agent
