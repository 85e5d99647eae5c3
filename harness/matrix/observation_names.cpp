#include "matrix/observation_names.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace kdt::matrix {

namespace {
using enum NameOrigin;
using T = NameType;

constexpr auto k_facts = std::to_array<Name>({
    // What the cell asks for.
    {"kernel", parameter, T::text, "name of the kernel"},
    {"memory", parameter, T::bytes, "RAM given to the guest"},
    {"cpus", parameter, T::integer, "number of vCPUs"},
    {"cpu", parameter, T::text, "CPU model of QEMU"},
    {"rodata", parameter, T::text, "rodata= as on the command line, 'unset' without"},
    {"crashkernel", parameter, T::text, "crashkernel= as in the cell, 'none' without"},
    {"loader", parameter, T::text, "system call that loads the capture kernel", "kexec_file_load kexec_load none"},
    {"trigger", parameter, T::text, "what makes the system kernel panic"},
    {"trigger_cpu", parameter, T::integer, "CPU on which the trigger is pulled; absent: any"},
    {"capture_trigger", parameter, T::text, "what makes the capture kernel panic; none: nothing does"},
    {"loads", parameter, T::text, "load, unload and other (the other loader), in the order in which they are done"},
    {"initramfs_size", parameter, T::bytes, "size to which the initramfs is filled up for the load; absent: as it is"},
    {"dtb_randomness", parameter, T::boolean, "QEMU puts seeds into the device tree"},
    {"tcg_threads", parameter, T::text,
     "threads of QEMU under TCG: one for all vCPUs, or one each (by a daemon of libvirt always)", "single multi"},
    {"shrink", parameter, T::bytes, "what is written to kexec_crash_size before the load; absent: nothing"},
    {"dump.filter", parameter, T::integer, "makedumpfile -d"},
    {"dump.compression", parameter, T::text, "compression of the dump", "none zlib lzo snappy zstd"},
    {"dump.format", parameter, T::text, "format of the dump", "flattened kdump elf copy"},
    {"dump.target", parameter, T::text, "where the dump goes", "raw ext4 ssh"},
    {"dump.threads", parameter, T::integer, "makedumpfile --num-threads, 0 without"},
    {"dump.split", parameter, T::integer, "files that the dump is split into"},
    {"cmdline", parameter, T::text, "more words for the system kernel"},
    {"capture_cmdline", parameter, T::text, "more words for the capture kernel"},
    // What the kernel was built with, read from its .config.
    {"version", kernel, T::version, "version of the kernel: 6.1"},
    {"release", kernel, T::text, "uname -r of the kernel"},
    {"build_id", kernel, T::text, "GNU build id of vmlinux"},
    {"zone_dma", kernel, T::boolean, "ZONE_DMA or ZONE_DMA32 is built in"},
    {"page_size", kernel, T::bytes, "size of a base page"},
    {"va_bits", kernel, T::integer, "CONFIG_ARM64_VA_BITS"},
    {"pa_bits", kernel, T::integer, "CONFIG_ARM64_PA_BITS"},
    {"kfence", kernel, T::text, "when KFENCE makes its pool; late (sample interval 0) needs the whole map in pages",
     "off late early"},
    {"kfence_interval", kernel, T::integer, "sample interval of KFENCE in milliseconds"},
    {"nr_cpus", kernel, T::integer, "CONFIG_NR_CPUS"},
    {"least_memory", kernel, T::bytes, "least RAM in which it was seen to boot (images/kernels.yaml)"},
    {"kexec_load", kernel, T::boolean, "CONFIG_KEXEC"},
    {"kexec_file_load", kernel, T::boolean, "CONFIG_KEXEC_FILE"},
    {"kallsyms_all", kernel, T::boolean, "CONFIG_KALLSYMS_ALL: /proc/kallsyms has _text, which kexec-tools needs"},
    {"virtio_net", kernel, T::boolean, "CONFIG_INET and CONFIG_VIRTIO_NET are built in"},
    {"ext4", kernel, T::boolean, "CONFIG_EXT4_FS is built in"},
    {"cma", kernel, T::bytes, "memory that the kernel sets aside for CMA by default, 0 without CMA"},
    {"debug_pagealloc", kernel, T::boolean, "debug_pagealloc is on at run time"},
    {"kaslr", kernel, T::boolean, "CONFIG_RANDOMIZE_BASE"},
    {"no_probe", kernel, T::text, "why no probe module can be built for it; absent when there is one"},
    {"origin", kernel, T::text, "which content a kernel of the user's own is: a tree's or an Image's hash"},
    {"rodata_full_default", kernel, T::boolean, "CONFIG_RODATA_FULL_DEFAULT_ENABLED"},
    // What runs in the guest; known once its user space was fetched.
    {"kexec_tools", kernel, T::version, "version of kexec-tools in the guest"},
    {"makedumpfile", kernel, T::version, "version of makedumpfile in the guest"},
    {"makedumpfile_compressions", kernel, T::text, "compressions that it was built with, one space between them"},
    // What follows from both without looking at the version (derive.cpp).
    {"nokaslr", derived, T::boolean, "nokaslr is on the command line"},
    {"ram_base", derived, T::address, "where RAM starts"},
    {"ram_end", derived, T::address, "end of RAM, after mem="},
    {"phys_top", derived, T::address, "1 << PA_BITS"},
    {"dma_limit", derived, T::address, "end of the memory that any device reaches: 4 GiB or the end of RAM"},
    {"crashkernel.form", derived, T::text, "what crashkernel= asks for, range lists resolved",
     "none plain at high high+low low_only cma plain+high plain+cma zero range invalid"},
    {"crashkernel.range", derived, T::text, "what became of a list of ranges", "none matched unmatched too_big"},
    {"crashkernel.flaw", derived, T::text, "why crashkernel= is invalid",
     "none no_number char list_number list_dash list_order list_colon list_size list_base"},
    {"crashkernel.flaw_in", derived, T::text, "the entry that is invalid", "none plain high low"},
    {"crashkernel.flaw_char", derived, T::text, "where its text is unexpected; empty when it is not printable"},
    {"crashkernel.size", derived, T::bytes, "size asked for"},
    {"crashkernel.base", derived, T::address, "base asked for: X@BASE"},
    {"crashkernel.low", derived, T::bytes, "size asked for below the DMA limit: Y,low"},
    {"crashkernel.window", derived, T::text, "what lies where X@Y points, as far as the boot protocol tells",
     "free taken outside unsure"},
    {"crashkernel.remaining", derived, T::bytes, "size left for the capture kernel: crashkernel.size, or shrink"},
    {"hole_low", derived, T::bytes,
     "no hole below the DMA limit is larger: what lies between Image, initramfs and the limit"},
    {"hole", derived, T::bytes, "no hole in RAM is larger"},
    {"boot_use", derived, T::bytes, "RAM that the kernel may take from the top before it reserves the crash region"},
    {"page_map_tables", derived, T::bytes, "page tables of a linear map of all RAM at base pages, below the root"},
    {"page_map_region", derived, T::bytes, "page tables that base pages for the crash region alone take"},
    {"crashkernel.cma_is_last", derived, T::boolean, "X,cma comes after every plain entry"},
    // What rules derive, because it depends on the version.
    {"rodata_full", rule, T::boolean, "linear aliases of read-only memory are read-only too"},
    {"linear_map", rule, T::text, "how the linear map is mapped", "pages blocks"},
    {"region_map", rule, T::text, "how the crash region is mapped", "pages blocks"},
    {"reserved_size", rule, T::bytes, "size that the kernel reserves when asked for crashkernel.size"},
    {"placement", rule, T::text, "which search finds the crash region", "low high anywhere at refused"},
    {"low_size", rule, T::bytes, "size of the companion below the DMA limit, 0 for none"},
});

constexpr auto k_observations = std::to_array<Name>({
    {"boot.seconds", observation, T::seconds, "host time from the emulator's start to the agent's hello"},
    {"boot.early_seconds", observation, T::seconds,
     "the part of boot.seconds before the kernel's clock ran, most of which goes into page tables and struct pages"},
    {"boot.init_seconds", observation, T::seconds,
     "guest uptime when the agent started, which leaves out boot.early_seconds"},
    {"boot.release", observation, T::text, "uname -r"},
    {"boot.build_id", observation, T::text, "build id from /sys/kernel/notes"},
    {"boot.cpus", observation, T::integer, "CPUs online"},
    {"boot.page_size", observation, T::bytes, "sysconf(_SC_PAGESIZE)"},
    {"boot.memory_total", observation, T::bytes, "MemTotal"},
    {"boot.page_tables", observation, T::bytes,
     "PageTables of /proc/meminfo: those of programs, not of the linear map"},
    {"reservation.present", observation, T::boolean, "/proc/iomem has a Crash kernel line"},
    {"reservation.start", observation, T::address, "start of the crash region (the main one, when there are two)"},
    {"reservation.end", observation, T::address, "its end, exclusive"},
    {"reservation.size", observation, T::bytes, "its size"},
    {"reservation.low.present", observation, T::boolean, "there is a companion region, the lower of two lines"},
    {"reservation.low.start", observation, T::address, "start of the companion"},
    {"reservation.low.end", observation, T::address, "its end, exclusive"},
    {"reservation.low.size", observation, T::bytes, "its size"},
    {"reservation.dmesg", observation, T::lines,
     "kernel messages about crashkernel, without those that echo the command line"},
    {"reservation.kexec_crash_size", observation, T::bytes, "/sys/kernel/kexec_crash_size"},
    {"boot.dma_end", observation, T::address, "end of the last DMA zone that holds memory, from the kernel's messages"},
    {"grow.error", observation, T::text, "errno of an attempt to make the crash region larger, or none"},
    {"grow.kexec_crash_size", observation, T::bytes, "/sys/kernel/kexec_crash_size after it"},
    {"shrink.error", observation, T::text, "errno of the write of `shrink` before the load, or none"},
    {"shrink.kexec_crash_size", observation, T::bytes, "/sys/kernel/kexec_crash_size after it"},
    {"shrink.present", observation, T::boolean, "there is a crash region after it"},
    {"shrink.start", observation, T::address, "start of the crash region after it"},
    {"shrink.end", observation, T::address, "its end, exclusive"},
    {"shrink.size", observation, T::bytes, "its size"},
    {"shrink.low.present", observation, T::boolean, "there is a companion after it"},
    {"shrink.low.start", observation, T::address, "start of the companion after it"},
    {"shrink.low.end", observation, T::address, "its end, exclusive"},
    {"shrink.low.size", observation, T::bytes, "its size"},
    {"shrink_loaded.error", observation, T::text,
     "errno of an attempt to shrink the region while it is loaded, or none"},
    {"shrink_loaded.kexec_crash_size", observation, T::bytes, "/sys/kernel/kexec_crash_size after it"},
    {"load.exit_status", observation, T::integer, "exit status of kexec"},
    {"load.loaded", observation, T::boolean, "/sys/kernel/kexec_crash_loaded after the load phase"},
    {"load.steps", observation, T::lines,
     "what became of each word of `loads`, where there are several: \"kexec_load: exit 0, loaded\""},
    {"load.seconds", observation, T::seconds, "time that kexec took in the guest"},
    {"load.output", observation, T::lines, "the last lines that kexec printed, when it failed"},
    {"load.segment_count", observation, T::integer, "segments that the kernel holds as loaded"},
    {"load.segments_inside", observation, T::boolean, "all of them lie in the main region"},
    {"load.segments_offset", observation, T::bytes, "from the start of that region to the first segment"},
    {"load.segments_tail", observation, T::bytes, "from the end of the last segment to the end of that region"},
    // map.* and hostmap.* are two readings of the same tables before the load, by the probe and by a walk from the
    // host.
    {"map.source", observation, T::text, "who read map.*: the probe, or the host's walk where the probe could not",
     "probe host"},
    {"map.all", observation, T::text,
     "pages when no block and no contiguous hint is in the linear map, the alias of the kernel image left out",
     "pages blocks"},
    {"map.region", observation, T::text, "the same of the crash region", "pages blocks mixed"},
    {"map.pud_bytes", observation, T::bytes, "linear map in PUD blocks"},
    {"map.cont_pmd_bytes", observation, T::bytes, "linear map in contiguous PMD blocks"},
    {"map.pmd_bytes", observation, T::bytes, "linear map in PMD blocks (the alias of the kernel image may be here)"},
    {"map.cont_pte_bytes", observation, T::bytes, "linear map in contiguous pages"},
    {"map.pte_bytes", observation, T::bytes, "linear map in single pages"},
    {"map.invalid_bytes", observation, T::bytes, "linear map whose entries are there but not valid"},
    {"map.pud_entries", observation, T::integer, "PUD entries that map a block"},
    {"map.cont_pmd_entries", observation, T::integer, "PMD entries that map a block, with the contiguous hint"},
    {"map.pmd_entries", observation, T::integer, "PMD entries that map a block, without it"},
    {"map.cont_pte_entries", observation, T::integer, "PTEs with the contiguous hint"},
    {"map.pte_entries", observation, T::integer, "PTEs without it"},
    {"map.table_bytes", observation, T::bytes,
     "memory that the page tables of the linear map take, counted in the tables themselves: /proc/meminfo does not "
     "know"},
    {"hostmap.all", observation, T::text, "map.all, as walked from the host", "pages blocks"},
    {"hostmap.region", observation, T::text, "map.region, as walked from the host", "pages blocks mixed"},
    {"hostmap.pud_bytes", observation, T::bytes, "map.pud_bytes, as walked from the host"},
    {"hostmap.cont_pmd_bytes", observation, T::bytes, "map.cont_pmd_bytes, as walked from the host"},
    {"hostmap.pmd_bytes", observation, T::bytes, "map.pmd_bytes, as walked from the host"},
    {"hostmap.cont_pte_bytes", observation, T::bytes, "map.cont_pte_bytes, as walked from the host"},
    {"hostmap.pte_bytes", observation, T::bytes, "map.pte_bytes, as walked from the host"},
    {"hostmap.invalid_bytes", observation, T::bytes, "map.invalid_bytes, as walked from the host"},
    {"hostmap.pud_entries", observation, T::integer, "map.pud_entries, as walked from the host"},
    {"hostmap.cont_pmd_entries", observation, T::integer, "map.cont_pmd_entries, as walked from the host"},
    {"hostmap.pmd_entries", observation, T::integer, "map.pmd_entries, as walked from the host"},
    {"hostmap.cont_pte_entries", observation, T::integer, "map.cont_pte_entries, as walked from the host"},
    {"hostmap.pte_entries", observation, T::integer, "map.pte_entries, as walked from the host"},
    {"hostmap.table_bytes", observation, T::bytes, "map.table_bytes, as walked from the host"},
    {"hostmap.closed_pages", observation, T::integer,
     "pages of the crash region that the tables say no store can reach after load: not valid, or read-only"},
    {"hostmap.agrees", observation, T::boolean,
     "the probe and the walk from the host saw the same, before and after load"},
    {"hostmap.seconds", observation, T::seconds, "host time of the longest walk; the guest stands still meanwhile"},
    {"probe.before", observation, T::text, "what writes to the crash region did before load", "lands faults mixed"},
    {"probe.before.faulted_pages", observation, T::integer, "pages that faulted before load"},
    {"probe.segments", observation, T::text, "what writes to the loaded segments did", "lands faults mixed"},
    {"probe.rest", observation, T::text, "what writes to the rest of the crash region did", "lands faults mixed"},
    {"probe.segment_pages", observation, T::integer, "pages of the loaded segments"},
    {"probe.rest_pages", observation, T::integer, "pages of the rest"},
    {"probe.faulted_pages", observation, T::integer, "pages that faulted after load"},
    {"probe.landed_pages", observation, T::integer, "pages whose write landed after load"},
    {"canary.kernel", observation, T::ranges, "pages of the kernel's with a known content, planted before the panic"},
    {"canary.zero", observation, T::ranges, "pages of the kernel's full of zeros"},
    {"canary.slab", observation, T::ranges, "pages of a slab with a known content, its second one among them"},
    {"canary.free", observation, T::ranges, "free pages with a known content"},
    {"canary.cache", observation, T::ranges, "pages of a file with a known content"},
    {"canary.user", observation, T::ranges, "anonymous pages of a process with a known content"},
    {"canary.away", observation, T::lines, "for a wanted page that was taken: the nearest one that could be had"},
    {"canary.missing", observation, T::lines, "what could not be planted, and why"},
    {"canary.seconds", observation, T::seconds, "time that planting took in the guest"},
    {"panic.system_ram", observation, T::ranges, "System RAM of the system kernel just before the panic"},
    {"panic.crash_regions", observation, T::ranges, "its Crash kernel ranges just before the panic"},
    {"panic.seen", observation, T::boolean, "the console showed the panic"},
    {"panic.line", observation, T::text,
     "the line that says so: Kernel panic - not syncing, or of an oops that goes straight to the crash kernel its "
     "header"},
    {"panic.console", observation, T::lines,
     "what the console showed from the trigger to that kernel's last line, without time stamps, the first 200 lines"},
    {"capture.reached", observation, T::boolean, "the capture kernel's agent said hello"},
    {"capture.banner", observation, T::text, "the console line in which the capture kernel says its version"},
    {"capture.stuck_in", observation, T::text,
     "whose code the CPUs ran when no capture kernel came and the guest was stuck: purgatory, capture_kernel, other"},
    {"capture.panicked", observation, T::boolean, "the capture kernel panicked"},
    {"capture.panic_line", observation, T::text, "the line that says so"},
    {"capture.seconds", observation, T::seconds, "from trigger to that hello"},
    {"capture.release", observation, T::text, "uname -r of the capture kernel"},
    {"capture.cpus", observation, T::integer, "CPUs of the capture kernel"},
    {"capture.system_ram", observation, T::ranges, "System RAM of the capture kernel"},
    {"capture.memory_total", observation, T::bytes, "its MemTotal"},
    {"capture.vmcore_headers", observation, T::integer, "program headers of /proc/vmcore"},
    {"capture.vmcore_ranges", observation, T::ranges, "RAM that /proc/vmcore says it holds"},
    {"capture.vmcore_base", observation, T::text,
     "virtual address that it gives the lowest of it; mixed when the others are not as far from it as in RAM"},
    {"save.exit_status", observation, T::integer, "exit status of the dump tool"},
    {"save.bytes", observation, T::bytes, "bytes written to the target"},
    {"save.seconds", observation, T::seconds, "time that saving took"},
    {"save.rate", observation, T::bytes, "bytes written to the target in a second"},
    {"save.target_clean", observation, T::boolean, "the file system that the dump went to has no fault afterwards"},
    {"host.peak_memory", observation, T::bytes, "the most of the host's memory that the emulator had resident"},
    {"host.memory_left", observation, T::bytes,
     "what the host could still give when the emulator was gone that should have run; only then"},
    {"vmcore.release", observation, T::text, "release in the vmcore"},
    {"vmcore.build_id", observation, T::text, "build id in the vmcore"},
    {"vmcore.nonce", observation, T::boolean, "the log inside holds this run's nonce"},
    {"vmcore.panic", observation, T::boolean, "the log inside holds the panic"},
    {"vmcore.cpus", observation, T::integer, "CPUs whose registers are in the vmcore"},
    {"vmcore.panic_line", observation, T::text,
     "the line of the log inside that says why it panicked: panic()'s, else the header of the last oops"},
    {"vmcore.kernel_offset", observation, T::address, "what KASLR added to the kernel's addresses"},
    {"vmcore.crashed_cpu", observation, T::integer, "the CPU that panicked, by the kernel's own variable"},
    {"vmcore.crashed_task", observation, T::text, "name of the task that ran there"},
    {"vmcore.task_missing", observation, T::boolean,
     "the dump lacks its task_struct or a piece of it; then the log names it"},
    {"vmcore.crash_stack", observation, T::lines, "its stack, innermost first: panic+0x1c"},
    {"vmcore.cpu_stands", observation, T::lines, "for each CPU the function in which it was stopped, and its task"},
    {"vmcore.console_lines", observation, T::integer, "lines of the console that were looked for in the log inside"},
    {"vmcore.canaries", observation, T::integer, "pages with a known content that were looked for in the vmcore"},
    {"vmcore.canaries_intact", observation, T::integer, "of these, stored as they were planted"},
    {"vmcore.canaries_left_out", observation, T::integer, "of these, left out as the filter level says"},
    {"vmcore.canaries_reused", observation, T::integer, "free ones that the kernel used again before the panic"},
    {"vmcore.size", observation, T::bytes, "size of the vmcore file"},
    {"vmcore.pages", observation, T::integer, "pages that the vmcore stores"},
    {"vmcore.pages_read", observation, T::integer, "of these, read back; absent: it stores them as they are (ELF)"},
    {"verify.peak_memory", observation, T::bytes,
     "the most memory that the process that reads the vmcore had resident"},
    {"verify.cpu_seconds", observation, T::seconds, "processor time that it took"},
});

constexpr auto k_names = [] {
  std::array<Name, k_facts.size() + k_observations.size()> all{};
  std::ranges::copy(k_facts, all.begin());
  std::ranges::copy(k_observations, all.begin() + k_facts.size());
  return all;
}();

std::vector<std::string> texts(std::span<const Name> wanted) {
  std::vector<std::string> found;
  for (const auto& name : wanted) found.emplace_back(name.name);
  return found;
}
} // namespace

std::span<const Name> names() {
  return k_names;
}

const Name* find_name(std::string_view name) {
  auto it = std::ranges::find(k_names, name, &Name::name);
  return it == k_names.end() ? nullptr : &*it;
}

std::vector<std::string> observation_names() {
  return texts(k_observations);
}

std::vector<std::string> all_names() {
  return texts(k_names);
}

std::string show(const Name& name, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return to_string(value);
  if (name.type == NameType::address) return fmt::format("{:#x}", *number);
  if (name.type == NameType::bytes && *number >= 0) return to_string(ByteSize{static_cast<std::uint64_t>(*number)});
  return to_string(value);
}

} // namespace kdt::matrix
