#include "run/phases.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "guest/region.hpp"
#include "image/initramfs.hpp"
#include "run/asks.hpp"
#include "run/canaries.hpp"
#include "run/host_memory.hpp"
#include "run/need.hpp"
#include "run/nonce.hpp"
#include "run/observe.hpp"
#include "run/template.hpp"

#include <algorithm>
#include <utility>

namespace kdt::run {

namespace {

namespace ask = protocol::ask;
namespace role = protocol::role;
using console::Stage;

/// What kexec will load; nothing when it is not there, which prepare() finds out.
ByteSize payload_of(const image::KernelImage& kernel) {
  ByteSize sum;
  std::error_code error;
  for (const auto& file : {kernel.image, kernel.initramfs})
    if (auto size = fs::file_size(file, error); !error) sum = sum + ByteSize{size};
  return sum;
}

/// Where a console stopped after the panic.
std::string_view console_end(Stage stage) {
  switch (stage) {
  case Stage::firmware:
  case Stage::system_kernel:
    return "the console shows no panic";
  case Stage::panicked:
    return "the console ends at the panic";
  case Stage::leaving:
    return "the console ends where the system kernel jumps to the capture kernel";
  case Stage::capture_kernel:
  case Stage::capture_panicked:
    break;
  }
  return "the console shows that the capture kernel was started";
}

} // namespace

CellRun::CellRun(const Cell& cell, const CellContext& context, CellResult& result)
    : cell_(cell), context_(context), result_(result),
      timeouts_(timeouts_for(cell.parameters, context.accelerator, context.timeout_scale, payload_of(context.kernel))),
      log_(context.directory), nonce_(make_nonce()) {
  if (context.fork_of != nullptr) take_over(*context.fork_of);
}

fs::path CellRun::initramfs() const {
  return with_ssh_ ? with_ssh_->path() : context_.kernel.initramfs;
}

/// The guest's initramfs with an ssh client behind it: the kernel unpacks one archive after the other.
void CellRun::add_ssh_client() {
  image::Initramfs client;
  client.add_tree(context_.ssh_client);
  TempDir place("kdt-ssh-client", context_.directory);
  client.write(place.path() / "client.cpio");
  with_ssh_.emplace(context_.directory, ByteSize{});
  auto all = read_file(context_.kernel.initramfs);
  all.resize((all.size() + 3) / 4 * 4, '\0');
  write_file(with_ssh_->path(), all + read_file(place.path() / "client.cpio"));
}

void CellRun::report(Finding finding, Phase phase) {
  finding.phase = phase;
  log_.add("finding", {{"code", finding.code}, {"blame", to_string(finding.blame)}, {"text", finding.text}});
  result_.findings.push_back(std::move(finding));
}

std::optional<std::string> CellRun::expected(std::string_view observation) const {
  return matrix::expected_value(context_.expectations.rules, result_.facts, observation);
}

std::optional<std::string> CellRun::expected_by_now(std::string_view observation) const {
  return matrix::expected_value(context_.expectations.rules, result_.facts, observation, &result_.observed);
}

bool CellRun::expects(std::string_view observation, std::string_view value) const {
  return expected(observation) == value;
}

bool CellRun::prepare() {
  if (context_.ram_file.empty() && lacks_support()) return false; // a template's trigger is one of many
  oom_kills_ = host_memory().oom_kills;
  auto needed = dump_space_needed(cell_.parameters);
  if (auto free = free_space(context_.directory); free < needed) {
    report(make_finding(
               "host-disk",
               fmt::format("{}: {} free, but this cell's dump may need {}: free some space or choose --out elsewhere",
                           context_.directory.string(), human(free), human(needed))),
           Phase::prepare);
    return false;
  }
  const auto* origin = context_.fork_of;
  target_.emplace(cell_.parameters.dump, dump_disk_size(cell_.parameters), context_.directory, context_.stop);
  if (cell_.parameters.dump.target == "ssh") add_ssh_client();
  auto spec = machine_spec(cell_, context_.accelerator,
                           {.kernel = context_.kernel.image,
                            .initramfs = initramfs(),
                            .disks = target_->drives(),
                            .service = target_->service()});
  spec.error_log = context_.directory / "qemu.stderr";
  spec.console_input = needs_console_input();
  auto actual = spec; // people who start it themselves start it cold
  actual.ram_file = origin != nullptr ? origin->ram.path() : context_.ram_file;
  if (origin != nullptr) actual.state_file = origin->state.path();
  machine_ = context_.make_machine(actual, context_.stop);
  for (std::size_t i = 0; i < target_->drives().size(); ++i) // for people: files of that size beside it do
    spec.drives[i].file = i == 0 ? "dump.img" : fmt::format("dump-{}.img", i + 1);
  auto description = context_.describe(spec);
  write_file(context_.directory / description.file, description.text);
  result_.artifacts["emulator_arguments"] = description.file;
  leave_recipe();
  session_ = std::make_unique<Session>(*machine_, log_, [this] { return target_->occupied(); });
  if (origin != nullptr) session_->take_over(origin->past);
  return true;
}

/// A wait that did not end well becomes a finding: the guest is gone, or it is stuck.
bool CellRun::wait_failed(Phase phase, std::string_view code, const std::string& sentence) {
  if (session_->why_not() == Session::Wait::gone) {
    report(lost(phase), phase);
  } else {
    auto stuck = post_mortem(phase);
    if (stuck && phase == Phase::capture) result_.observed["capture.stuck_in"] = stuck_in(*stuck);
    if (stuck && phase == Phase::capture && expected_by_now("capture.reached") == "false") return false;
    auto silent =
        fmt::format("QEMU itself does not answer in phase {}: it is stopped, or the host is stuck", to_string(phase));
    auto cause = stuck ? likely_cause(*stuck) : "";
    auto text = cause.empty() ? sentence : sentence + "; likely cause: " + cause;
    auto finding = stuck ? make_finding(code, text, session_->last_lines())
                         : make_finding("guest-lost", silent, session_->last_lines());
    const auto& words = phase >= Phase::capture ? cell_.parameters.capture_cmdline : cell_.parameters.cmdline;
    if (stuck && other_init(*stuck) && words.find("init=") != std::string::npos) finding.blame = Blame::usage;
    report(std::move(finding), phase);
  }
  return false;
}

template <class Answer, class Record>
std::optional<Answer> CellRun::ask(Phase phase, std::string_view name, const Record& arguments,
                                   const Patience& patience, std::string_view code) {
  auto stage = session_->tracker().stage();
  auto answer = session_->ask(name, arguments, patience);
  if (answer) return guest::read<Answer>(*answer);
  if (!session_->refusal().empty())
    report(make_finding(code, fmt::format("the agent refused '{}': {}", name, session_->refusal())), phase);
  else if (session_->why_not() == Session::Wait::done && session_->tracker().stage() != stage)
    report(make_finding(
               stage == Stage::capture_kernel ? "capture-panic" : "boot-panic",
               explained(fmt::format("the kernel left stage {} while the agent was asked '{}'", to_string(stage), name),
                         phase),
               session_->last_lines()),
           phase);
  else
    wait_failed(phase, phase == Phase::save ? "save-stalled" : "agent-silent",
                fmt::format("the agent {} '{}': {}",
                            session_->mute() ? "said hello, then answered nothing, not even" : "did not answer", name,
                            session_->stuck()));
  return std::nullopt;
}

bool CellRun::agent_answers(Phase phase) {
  return ask<protocol::Hello>(phase, ask::hello, protocol::Done{}, timeouts_.answer, "agent-error").has_value();
}

bool CellRun::boot() {
  auto begin = log_.now();
  machine_->start();
  target_->guest_started();
  auto up = [this] {
    return session_->hello(role::system).has_value() || session_->tracker().stage() == Stage::panicked;
  };
  if (session_->wait(up, timeouts_.boot) != Session::Wait::done)
    return wait_failed(Phase::boot, "boot-timeout",
                       fmt::format("the system kernel did not reach its agent: {}", session_->stuck()));
  if (!session_->hello(role::system)) {
    report(make_finding("boot-panic",
                        explained("the system kernel panicked: " + session_->tracker().panic_line(), Phase::boot),
                        session_->last_lines()),
           Phase::boot);
    return false;
  }
  auto seconds = (log_.now() - begin).count();
  auto facts = ask<protocol::Facts>(Phase::boot, ask::facts, protocol::Done{}, timeouts_.answer, "agent-error");
  if (!facts) return false;
  iomem_ = facts->iomem;
  tell_where(*facts);
  observe_boot(*facts, result_.observed);
  observe_boot_time(seconds, *facts, result_.observed);
  remember_for_walk(*facts);
  crash_image_ = symbol_address(*facts, "kexec_crash_image");
  // Without a region a cell ends after load has looked at the linear map: a baseline, or a request that is refused. It
  // is red here unless a rule says so; where the rules promise to speak and do not, the judge says that.
  bool left_to_the_judge =
      expects("reservation.present", "false") ||
      (context_.expectations.rules.must_explain("reservation.present") && !expected("reservation.present"));
  if (region_reserved() || left_to_the_judge) return true;
  auto finding = make_finding(
      "reservation-missing",
      cell_.parameters.crashkernel
          ? fmt::format("the kernel reserved no crash region for crashkernel={}", *cell_.parameters.crashkernel)
          : std::string("no crash region was asked for: the cell has no crashkernel=, and no rule says that "
                        "this is a baseline"),
      std::get<std::vector<std::string>>(result_.observed.at("reservation.dmesg")));
  if (!cell_.parameters.crashkernel) finding.blame = Blame::usage; // the kernel did as the matrix says
  report(std::move(finding), Phase::boot);
  return false;
}

bool CellRun::region_reserved() const {
  return std::get<bool>(result_.observed.at("reservation.present"));
}

/// Where no probe can be built for the kernel, nobody is asked: check_map_from_host() sees what it would have seen of
/// the page tables. False when there is no agent any more.
bool CellRun::ask_probe(Phase phase, std::optional<protocol::ProbeAnswer>& answer) {
  if (!context_.kernel.no_probe.empty()) return true;
  answer =
      ask<protocol::ProbeAnswer>(phase, ask::probe, protocol::ProbeAsk{crash_image_}, timeouts_.probe, "probe-failed");
  if (answer) report_untried(phase, *answer);
  return answer || !session_->refusal().empty();
}

bool CellRun::load() {
  std::optional<protocol::ProbeAnswer> before;
  if (!ask_probe(Phase::load, before)) return false; // no agent any more
  if (before) observe_probe_before(*before, result_.observed);
  if (!check_map_from_host(before, Moment::before_load)) return false;
  if (!region_reserved()) result_.observed["load.loaded"] = false;
  if (!region_reserved() || !resize_before_load()) return false; // there is nothing to load into
  if (cell_.parameters.loader == "none") {
    result_.observed["load.loaded"] = false;
    if (expects("load.loaded", "false")) return false; // a baseline
    auto finding = make_finding("not-loaded", "nothing was to be loaded: the cell's loader is 'none', and no rule says "
                                              "that this is a baseline");
    finding.blame = Blame::usage; // it is as the matrix says
    report(std::move(finding), Phase::load);
    return false;
  }
  auto arguments = load_ask(cell_.parameters, size_of_file(context_.kernel.image), size_of_file(initramfs()));
  auto answer = ask<protocol::LoadAnswer>(Phase::load, ask::load, arguments, timeouts_.load, "agent-error");
  if (!answer) return false;
  observe_load(*answer, result_.observed);
  load_ = *answer;
  // One byte less is rounded up to the same size: a kernel that lets it through loses nothing.
  if (answer->exit_status == 0 && answer->loaded) {
    report_wrong_headers();
    return resize("shrink_loaded", crash_size() - 1);
  }
  if (expected_by_now("load.loaded") == "false") return false;
  bool failed = answer->exit_status != 0;
  report(tool_failure(failed ? "load-failed" : "not-loaded",
                      failed ? fmt::format("kexec ended with exit status {}", answer->exit_status)
                             : "kexec reported success and /sys/kernel/kexec_crash_loaded says 0",
                      answer->output, Phase::load),
         Phase::load);
  return false;
}

/// kexec-tools loads although it could not describe memory to the capture kernel: said now, since what fails later
/// tells less.
void CellRun::report_wrong_headers() {
  constexpr std::string_view k_code = "kexec-no-text-symbol";
  const auto* what = console::classify_output(load_.output);
  wrong_headers_ = what != nullptr && what->name == k_code;
  if (!wrong_headers_) return;
  report(tool_failure(k_code, "kexec loaded the capture kernel all the same", load_.output, Phase::load), Phase::load);
}

std::uint64_t CellRun::crash_size() const {
  for (const auto* name : {"shrink.kexec_crash_size", "reservation.kexec_crash_size"})
    if (const auto* size = find(result_.observed, name))
      return static_cast<std::uint64_t>(std::get<std::int64_t>(*size));
  return 0;
}

/// An attempt to change the size of the crash region; false when there is no agent any more.
bool CellRun::resize(std::string_view attempt, std::uint64_t size) {
  auto answer = ask<protocol::ResizeAnswer>(Phase::load, ask::resize, protocol::ResizeAsk{.size = size},
                                            timeouts_.answer, "agent-error");
  if (answer) observe_resize(std::string(attempt), *answer, result_.observed);
  return answer || !session_->refusal().empty();
}

/// No kernel makes the region larger, so that is tried in every cell; what makes it smaller, only where the cell asks
/// for it. False when nothing is left to load into, or no agent.
bool CellRun::resize_before_load() {
  if (!resize("grow", crash_size() + ByteSize::mib(2).bytes)) return false;
  const auto& shrink = cell_.parameters.shrink;
  return !shrink || (resize("shrink", shrink->bytes) && shrink->bytes > 0);
}

bool CellRun::probe() {
  std::optional<protocol::ProbeAnswer> after;
  if (!ask_probe(Phase::probe, after)) return false;
  if (after) observe_probe_after(*after, guest::segments_of(*after, load_), result_.observed);
  return check_map_from_host(after, Moment::after_load); // without a probe, too: the dump is still to be taken
}

void CellRun::report_untried(Phase phase, const protocol::ProbeAnswer& answer) {
  auto untried = untried_pages(answer);
  if (untried > 0)
    report(make_finding("probe-failed", fmt::format("{} pages of the crash region were not tried", untried)), phase);
}

/// False when there is no agent any more; a guest without canaries still panics, and its dump is verified without.
bool CellRun::plant_canaries() {
  if (!context_.kernel.no_probe.empty()) return true; // nobody who could
  protocol::CanariesAsk canaries{.key = canary_key(nonce_)};
  auto answer = std::exchange(planted_, std::nullopt);
  if (!answer)
    answer = ask<protocol::CanariesAnswer>(Phase::trigger, ask::canaries, canaries, timeouts_.probe, "canaries-failed");
  if (!answer) return !session_->refusal().empty();
  observe_canaries(*answer, static_cast<std::uint64_t>(std::get<std::int64_t>(result_.observed.at("boot.page_size"))),
                   result_.observed);
  for (const auto& kind : unplanted_kinds(*answer))
    report(make_finding("canaries-failed", fmt::format("not one {} page could be planted", kind), answer->missing),
           Phase::trigger);
  return true;
}

bool CellRun::capture() {
  auto begin = log_.now();
  const auto& tracker = session_->tracker();
  auto up = [&] { return session_->hello(role::capture) || tracker.stage() == Stage::capture_panicked; };
  result_.observed["capture.reached"] = false;
  auto ended = session_->wait(up, timeouts_.capture);
  result_.observed["panic.console"] = session_->heard();
  if (ended != Session::Wait::done)
    return wait_failed(Phase::capture, "capture-timeout",
                       fmt::format("the capture kernel did not reach its agent: {}; {}", session_->stuck(),
                                   console_end(tracker.stage())));
  if (!session_->hello(role::capture)) return capture_panicked();
  result_.observed["capture.reached"] = true;
  if (!tracker.capture_banner().empty()) result_.observed["capture.banner"] = tracker.capture_banner();
  result_.observed["capture.seconds"] = (log_.now() - begin).count();
  auto facts = ask<protocol::Facts>(Phase::capture, ask::facts, protocol::Done{}, timeouts_.answer, "agent-error");
  if (facts) observe_capture(*facts, result_.observed);
  if (facts) capture_iomem_ = facts->iomem;
  return facts && (cell_.parameters.capture_trigger.empty() || panic_in_capture());
}

bool CellRun::save() {
  if (session_->tracker().stage() == Stage::capture_panicked) return capture_panicked(); // a fork, while it waited
  const auto& dump = cell_.parameters.dump;
  auto answer = ask<protocol::SaveAnswer>(Phase::save, ask::save, save_ask(dump, target_->ask(), context_.accelerator),
                                          timeouts_.save, "save-failed");
  if (!answer) return false;
  if (dump.target == "ssh") answer->bytes = size_of_file(target_->dump()).bytes; // the guest does not count them
  observe_save(*answer, result_.observed);
  // makedumpfile 1.7.2 without snappy or zstd says so, saves uncompressed and exits with 0.
  if (answer->output.find("option is disabled, because this binary") != std::string::npos)
    report(make_finding("compression-missing", fmt::format("the dump tool cannot compress with {}", dump.compression),
                        {answer->output}),
           Phase::save);
  if (answer->exit_status == 0) return true;
  auto sentence = fmt::format("the dump tool ended with exit status {}", answer->exit_status);
  if (wrong_headers_)
    report(make_finding("kexec-no-text-symbol", sentence + ": the headers of /proc/vmcore are wrong", {answer->output}),
           Phase::save);
  else
    report(tool_failure("save-failed", sentence, answer->output, Phase::save), Phase::save);
  return false;
}

} // namespace kdt::run
