#include "console/line_class.hpp"

#include "base/text.hpp"
#include "console/pattern_index.hpp"

#include <algorithm>
#include <array>

namespace kdt::console {

namespace {

using enum LineClass::Origin;
using enum LineClass::Standing;

constexpr const char* k_why_serror = "QEMU's TCG machine raises no SError by itself";
constexpr const char* k_why_new = "of kernels newer than those that were recorded";

// Kernel files are those of 6.1 unless said otherwise; makedumpfile is 1.7.2, kexec-tools 2.0.25.
constexpr auto k_classes = std::to_array<LineClass>({
    // What a guest lacks, before what that leads to.
    {"initramfs-no-room", kernel, evidence, Blame::kernel, "the initramfs did not fit into memory",
     "too little memory: a small crash region, mem=, or a small guest", "init/initramfs.c:do_populate_rootfs",
     "Initramfs unpacking failed: write error*"},
    {"initramfs-broken", kernel, evidence, Blame::infra, "the initramfs could not be unpacked",
     "it is cut off, damaged, or compressed in a way the kernel lacks", "init/initramfs.c:do_populate_rootfs",
     "Initramfs unpacking failed: *"},
    {"early-memory", kernel, evidence, Blame::kernel, "early boot ran out of memory",
     "a crash region, mem= or a guest too small for the kernel's own tables",
     "mm/memblock.c, init/main.c, block/blk-core.c",
     "Kernel panic - not syncing: *: Failed to allocate * bytes*\n"
     "Kernel panic - not syncing: Failed to allocate *\n"
     "Kernel panic - not syncing: Failed to create *"},
    {"no-init", kernel, evidence, Blame::usage, "the kernel found no init to run",
     "rdinit= or init= names a program that is not there; the initramfs is not the one meant",
     "init/main.c:kernel_init",
     "Kernel panic - not syncing: No working init found*\n"
     "Kernel panic - not syncing: Requested init * failed*\n"
     "check access for rdinit=* failed: *"},
    {"no-root", kernel, evidence, Blame::usage, "the kernel found no root file system",
     "no initramfs, one without its init, or root= names a disk that is not there", "init/do_mounts.c:mount_block_root",
     "VFS: Cannot open root device *\n"
     "VFS: Unable to mount root fs *\n"
     "Kernel panic - not syncing: VFS: Unable to mount root fs *"},
    {"waits-for-root", kernel, evidence, Blame::usage, "the kernel waits for a root disk that does not come",
     "rootwait with a root= that names no disk; a driver that the kernel lacks", "init/do_mounts.c:prepare_namespace",
     "Waiting for root device *"},
    {"init-died", kernel, evidence, Blame::tool, "init ended, which no kernel survives",
     "a program in the guest crashed or was killed", "kernel/exit.c:do_exit",
     "Kernel panic - not syncing: Attempted to kill init!*"},
    {"out-of-memory", kernel, evidence, Blame::kernel, "the kernel ran out of memory",
     "in a capture kernel: the crash region is too small for its initramfs and the dump tool", "mm/oom_kill.c",
     "Kernel panic - not syncing: System is deadlocked on memory*\n"
     "Kernel panic - not syncing: Out of memory*\n"
     "Out of memory: Killed process *\n"
     "Out of memory and no killable processes*\n"
     "* invoked oom-killer: *"},
    {"page-allocation", kernel, evidence, Blame::kernel, "an allocation of pages failed",
     "too little memory, or none of the kind that was asked for (below the DMA limit)", "mm/page_alloc.c:warn_alloc",
     "*: page allocation failure: order:*", "where no page is to be had, the OOM killer spoke first"},
    {"swiotlb", kernel, evidence, Blame::kernel, "the bounce buffers for DMA are missing or full",
     "no memory below the DMA limit in the crash region (,high without ,low), or swiotlb= is too small",
     "kernel/dma/swiotlb.c",
     "software IO TLB: Cannot allocate buffer*\n"
     "software IO TLB: No low mem*\n"
     "*: swiotlb buffer is full *\n"
     "*: swiotlb addr * overflow *"},
    // What the hardware, or the machine, says.
    {"serror", kernel, fault, Blame::kernel, "the CPU took an SError",
     "an access that the bus refused after the fact: a device that is gone or in use by DMA",
     "arch/arm64/kernel/traps.c:arm64_serror_panic",
     "SError Interrupt on CPU*\n"
     "Kernel panic - not syncing: Asynchronous SError Interrupt*",
     k_why_serror},
    {"external-abort", kernel, fault, Blame::kernel, "an access was refused by the bus",
     "an address at which there is neither memory nor device", "arch/arm64/mm/fault.c:fault_info",
     "Internal error: synchronous external abort*\n"
     "Unhandled fault: synchronous external abort*",
     "a guest that reads such an address needs /dev/mem without its checks"},
    {"gic-lpi", kernel, evidence, Blame::kernel, "the interrupt controller still writes into memory of the old kernel",
     "LPI tables are not handed over without EFI's memory reservations: memory may be corrupt",
     "drivers/irqchip/irq-gic-v3-its.c:redist_disable_lpis",
     "GICv3: CPU*: Booted with LPIs enabled, memory probably corrupted*\n"
     "CPU*: Timeout while disabling LPIs*\n"
     "CPU*: Failed to disable LPIs*\n"
     "ITS*: Failed to disable LPIs*",
     "a guest booted without EFI whose LPI tables are known to be reserved does not print it"},
    {"cpu-lost", kernel, evidence, Blame::kernel, "a CPU did not start",
     "it is still held by the kernel that crashed; the capture kernel wants maxcpus=1 or nr_cpus=1",
     "arch/arm64/kernel/smp.c:__cpu_up, drivers/firmware/psci",
     "CPU*: failed to come online*\n"
     "CPU*: failed to boot: *\n"
     "psci: failed to boot CPU*\n"
     "CPU*: died during early boot*\n"
     "CPU*: is stuck in kernel*"},
    {"cpus-not-stopped", kernel, evidence, Blame::kernel, "a CPU did not stop for the crash",
     "it spins with interrupts off; its registers will be missing from the dump", "arch/arm64/kernel/smp.c",
     "SMP: failed to stop secondary CPUs *\n"
     "Some CPUs may be stale, kdump will be unreliable*"},
    // Stuck: a host that does not run its guest makes these, too.
    {"hard-lockup", kernel, evidence, Blame::kernel, "a CPU is stuck with interrupts off",
     "a loop with interrupts off, a deadlock on a raw spinlock; a host that does not run the guest",
     "kernel/watchdog_hld.c:watchdog_overflow_callback; arm64 has it since 6.5",
     "watchdog: Watchdog detected hard LOCKUP on cpu *\n"
     "NMI watchdog: Watchdog detected hard LOCKUP on cpu *\n"
     "watchdog: CPU*: Watchdog detected hard LOCKUP on cpu *\n"
     "Kernel panic - not syncing: Hard LOCKUP*",
     k_why_new},
    {"soft-lockup", kernel, evidence, Blame::kernel, "a CPU does not schedule any more",
     "a loop in the kernel, a deadlock on a spinlock; a host that does not run the guest",
     "kernel/watchdog.c:watchdog_timer_fn",
     "watchdog: BUG: soft lockup - CPU#*\n"
     "BUG: soft lockup - CPU#*\n"
     "Kernel panic - not syncing: softlockup: hung tasks*"},
    {"rcu-stall", kernel, evidence, Blame::kernel, "RCU waits for a CPU that does not answer",
     "a loop in the kernel, interrupts off for long; a host that does not run the guest", "kernel/rcu/tree_stall.h",
     "rcu: INFO: * detected stalls on CPUs/tasks*\n"
     "rcu: INFO: * self-detected stall on CPU*\n"
     "rcu: INFO: * detected expedited stalls on CPUs/tasks*\n"
     "rcu: rcu_* kthread starved for *\n"
     "Kernel panic - not syncing: RCU Stall*"},
    {"hung-task", kernel, evidence, Blame::kernel, "a task sleeps and nothing wakes it",
     "a lock that is never released, a disk that does not answer", "kernel/hung_task.c:check_hung_task",
     "INFO: task * blocked for more than * seconds*\n"
     "Kernel panic - not syncing: hung_task: blocked tasks*"},
    // The kernel broke.
    {"stack-overflow", kernel, fault, Blame::kernel, "the kernel's stack overflowed", "endless recursion in the kernel",
     "arch/arm64/kernel/traps.c:panic_bad_stack",
     "Insufficient stack space to handle exception!*\n"
     "Kernel panic - not syncing: kernel stack overflow*\n"
     "Kernel panic - not syncing: stack-protector: *"},
    {"kernel-bug", kernel, fault, Blame::kernel, "the kernel hit a BUG()", "a bug of the kernel", "lib/bug.c, traps.c",
     "kernel BUG at *\n"
     "Internal error: Oops - BUG: *"},
    {"kernel-oops", kernel, fault, Blame::kernel, "the kernel oopsed",
     "a bug of the kernel, or memory that was overwritten",
     "arch/arm64/mm/fault.c:die_kernel_fault, arch/arm64/kernel/traps.c:die",
     "Unable to handle kernel *\n"
     "Internal error: *\n"
     "Unhandled fault: *\n"
     "Bad mode in *"},
    {"bug-report", kernel, fault, Blame::kernel, "the kernel found its own state wrong",
     "a bug of the kernel, or memory that was overwritten", "kernel/sched/core.c, mm/page_alloc.c, mm/kasan",
     "BUG: *\n"
     "list_add corruption*\n"
     "list_del corruption*",
     "kernels with KASAN, lockdep or DEBUG_LIST print these"},
    {"kernel-warning", kernel, fault, Blame::kernel, "the kernel warned of itself", "a bug of the kernel",
     "kernel/panic.c:__warn; \"CPU#\" at the end since 6.16",
     "WARNING: CPU: *\n"
     "WARNING: * at *, CPU#*"},
    {"console-missing", kernel, evidence, Blame::usage, "init has no console",
     "console= names no device of the machine", "init/main.c:console_on_rootfs",
     "Warning: unable to open an initial console*"},
    // Why there is no crash region.
    {"crashkernel-no-room", kernel, evidence, Blame::usage, "the crash region did not fit",
     "crashkernel= asks for more than one hole holds, or for a place that is taken",
     "arch/arm64/mm/init.c:reserve_crashkernel; kernel/crash_reserve.c since 6.9",
     "cannot allocate crashkernel *\n"
     "cannot reserve crashkernel: *\n"
     "crashkernel reservation failed - memory is in use*"},
    {"crashkernel-malformed", kernel, evidence, Blame::usage, "crashkernel= was not understood",
     "a spelling that this kernel does not know, or no range for this size of memory",
     "kernel/crash_core.c:parse_crashkernel",
     "crashkernel: *expected*\n"
     "crashkernel: unrecognized char: *\n"
     "crashkernel: end <= start*\n"
     "crashkernel: invalid size*\n"
     "crashkernel size resulted in zero bytes*"},
    // kexec-tools.
    {"kexec-no-region", tool, evidence, Blame::kernel, "there is no crash region to load into",
     "crashkernel= is missing or was refused", "kexec-tools, kexec/crashdump.c",
     "Please reserve memory by passing*crashkernel=*"},
    {"kexec-region-small", tool, evidence, Blame::kernel, "kernel and initramfs do not fit into the crash region",
     "crashkernel= is too small", "kexec-tools, kexec/kexec.c:locate_hole; kernel/kexec_core.c",
     "kexec_file_load failed: Cannot assign requested address*\n"
     "kexec_load failed: Cannot assign requested address*\n"
     "Could not find a free area of memory of *\n"
     "locate_hole failed*"},
    {"kexec-kaslr-seed", tool, evidence, Blame::tool, "kexec could not make the device tree of the capture kernel",
     "kexec-tools 2.0.25 refuses a kaslr-seed that the kernel left in place, which it does with nokaslr since 6.1",
     "kexec-tools, kexec/arch/arm64/kexec-arm64.c:setup_2nd_dtb",
     "*setup_2nd_dtb failed*\n"
     "setup_2nd_dtb: kaslr-seed is not wiped *"},
    {"kexec-no-file-load", tool, evidence, Blame::kernel, "the kernel lacks kexec_file_load",
     "CONFIG_KEXEC_FILE is off, as in Debian's arm64 kernels: use kexec_load", "kexec-tools, kexec/kexec.c",
     "syscall kexec_file_load not available*"},
    {"kexec-failed", tool, evidence, Blame::kernel, "kexec failed", "see what it printed before",
     "kexec-tools, kexec/kexec.c",
     "kexec_file_load failed: *\n"
     "kexec_load failed: *\n"
     "kexec: load failed*\n"
     "Cannot load *"},
    // makedumpfile.
    {"dump-tool-va-bits", tool, evidence, Blame::tool, "makedumpfile does not know this kernel's page tables",
     "4 KiB pages with 52-bit addresses (Debian 13): a newer makedumpfile, or dump format copy",
     "makedumpfile, arch/arm64.c",
     "*PAGE SIZE * and VA Bits * not supported*\n"
     "*Can't determine platform config values*"},
    {"kexec-no-text-symbol", tool, evidence, Blame::tool, "the headers of /proc/vmcore are wrong",
     "kexec-tools found no _text in /proc/kallsyms (CONFIG_KALLSYMS_ALL off) and cannot compute page_offset",
     "kexec-tools, kexec/arch/arm64/crashdump-arm64.c",
     "Can't get the symbol of _text*\n"
     "get_kernel_sym*_text*"},
    {"dump-tool-clock", tool, evidence, Blame::tool, "makedumpfile takes CRASHTIME=0 for damage",
     "the guest has no clock and panicked within its first second", "makedumpfile, read_vmcoreinfo_basic_info",
     "read_vmcoreinfo_basic_info: Invalid data *"},
    {"dump-target-full", tool, evidence, Blame::infra, "the place for the dump is full",
     "the dump target is smaller than the dump", "write(2): ENOSPC", "*No space left on device*"},
    {"dump-tool-failed", tool, evidence, Blame::tool, "makedumpfile failed",
     "it does not know this kernel, or /proc/vmcore is not what it expects", "makedumpfile, ERRMSG",
     "*: Can't *\n"
     "makedumpfile Failed*"},
});

/// The patterns of all classes of one origin, ranked by class.
PatternIndex index_of(LineClass::Origin origin) {
  PatternIndex index;
  for (std::size_t rank = 0; rank < k_classes.size(); ++rank) {
    if (k_classes[rank].origin != origin) continue;
    for (std::string_view rest = k_classes[rank].patterns; !rest.empty();) {
      auto end = std::min(rest.find('\n'), rest.size());
      index.add(rest.substr(0, end), rank);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return index;
}

} // namespace

std::span<const LineClass> line_classes() {
  return k_classes;
}

const LineClass* classify(std::string_view line, LineClass::Origin origin) {
  static const PatternIndex of_kernel = index_of(LineClass::Origin::kernel),
                            of_tool = index_of(LineClass::Origin::tool);
  auto rank = (origin == LineClass::Origin::kernel ? of_kernel : of_tool).lowest(line);
  return rank ? &k_classes[*rank] : nullptr;
}

const LineClass* classify_output(std::string_view output) {
  const LineClass* telling = nullptr;
  for (const auto& line : split(output, '\n'))
    if (const auto* which = classify(line, LineClass::Origin::tool); which && (!telling || which < telling))
      telling = which;
  return telling;
}

} // namespace kdt::console
