#include "asks.hpp"
#include "kdt/trigger.hpp"
#include "probe_files.hpp"
#include "system.hpp"
#include "trigger.hpp"

#include <unistd.h>

namespace kdt::agent {

namespace {

/// Fills the place of the banner in, where a step asks for it, and says what it is.
std::optional<std::uint64_t> fill_in_banner(std::vector<protocol::TriggerStep>& steps) {
  std::optional<std::uint64_t> banner;
  for (auto& step : steps) {
    const auto at = step.text.find(protocol::k_banner_place);
    if (at == std::string::npos) continue;
    if (!banner) banner = banner_of_capture_kernel();
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(*banner));
    step.text.replace(at, protocol::k_banner_place.size(), text);
  }
  return banner;
}

} // namespace

Reply serve_trigger(const Session&, const protocol::Json& arguments) {
  auto ask = protocol::decode<protocol::TriggerAsk>(arguments, "trigger");
  // A kernel that panics in its first second of 1970 writes CRASHTIME=0 into vmcoreinfo, which makedumpfile (1.7.2,
  // read_vmcoreinfo_basic_info) takes for damage and refuses.
  if (ask.time && clock_counts_from_1970()) set_clock(*ask.time);
  const auto banner = fill_in_banner(ask.steps);
  for (const auto& step : ask.steps) {
    if (step.file.starts_with("/proc/kdt_probe/")) insert_probe();
    if (!step.file.empty() && !exists(step.file)) throw Trouble("there is no " + step.file);
  }
  for (const auto& step : ask.settings) take(step);
  for (const auto& kind : ask.loads) start_load(kind);
  // Level 0: shown on the console at every loglevel but 0. The newline: without it the kernel waits for the rest of the
  // line, and shows it with the next one only (kernel/printk/printk.c:vprintk_store, LOG_NEWLINE).
  write_text("/dev/kmsg", "<0>" + std::string(protocol::k_nonce_line) + ask.nonce + "\n");
  sync();
  return {protocol::encode(protocol::TriggerAnswer{banner}), [ask] {
            if (!ask.steps.empty()) pull(ask.steps, ask.cpu);
          }};
}

} // namespace kdt::agent
