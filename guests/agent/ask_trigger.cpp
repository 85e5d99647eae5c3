#include "asks.hpp"
#include "system.hpp"

#include <ctime>
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

/// A kernel without an RTC driver counts from 1970. One that panics in its first second writes CRASHTIME=0 into
/// vmcoreinfo, which makedumpfile (1.7.2, read_vmcoreinfo_basic_info) takes for damage and refuses.
void set_clock_if_it_counts_from_1970(std::uint64_t time) {
  constexpr std::time_t k_a_day = 86400;
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec > k_a_day) return;
  now = {.tv_sec = static_cast<std::time_t>(time), .tv_nsec = 0};
  ::clock_settime(CLOCK_REALTIME, &now);
}

} // namespace

Reply serve_trigger(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::TriggerAsk>(arguments, "trigger");
  const auto found = k_triggers.find(ask.name);
  if (found == k_triggers.end()) throw Trouble("there is no trigger '" + ask.name + "'");
  if (ask.time) set_clock_if_it_counts_from_1970(*ask.time);
  // Level 0: shown on the console at every loglevel but 0.
  write_text("/dev/kmsg", "<0>" + std::string(protocol::k_nonce_line) + ask.nonce);
  sync();
  return {protocol::encode(ask), found->second};
}

} // namespace kdt::agent
