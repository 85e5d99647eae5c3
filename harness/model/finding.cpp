#include "model/finding.hpp"

#include <algorithm>
#include <array>

namespace kdt {

namespace {

constexpr auto k_codes = std::to_array<FindingCode>({
    {"boot-timeout", Blame::kernel, Phase::boot,
     "the system kernel stopped making progress before it reached the agent",
     "the kernel hangs or panics before init; its CPU model lacks the kernel's page size; the initramfs is broken",
     "post-mortem/summary.txt says in which function of which kernel each CPU stood, and the likely cause"},
    {"boot-panic", Blame::kernel, Phase::boot, "the system kernel panicked before kdt asked it to",
     "a bug or a missing option of the kernel; too little memory for the crashkernel reservation",
     "read the panic in console.log; `kdt run MATRIX --only CELL` makes it again"},
    {"reservation-missing", Blame::kernel, Phase::boot, "no crash region was reserved though the cell needs one",
     "crashkernel= is missing, malformed, or too large for the memory below the DMA limit",
     "look for 'crashkernel' in console.log; `kdt list` says what was expected and why"},
    {"agent-silent", Blame::kernel, Phase::boot, "the agent stopped answering while the guest was still running",
     "the guest hangs or starves its user space; a kernel oops in a system call of the agent",
     "post-mortem/summary.txt says where each CPU stood; read console.log at the time of the last event in "
     "events.jsonl"},
    {"agent-error", Blame::tool, Phase::boot, "the agent could not do what it was asked",
     "a tool inside the guest failed, or the guest lacks a feature",
     "the sentence is the agent's own; see events.jsonl"},
    {"load-failed", Blame::kernel, Phase::load, "kexec could not load the capture kernel",
     "the crash region is too small; the kernel lacks the system call; kexec-tools and kernel disagree",
     "the output of kexec is in the evidence"},
    {"not-loaded", Blame::tool, Phase::load, "no capture kernel was loaded when the load phase ended",
     "the loader was told not to load, or reported success without loading",
     "check loader in cell.json and /sys/kernel/kexec_crash_loaded in the observations"},
    {"probe-failed", Blame::infra, Phase::probe, "the probe module could not be loaded or read",
     "it was built for another kernel, or the kernel refuses modules", "the kernel's reason is in the evidence"},
    {"mapping-disagrees", Blame::infra, Phase::probe,
     "the probe in the guest and the walk from the host read the same page tables differently, twice",
     "a bug of the probe or of the walk; a VMCOREINFO note that leads to other tables; a kernel that changes its "
     "linear "
     "map all the time",
     "both readings are in the evidence; a third is /sys/kernel/debug/kernel_page_tables in the guest"},
    {"host-walk-failed", Blame::infra, Phase::probe, "the guest's page tables could not be read from the host",
     "the host forbids to look into the emulator; the VMCOREINFO note or the tables are not what the walk knows",
     "the sentence names the cause; the probe's own reading, map.*, is not touched by it"},
    {"probe-oops", Blame::kernel, Phase::probe, "probing the crash region made the kernel oops",
     "the exception table entry was not honoured, or a fault of another kind", "read the oops in console.log"},
    {"panic-not-seen", Blame::kernel, Phase::trigger, "the trigger was pulled and no panic appeared on the console",
     "the trigger is not built into the kernel; the console is lost; the kernel hangs in the panic path",
     "read the end of console.log; post-mortem/summary.txt says where each CPU stood, and the likely cause"},
    {"wrong-panic", Blame::kernel, Phase::trigger,
     "the system kernel panicked otherwise than its trigger should make it",
     "another fault came first; the trigger did not do what it is named for; the kernel says it in other words",
     "the rule in the evidence says what should be seen; panic.console in cell.json holds what the console showed, "
     "matrices/triggers/ what the trigger does"},
    {"lacks-support", Blame::usage, Phase::prepare, "the kernel or the machine lacks what the cell needs",
     "the kernel was built without an option that the trigger needs; the machine type has no such line",
     "the sentence names it; it is a skip, not an error. Take another kernel, or leave the cell out with --skip"},
    {"capture-timeout", Blame::kernel, Phase::capture,
     "the system kernel panicked and no capture kernel reached its agent",
     "nothing was loaded; the capture command line cannot boot; the loaded image was damaged; the crash region is too "
     "small",
     "post-mortem/summary.txt tells purgatory, early boot and a silent console apart; `--keep all` keeps guest memory"},
    {"capture-panic", Blame::kernel, Phase::capture, "the capture kernel panicked",
     "too little memory in the crash region; no init; a device that was not reset",
     "read the second panic in console.log"},
    {"reboot-without-capture", Blame::kernel, Phase::capture,
     "the guest rebooted or powered off after the panic instead of starting a capture kernel",
     "no capture kernel was loaded; panic= fired because kexec was skipped", "check load in cell.json"},
    {"save-failed", Blame::tool, Phase::save, "the dump was not saved: the dump tool failed",
     "makedumpfile does not know the kernel; the target is too small; out of memory in the capture kernel",
     "the tool's output is in the evidence; try dump format copy"},
    {"compression-missing", Blame::tool, Phase::save,
     "the dump tool saved the dump without the compression that was asked for",
     "the distribution's makedumpfile was built without snappy or zstd",
     "choose lzo or zlib; the tool's own words are in the evidence"},
    {"dump-tool-va-bits", Blame::tool, Phase::save, "makedumpfile refused the kernel: it does not know its page tables",
     "a kernel built with 4 KiB pages and 52-bit addresses, as Debian 13's and later ones are, whatever the CPU can do",
     "save with `format: copy`; or a makedumpfile that knows them; or a kernel with 48-bit addresses"},
    {"kexec-no-text-symbol", Blame::tool, Phase::load,
     "kexec-tools described memory wrongly to the capture kernel: /proc/vmcore may be of no use",
     "_text is missing from /proc/kallsyms (CONFIG_KALLSYMS_ALL is off, as in Debian 12's kernel): kexec-tools cannot "
     "compute page_offset, says so, and loads all the same",
     "load with kexec_file_load, where the kernel makes the headers itself; or a kernel with CONFIG_KALLSYMS_ALL"},
    {"save-stalled", Blame::kernel, Phase::save, "saving the dump stopped making progress",
     "the capture kernel hangs; a disk error; memory exhausted",
     "read the end of console.log; post-mortem/summary.txt says where each CPU stood, and the likely cause"},
    {"capture-lost", Blame::kernel, Phase::save, "the capture kernel went away before it reported a saved dump",
     "it panicked or rebooted while saving", "read the end of console.log"},
    {"vmcore-unreadable", Blame::tool, Phase::verify, "the vmcore cannot be opened",
     "it is truncated, empty, or of a format libkdumpfile does not know", "try `kdt verify VMCORE`, `file VMCORE`"},
    {"vmcore-truncated", Blame::tool, Phase::verify, "the vmcore ends before its own headers say it should",
     "the dump target was full or the save was cut off", "compare save.bytes with the size of the file"},
    {"vmcore-damaged", Blame::tool, Phase::verify, "pages that the vmcore stores cannot be read back",
     "bytes were changed or lost between the dump tool and the file; a bug of the compressor",
     "the first such page is in the evidence; save again with another compression"},
    {"vmcore-wrong-kernel", Blame::tool, Phase::verify, "the vmcore is of another kernel than the one that was booted",
     "a stale dump of an earlier run; the wrong file", "compare release and build id in cell.json"},
    {"vmcore-other-run", Blame::tool, Phase::verify, "the log inside the vmcore does not hold this run's nonce",
     "a stale dump of the same kernel; the log buffer wrapped", "compare vmcore-dmesg.txt with console.log"},
    {"vmcore-no-log", Blame::tool, Phase::verify, "the kernel log cannot be read from the vmcore",
     "the printk ring buffer is missing from the dump, or of an unknown layout",
     "`kdt verify VMCORE --json` says what was found"},
    {"vmcore-no-panic", Blame::tool, Phase::verify, "the log inside the vmcore does not hold the panic",
     "the dump was taken before the panic, or of another crash", "compare vmcore-dmesg.txt with console.log"},
    {"vmcore-cpus", Blame::kernel, Phase::verify, "the vmcore does not hold the registers of every CPU",
     "a CPU did not answer the stop IPI and saved no state", "look for 'stale' or 'failed to stop' in console.log"},
    {"verify-crashed", Blame::infra, Phase::verify, "the process that reads the vmcore crashed or ran over its limits",
     "a damaged vmcore that the library does not survive; kdt's own bug",
     "keep the vmcore and run `kdt verify VMCORE`"},
    {"expectation", Blame::kernel, Phase::verify, "an observation is not what the expectation says",
     "the kernel changed, or the rule is wrong for it",
     "the rule's reason and source are in the evidence; `kdt list` shows all rules of the cell"},
    {"expectation-unobserved", Blame::infra, Phase::verify, "an expectation is about something that was not observed",
     "the phase that observes it did not run or does not know it", "check observed in cell.json"},
    {"unexplained", Blame::usage, Phase::verify, "no rule says what this cell should show, so that it cannot pass",
     "the request is at an edge that no rule speaks of, or the kernel is of a version that the rules do not know",
     "`kdt list` marks such cells; add a rule with its source, or take the cell out"},
    {"oops", Blame::kernel, Phase::boot, "the kernel printed an oops, BUG or WARNING that nobody asked for",
     "a kernel bug", "read it in console.log"},
    {"console-flood", Blame::kernel, Phase::boot,
     "the console repeats a line without end, or printed more than kdt keeps", "an error loop in the guest",
     "console.log holds the first part; look for the line that repeats"},
    {"guest-lost", Blame::infra, Phase::boot, "QEMU ended or was killed while the guest should have been running",
     "somebody killed it, the host ran out of memory, or QEMU crashed", "see qemu.stderr and the host's own log"},
    {"host-memory", Blame::infra, Phase::boot, "the host has, or had, too little free memory for the guest",
     "other programs or too many cells at once; a memory limit of the container; a cell takes more than was known of "
     "it",
     "end other programs, lower -j, raise the limit; then `kdt run … --resume RUN`"},
    {"host-disk", Blame::infra, Phase::save, "the host's file system under the run directory is full, or fails",
     "vmcores that were kept; a dump that is larger than was thought; a disk error, which the host's own log shows",
     "free some space; then `kdt run … --resume RUN`"},
    {"host-too-small", Blame::infra, Phase::prepare, "the cell takes more memory than this host has at all",
     "a guest with much memory, or a large crash region, on a small host; a memory limit of the container",
     "run it on a larger host, or leave it out with --skip; it is a skip, not an error"},
    {"infra", Blame::infra, Phase::prepare, "kdt or its host could not do its part",
     "the sentence names the object and the cause", "`kdt doctor` checks the host"},
});

} // namespace

std::span<const FindingCode> finding_codes() {
  return k_codes;
}

const FindingCode* find_code(std::string_view code) {
  auto it = std::ranges::find(k_codes, code, &FindingCode::code);
  return it == k_codes.end() ? nullptr : &*it;
}

Finding make_finding(std::string_view code, std::string text, std::vector<std::string> evidence) {
  const auto* known = find_code(code);
  KDT_ASSERT(known != nullptr);
  return {.code = std::string(code),
          .blame = known->blame,
          .phase = known->phase,
          .text = std::move(text),
          .evidence = std::move(evidence)};
}

} // namespace kdt
