#include "run/template.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "kdt/wake_records.hpp"
#include "run/canaries.hpp"
#include "run/nonce.hpp"
#include "run/phases.hpp"

#include <ctime>

namespace kdt::run {

namespace {
/// "signal 9 (Killed)", and what QEMU said.
std::string in_words(const machine::Ended& ended) {
  return how_it_ended(ended) + (ended.words.empty() ? "" : ": " + ended.words);
}
} // namespace

std::optional<RamPlace> place_for_ram(ByteSize expected, ByteSize spare_memory, ByteSize free_disk) {
  if (expected.bytes <= spare_memory.bytes / 2) return RamPlace::memory;
  if (expected.bytes <= free_disk.bytes / 2) return RamPlace::disk;
  return std::nullopt;
}

Template CellRun::freeze(ScratchFile ram, std::string name, Phase after) {
  const auto& directory = context_.directory;
  auto events = read_file(directory / "events.jsonl"); // without QEMU's end, which is none of the forks'
  auto state = ScratchFile::in_memory({});
  machine_->freeze(state.path(), Deadline::after(timeouts_.answer.most));
  log_.add("frozen", {{"template", name}, {"after", to_string(after)}});
  auto gone = [this] { return session_->ended().has_value(); };
  if (session_->wait(gone, timeouts_.answer) != Session::Wait::done)
    throw Error(Blame::infra, "QEMU does not end after it saved its state");
  return {.name = std::move(name),
          .after = after,
          .ram = std::move(ram),
          .state = std::move(state),
          .observed = result_.observed,
          .phases = {result_.phases.begin() + 1, result_.phases.end()},
          .events = std::move(events),
          .console = read_file(directory / "console.log"),
          .age = log_.now(),
          .past = session_->past(),
          .nonce = nonce_,
          .load = load_,
          .note = note_,
          .regions = regions_,
          .iomem = iomem_,
          .capture_iomem = capture_iomem_,
          .complaints_seen = complaints_seen_};
}

/// What the template knew, the fork knows. Only one that has still to panic has a nonce of its own: the other's is in
/// the log of the kernel that has panicked, and its canaries follow from it.
void CellRun::take_over(const Template& origin) {
  if (origin.after >= Phase::trigger) nonce_ = origin.nonce;
  load_ = origin.load;
  note_ = origin.note;
  regions_ = origin.regions;
  iomem_ = origin.iomem;
  capture_iomem_ = origin.capture_iomem;
  complaints_seen_ = origin.complaints_seen;
  result_.observed = origin.observed;
  log_.continue_after(origin.events, origin.console, origin.age);
  log_.add("fork", {{"template", origin.name}, {"after", to_string(origin.after)}});
}

void CellRun::start_fork() {
  try {
    machine_->start();
    target_->guest_started();
    machine_->load_state(Deadline::after(timeouts_.answer.most));
  } catch (const Error& error) {
    throw ForkFailed(error.what());
  }
}

void CellRun::wake() {
  try {
    machine_->wake(Deadline::after(timeouts_.answer.most));
    auto awake = session_->ask(protocol::ask::wake,
                               protocol::WakeAsk{.time = static_cast<std::uint64_t>(std::time(nullptr)),
                                                 .seed = make_nonce() + make_nonce() + make_nonce() + make_nonce()},
                               timeouts_.answer);
    if (!awake) no_answer_of_fork();
  } catch (const Error& error) {
    throw ForkFailed(error.what());
  }
}

void CellRun::plant_ahead() {
  if (context_.fork_of->after != Phase::probe || !context_.kernel.no_probe.empty()) return;
  try {
    auto answer =
        session_->ask(protocol::ask::canaries, protocol::CanariesAsk{.key = canary_key(nonce_)}, timeouts_.probe);
    if (answer) planted_ = guest::read<protocol::CanariesAnswer>(*answer);
  } catch (const Error&) { // a host that is too busy, say: the trigger phase asks again
  }
}

void CellRun::no_answer_of_fork() {
  if (session_->ended()) throw ForkFailed("QEMU ended with " + in_words(*session_->ended()));
  throw ForkFailed("the agent did not answer: " +
                   (session_->refusal().empty() ? session_->stuck() : session_->refusal()));
}

void CellRun::confirm_awake() {
  session_->catch_up();
  bool as_it_was = session_->tracker().stage() == context_.fork_of->past.tracker.stage();
  if (as_it_was && session_->ended() && !ended_by_guest())
    throw ForkFailed("before its turn came QEMU ended with " + in_words(*session_->ended()));
}

} // namespace kdt::run
