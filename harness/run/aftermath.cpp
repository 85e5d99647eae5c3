// What CellRun does when a guest is stuck or gone, and after it has done its work: post-mortem, blame, verification.

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/phases.hpp"
#include "vmcore/verify.hpp"

namespace kdt::run {

namespace {
constexpr std::chrono::seconds k_post_mortem_budget{10};

/// Where a guest that ended by itself, with QEMU still healthy, was expected to be.
std::string_view code_of_guest_end(Phase phase) {
  switch (phase) {
  case Phase::trigger:
    return "panic-not-seen";
  case Phase::capture:
    return "reboot-without-capture";
  case Phase::save:
    return "capture-lost";
  default:
    return "boot-panic";
  }
}
} // namespace

Finding CellRun::lost(Phase phase) const {
  if (session_->host_disk_failed())
    return make_finding("guest-lost", "the host could not write the guest's disk: its file system is full or failing",
                        session_->last_lines());
  KDT_ASSERT(session_->ended().has_value());
  const auto& ended = *session_->ended();
  const auto& reason = session_->shutdown_reason();
  bool by_guest = ended.status.success() && reason.starts_with("guest-");
  if (!by_guest) {
    auto how =
        reason.starts_with("host-") ? fmt::format("{} ({})", to_string(ended.status), reason) : to_string(ended.status);
    return make_finding("guest-lost", fmt::format("QEMU ended with {} in phase {}", how, to_string(phase)),
                        split(ended.words, '\n'));
  }
  if (!session_->agent_trouble().empty())
    return make_finding("agent-error", "the agent gave up: " + session_->agent_trouble(), session_->last_lines());
  return make_finding(code_of_guest_end(phase),
                      fmt::format("the guest ended the machine ({}) in phase {}", reason, to_string(phase)),
                      session_->last_lines());
}

void CellRun::post_mortem(Phase phase) {
  if (!machine_ || session_->ended()) return;
  try {
    auto directory = context_.directory / "post-mortem";
    make_directories(directory);
    std::string text =
        fmt::format("phase {}, console stage {}\n", to_string(phase), to_string(session_->tracker().stage()));
    for (const auto& cpu : machine_->registers(Deadline::after(k_post_mortem_budget)))
      text += fmt::format("\nCPU {} pc {:#x}\n{}", cpu.cpu, cpu.pc, cpu.text);
    write_file(directory / "registers.txt", text);
    result_.artifacts["registers"] = "post-mortem/registers.txt";
  } catch (const Error& error) {
    log_.add("post-mortem", {{"error", printable(error.what())}}); // the finding stands without it
  }
}

bool CellRun::verify() {
  vmcore::Expectation expectation{.release = context_.kernel.release,
                                  .build_id = context_.kernel.build_id,
                                  .nonce = nonce_,
                                  .panic = std::get<std::string>(result_.observed.at("panic.line")),
                                  .cpus = cell_.parameters.cpus};
  auto report_of = vmcore::verify({.input = disk_,
                                   .directory = context_.directory,
                                   .expectation = expectation,
                                   .deadline = Deadline::after(timeouts_.verify),
                                   .stop = context_.stop});
  for (const auto& [name, value] : report_of.facts) result_.observed[name] = value;
  for (const auto& [name, path] : report_of.artifacts) result_.artifacts[name] = path;
  for (auto& finding : report_of.findings) report(std::move(finding), Phase::verify);
  return true;
}

} // namespace kdt::run
