#pragma once

#include "kdt/canary_records.hpp"
#include "run/cell_runner.hpp"
#include "run/diagnosis.hpp"
#include "run/dump_target.hpp"
#include "run/session.hpp"
#include "run/timeouts.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace kdt::run {

struct Template;

/// A cell while it runs: what its phases share. Each phase returns true when the next one makes sense.
class CellRun {
public:
  CellRun(const Cell& cell, const CellContext& context, CellResult& result);

  bool prepare();
  bool boot();
  bool load();
  bool probe();
  bool trigger();
  bool capture();
  bool save();
  bool verify();

  /// Starts the QEMU of a fork, whose guest stands still; throws ForkFailed, Interrupted.
  void start_fork();
  /// Lets the fork go on where its template froze; throws ForkFailed, Interrupted.
  void wake();
  /// Before its turn comes: plants the canaries of a fork that has still to panic. Who does not answer is asked again
  /// in the trigger phase. Throws Interrupted.
  void plant_ahead();
  /// When its turn came: throws ForkFailed when its QEMU has gone since it woke, else Error. What the guest itself did
  /// meanwhile the next phase reports.
  void confirm_awake();
  /// Makes the guest a template; throws Error{infra}, Interrupted.
  Template freeze(ScratchFile ram, std::string name, Phase after);

  /// Gives the person at the console a shell in the kernel that runs, and waits for the guest's end. Throws Interrupted
  /// when it is left, Error{infra} when the agent cannot.
  void hand_over();

  /// What a guest that is stuck does; writes it into post-mortem/, too. Nullopt when QEMU itself does not answer: then
  /// it is not the guest that is stuck. Throws Interrupted, and Error{infra} when the events
  /// cannot be written.
  std::optional<Stuck> post_mortem(Phase phase);
  /// Whether it is the guest that ended the machine: a reset, or power off.
  bool ended_by_guest() const;
  /// A guest that went away while this phase ran: whose fault, in which words. One that ended the machine has this
  /// code; empty: the phase's.
  Finding lost(Phase phase, std::string_view code = {});
  /// Reports oopses and warnings that the console showed in this phase, before whatever else the phase found: they
  /// explain a connection that is lost. Those of the trigger phase were asked for.
  void report_complaints(Phase phase, std::size_t findings_before);
  /// Reports, once, a console that floods.
  void report_flood(Phase phase);
  /// What the guest took of the host, for the scheduler of the next run.
  void observe_host();
  /// Removes the vmcore, or makes sure that what there is of one is kept.
  void tidy(bool keep);
  EventLog& log() { return log_; }

private:
  void report(Finding finding, Phase phase);
  /// The sentence, and what the console shows as the cause.
  std::string explained(const std::string& sentence, Phase phase) const;
  /// A tool in the guest failed: what its output shows as the cause, and whose fault that usually is.
  void report_wrong_headers();
  Finding tool_failure(std::string_view code, const std::string& sentence, const std::string& output,
                       Phase phase) const;
  /// Read once; nullptr: nobody has them.
  std::shared_ptr<const image::Symbols> kernel_symbols();
  void keep_memory(const fs::path& file);
  bool wait_failed(Phase phase, std::string_view code, const std::string& sentence);
  template <class Answer, class Record>
  std::optional<Answer> ask(Phase phase, std::string_view name, const Record& arguments, const Patience& patience,
                            std::string_view code);
  std::optional<std::string> expected(std::string_view observation) const;
  /// The same with what was observed so far.
  std::optional<std::string> expected_by_now(std::string_view observation) const;
  bool expects(std::string_view observation, std::string_view value) const;
  bool region_reserved() const;
  void take_over(const Template& origin);
  [[noreturn]] void no_answer_of_fork();
  bool collect_dump();
  fs::path initramfs() const;
  void add_ssh_client();
  bool resize(std::string_view attempt, std::uint64_t size);
  bool resize_before_load();
  std::uint64_t crash_size() const;
  bool ask_probe(Phase phase, std::optional<protocol::ProbeAnswer>& answer);
  /// What the cell's triggers need, and the kernel was built without; reported.
  bool lacks_support();
  /// Pulls a trigger; false when that is not to be waited for: it has been reported, then.
  bool pull(const matrix::Trigger& trigger, Phase phase);
  const matrix::Trigger& find_trigger(const std::string& name) const;
  /// Those that this cell pulls.
  std::vector<const matrix::Trigger*> triggers() const;
  bool needs_console_input() const;
  bool report_hidden_panic(const std::string& trigger);
  bool capture_panicked();
  bool panic_in_capture();
  bool plant_canaries();
  /// The system kernel is gone, whether its panic was to be seen or not.
  bool has_panicked() const;
  /// Whether the system kernel is there to be panicked; reported when it is not. A fork may have waited long for its
  /// turn.
  bool still_runs();
  /// What the console showed of oopses and warnings since this was asked last.
  std::vector<std::string> new_complaints();
  void report_untried(Phase phase, const protocol::ProbeAnswer& answer);

  /// Keeps what a walk of the page tables from the host needs to know.
  void remember_for_walk(const protocol::Facts& facts);
  /// Where KASLR put a symbol of the system kernel; nullopt when its System.map is not there or it does not tell where
  /// it is.
  std::optional<std::uint64_t> symbol_address(const protocol::Facts& facts, std::string_view name);
  enum class Moment { before_load, after_load };
  /// Reads the page tables from the host, too, and reports where the probe saw something else; without a probe this
  /// reading stands for it. False when there is no agent any more, which it has reported then.
  bool check_map_from_host(const std::optional<protocol::ProbeAnswer>& probe, Moment moment);
  void compare_with_host(std::optional<protocol::ProbeAnswer> probe, Moment moment);
  protocol::ProbeAnswer walk_from_host(const std::vector<PhysRange>& regions);
  bool agent_answers(Phase phase);
  /// Writes what it takes to run the cell again: recipe.json and repro.sh.
  void leave_recipe();
  /// Tells where KASLR put the system kernel, for who debugs it.
  void tell_where(const protocol::Facts& facts) const;

  const Cell& cell_;
  const CellContext& context_;
  CellResult& result_;
  Timeouts timeouts_;
  EventLog log_;
  std::string nonce_;
  std::optional<DumpTarget> target_;    ///< where the dump goes
  std::optional<ScratchFile> with_ssh_; ///< the initramfs of a cell whose dump goes by ssh
  std::uint64_t oom_kills_ = 0;         ///< on the host, before the guest started
  protocol::LoadAnswer load_;
  std::optional<protocol::CanariesAnswer> planted_; ///< before the trigger phase, which observes it
  bool wrong_headers_ = false; ///< kexec-tools said that it could not describe memory to the capture kernel
  std::optional<protocol::NotePlace> note_;         ///< of the system kernel; nullopt: it does not tell
  std::optional<std::uint64_t> crash_image_;        ///< address of the system kernel's variable kexec_crash_image
  std::vector<PhysRange> regions_;                  ///< `Crash kernel` of /proc/iomem at boot, whole pages
  std::vector<protocol::IomemRange> iomem_;         ///< of the system kernel, once its agent has told
  std::vector<protocol::IomemRange> capture_iomem_; ///< of the capture kernel
  std::optional<std::shared_ptr<const image::Symbols>> symbols_; ///< see kernel_symbols(); nullopt: not asked for yet
  std::size_t complaints_seen_ = 0;
  std::unique_ptr<machine::Machine> machine_;
  std::unique_ptr<Session> session_;
};

} // namespace kdt::run
