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
     "crashkernel= is malformed, or too large for the memory below the DMA limit; blame usage: the matrix asks for no "
     "region, and no rule says that this is a baseline",
     "`kdt list` says what was expected and why; a kernel that was given crashkernel= says in console.log what it made "
     "of "
     "it"},
    {"agent-silent", Blame::kernel, Phase::boot, "the agent stopped answering while the guest was still running",
     "the guest hangs or starves its user space; a kernel oops in a system call of the agent",
     "post-mortem/summary.txt says where each CPU stood; read console.log at the time of the last event in "
     "events.jsonl"},
    {"agent-error", Blame::tool, Phase::boot,
     "kdt's agent, the first process of the guest, could not do what it was asked",
     "a tool inside the guest failed, or the guest lacks a feature",
     "the sentence is the agent's own; see events.jsonl"},
    {"load-failed", Blame::kernel, Phase::load, "kexec could not load the capture kernel",
     "the crash region is too small; the kernel lacks the system call; kexec-tools and kernel disagree",
     "the output of kexec is in the evidence"},
    {"not-loaded", Blame::tool, Phase::load, "no capture kernel was loaded when the load phase ended",
     "the loader reported success without loading; blame usage: the matrix asks for no load, and no rule says that "
     "this "
     "is a baseline",
     "check loader in cell.json and load.loaded in the observations"},
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
     "the trigger is not built into the kernel; the kernel hangs in the panic path; blame usage: the capture kernel "
     "came "
     "up, so that there was a panic, and loglevel= or console= kept it from the console",
     "read the end of console.log; of a guest that hangs, post-mortem/summary.txt says where each CPU stood. Blame "
     "usage: "
     "take loglevel= or console= out of the command line, or add a rule that expects `panic.seen: false` (a kernel "
     "that "
     "panics in an NMI may not print it)"},
    {"wrong-panic", Blame::kernel, Phase::trigger,
     "the system kernel panicked otherwise than its trigger should make it",
     "another fault came first; the trigger did not do what it is named for; the kernel says it in other words",
     "the rule in the evidence says what should be seen; panic.console in cell.json holds what the console showed, "
     "matrices/triggers/ what the trigger does"},
    {"panic-elsewhere", Blame::kernel, Phase::verify,
     "by the vmcore, another function, task or CPU panicked than the trigger's",
     "another fault came first; the registers saved are those of another CPU or moment; the stack was overwritten",
     "the rule in the evidence says what should be seen; vmcore.crash_stack, vmcore.crashed_task and "
     "vmcore.crashed_cpu in cell.json say what the dump holds"},
    {"lacks-support", Blame::usage, Phase::prepare,
     "the kernel, the machine, a tool of the guest's or this host lacks what the cell needs",
     "the kernel was built without an option that the trigger or the target needs; the machine type has no such line; "
     "a "
     "makedumpfile that was built without a compression; a host without a program",
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
     "the guest rebooted or powered off after the panic, and no capture kernel had printed a word",
     "the capture kernel was started and died before its console (too little memory, a mem= or another word of its "
     "command line, a damaged image); nothing was loaded; panic= fired because kexec was skipped",
     "'Bye!' at the end of console.log says that it was started: try a larger crash region, or earlycon in "
     "capture_cmdline; without it, check load in cell.json"},
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
    {"target-damaged", Blame::kernel, Phase::verify,
     "the file system that the dump was written to has faults that it did not have before",
     "the capture kernel wrote to it wrongly, or left it without unmounting it",
     "e2fsck's words are in the evidence; `--keep all` keeps the disk"},
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
    {"vmcore-memory-missing", Blame::tool, Phase::verify, "the vmcore lacks memory that the system kernel had",
     "the ELF headers that were made at load lack a range: memory was added later, or the loader misread /proc/iomem; "
     "the dump tool lost a bank",
     "the ranges are in the evidence; compare panic.system_ram and capture.vmcore_ranges in cell.json"},
    {"vmcore-memory-foreign", Blame::tool, Phase::verify,
     "the vmcore has memory that no dump should have: a crash region, or what is no RAM",
     "the crash region, or its companion below 4 GiB, was not taken out of the ELF headers",
     "the ranges are in the evidence; compare panic.crash_regions and capture.vmcore_ranges in cell.json"},
    {"vmcore-canary-missing", Blame::tool, Phase::verify,
     "pages whose content kdt knows are not in the vmcore though its filter level keeps them",
     "the dump tool misjudged page flags; pages or whole ranges were lost on the way",
     "kinds and addresses are in the evidence; save again with filter 0 or format copy"},
    {"vmcore-canary-damaged", Blame::tool, Phase::verify,
     "pages whose content kdt knows hold something else in the vmcore",
     "a byte was changed on the way to the file; a page was stored under another address; the capture kernel, a device "
     "or a stale dump overwrote memory of the system kernel",
     "the addresses are in the evidence; save again with format copy"},
    {"vmcore-filter", Blame::tool, Phase::verify, "the vmcore has pages that its filter level should leave out",
     "the dump tool did not know the kernel's page flags and kept everything",
     "kinds and addresses are in the evidence; read save.output"},
    {"vmcore-kaslr", Blame::tool, Phase::verify, "where the vmcore says that KASLR put the kernel, the kernel is not",
     "VMCOREINFO is damaged, or that of another boot; the System.map is of another build",
     "compare KERNELOFFSET and SYMBOL(_stext) of the vmcore with the kernel's System.map"},
    {"vmcore-cpu-notes", Blame::tool, Phase::verify,
     "the registers in the vmcore's notes are not those that the CPUs saved, or stand in another order",
     "the dump tool or the capture kernel mixed up the notes; notes of an earlier crash",
     "the evidence says whose each note is, by the copies in the dumped memory"},
    {"vmcore-crash-stack", Blame::kernel, Phase::verify,
     "the stack of the CPU that panicked leads to no function of the kernel",
     "the registers were not saved at the panic; the stack is not in the dump; KASLR is wrongly undone",
     "the addresses are in the evidence"},
    {"vmcore-task", Blame::kernel, Phase::verify,
     "the vmcore's memory and its log name different tasks or CPUs for the crash",
     "a dump of mixed content; a crash on one CPU while another was crashing",
     "compare vmcore.crashed_task with the line 'CPU: … Comm: …' in vmcore-dmesg.txt"},
    {"vmcore-task-missing", Blame::tool, Phase::verify,
     "the task_struct of the task that panicked is not whole in the vmcore",
     "a dump tool that does not know this kernel's struct page and takes kernel memory for a process's (makedumpfile "
     "1.7.2 on 7.2: the second page of each slab)",
     "save at a filter level without bit 8, or with a newer makedumpfile; crash(8) calls such memory 'page excluded'"},
    {"vmcore-log-differs", Blame::tool, Phase::verify,
     "the kernel log in the vmcore and the console tell different stories up to the panic",
     "the log in the dump is stale or damaged; the console lost lines without saying so",
     "the first lines that differ are in the evidence; compare vmcore-dmesg.txt with console.log"},
    {"canaries-failed", Blame::infra, Phase::trigger,
     "the pages that show whether a dump is true were not planted in the guest",
     "the probe module is missing or refuses; no page of some kind could be had",
     "the sentence is the agent's own; the dump is verified without them"},
    {"vmcore-unproven", Blame::infra, Phase::verify,
     "nothing is wrong with the vmcore as far as it was read, but not every page that it stores was read",
     "a slow or busy host and a large dump: the time for it ran out; memory that the reading process may not have; a "
     "disk of the host that fails; a compression that libkdumpfile was built without; bitmaps of more than 256 MiB",
     "the sentence names the cause. `kdt verify VMCORE --facts cell.json` takes longer for it; run the cell again with "
     "--timeout-scale 2, or fewer at once"},
    {"verify-crashed", Blame::infra, Phase::verify, "the process that reads the vmcore crashed or ran over its limits",
     "a damaged vmcore that the library does not survive; kdt's own bug",
     "keep the vmcore and run `kdt verify VMCORE`"},
    {"opinions-differ", Blame::tool, Phase::verify, "kdt and crash read the same vmcore differently",
     "a bug of one of the two; a kernel that is newer than the crash that was asked",
     "both readings are in the evidence; a third reader is drgn"},
    {"opinion-failed", Blame::tool, Phase::verify, "crash could not read the vmcore, though kdt could",
     "a vmlinux of another build, or without debug information; a kernel that this crash does not know",
     "crash's last words are in the evidence"},
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
     "console.log holds the first part; a line that repeats is in the sentence"},
    {"guest-lost", Blame::infra, Phase::boot, "QEMU ended or was killed while the guest should have been running",
     "somebody killed it, the host ran out of memory, or QEMU crashed",
     "what QEMU printed is in the sentence and the evidence; the host's own log says who killed it; host.memory_left "
     "in "
     "the observations is what the host could still give when it was gone"},
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
    {"no-kernel", Blame::infra, Phase::prepare, "the kernel of the cell could not be fetched or built",
     "no network, no disk space, a compiler that the host lacks; blame usage: a tree, patch, fragment or revision of "
     "the "
     "user's own that does not build, with the compiler's first error in the sentence",
     "`kdt images build NAME` tries it alone, and says where its whole log is"},
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
