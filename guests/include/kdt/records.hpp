#pragma once

// The JSON shapes of the protocol: what each ask carries, what each answer and event says. Addresses and sizes are
// JSON numbers in bytes; `start`/`end` is half-open [start, end), `start`/`last` includes its last byte.

#include "kdt/fields.hpp"
#include "kdt/protocol.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::protocol {

/// Event hello, and the answer to the ask hello.
struct Hello {
  std::string role; // system | capture
  int protocol = k_version;
  std::string release;       // uname -r
  double uptime_seconds = 0; // now
  double init_seconds = 0;   // uptime when the agent started

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("role", self.role);
    visit("protocol", self.protocol);
    visit("release", self.release);
    visit("uptime_seconds", self.uptime_seconds);
    visit("init_seconds", self.init_seconds);
  }
};

/// Event progress: `done` of `total` in a unit of the step named by `what`; any change is progress.
struct Progress {
  std::uint64_t id = 0;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string what;
  std::optional<std::uint64_t> bytes; // written to the dump target so far, where known

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("id", self.id);
    visit("done", self.done);
    visit("total", self.total);
    visit("what", self.what);
    visit("bytes", self.bytes);
  }
};

/// A line of /proc/iomem: System RAM, Crash kernel, Kernel code, Kernel data or reserved.
struct IomemRange {
  std::uint64_t start = 0;
  std::uint64_t last = 0;
  std::string name;
  unsigned depth = 0; // 0 for an outermost range

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("last", self.last);
    visit("name", self.name);
    visit("depth", self.depth);
  }
};

/// Where the kernel keeps its VMCOREINFO note, an ELF note in physical memory.
struct NotePlace {
  std::uint64_t start = 0;
  std::uint64_t size = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("size", self.size);
  }
};

/// A program header of /proc/vmcore.
struct ProgramHeader {
  std::uint32_t type = 0; // PT_LOAD is 1, PT_NOTE 4
  std::uint64_t vaddr = 0;
  std::uint64_t paddr = 0;
  std::uint64_t size = 0; // p_memsz; of a note p_filesz

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("type", self.type);
    visit("vaddr", self.vaddr);
    visit("paddr", self.paddr);
    visit("size", self.size);
  }
};

/// Answer to facts: the kernel that runs.
struct Facts {
  std::string release;
  std::string build_id; // lower-case hex of the NT_GNU_BUILD_ID note, empty if the kernel has none
  std::string cmdline;
  std::uint64_t page_size = 0;
  unsigned cpus_online = 0;
  double init_seconds = 0;
  std::uint64_t mem_total = 0;   // MemTotal of /proc/meminfo
  std::uint64_t page_tables = 0; // PageTables of /proc/meminfo: user page tables only
  std::vector<IomemRange> iomem;
  std::optional<std::uint64_t> kexec_crash_size; // absent where the kernel has no kexec
  std::optional<bool> kexec_crash_loaded;
  std::optional<NotePlace> vmcoreinfo; // absent where the kernel does not tell
  std::vector<std::string> dmesg;      // the ring from its oldest line, as the console shows it, at most 512 KiB
  bool dmesg_cut = false;
  std::optional<std::vector<ProgramHeader>> vmcore; // of /proc/vmcore; absent in a system kernel
  std::optional<std::uint64_t> text; // virtual address of _text, KASLR included; absent where the kernel does not tell

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("release", self.release);
    visit("build_id", self.build_id);
    visit("cmdline", self.cmdline);
    visit("page_size", self.page_size);
    visit("cpus_online", self.cpus_online);
    visit("init_seconds", self.init_seconds);
    visit("mem_total", self.mem_total);
    visit("page_tables", self.page_tables);
    visit("iomem", self.iomem);
    visit("kexec_crash_size", self.kexec_crash_size);
    visit("kexec_crash_loaded", self.kexec_crash_loaded);
    visit("vmcoreinfo", self.vmcoreinfo);
    visit("dmesg", self.dmesg);
    visit("dmesg_cut", self.dmesg_cut);
    visit("vmcore", self.vmcore);
    visit("text", self.text);
  }
};

/// Arguments of load. The sizes are the files' own: a drive is padded to its sector size.
struct LoadAsk {
  std::string loader; // kexec_file_load | kexec_load; by which the answer's segments are read
  std::string cmdline;
  std::uint64_t image_bytes = 0;
  std::uint64_t initramfs_bytes = 0;
  std::vector<std::string> operations{};         // loaders and unload, in order
  std::optional<std::uint64_t> initramfs_size{}; // filled up with zeros to this; absent: as it is

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("loader", self.loader);
    visit("cmdline", self.cmdline);
    visit("image_bytes", self.image_bytes);
    visit("initramfs_bytes", self.initramfs_bytes);
    visit("operations", self.operations);
    visit("initramfs_size", self.initramfs_size);
  }
};

/// One part of the crash region that kexec filled; the size is page-rounded by kexec.
struct Segment {
  std::uint64_t start = 0;
  std::uint64_t size = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("size", self.size);
  }
};

/// Answer to load; kexec that fails is an answer, not an error, and ends the operations.
struct LoadAnswer {
  int exit_status = 0;           // 128 + signal if kexec was killed
  bool loaded = false;           // kexec_crash_loaded afterwards
  std::string output;            // the tail of what kexec printed
  std::vector<Segment> segments; // empty for kexec_file_load: the kernel chooses; the probe knows them
  double seconds = 0;            // kexec alone, without copying the drives
  std::optional<std::vector<std::string>> steps{}; // of several operations each: "kexec_load: exit 0, loaded"

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("exit_status", self.exit_status);
    visit("loaded", self.loaded);
    visit("output", self.output);
    visit("segments", self.segments);
    visit("seconds", self.seconds);
    visit("steps", self.steps);
  }
};

/// The census of the linear map. The words are pgd, contpmd, pud, …: level by size, `cont` before it if the entries
/// carry the contiguous hint; entries that are there but not valid count as `invalid`, and only so.
struct LinearMap {
  std::uint64_t granule = 0;
  unsigned va_bits = 0;
  std::map<std::string, std::uint64_t> levels;    // bytes by word, read-only ones included
  std::map<std::string, std::uint64_t> read_only; // of which read-only
  std::uint64_t page_table_bytes = 0;             // table pages below the root

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("granule", self.granule);
    visit("va_bits", self.va_bits);
    visit("levels", self.levels);
    visit("read_only", self.read_only);
    visit("page_table_bytes", self.page_table_bytes);
  }
};

/// A run of pages mapped alike; level is pgd, pud, pmd, pte, or none where there is no entry.
struct MapRun {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string level;
  bool cont = false;
  bool valid = false;
  bool writable = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("end", self.end);
    visit("level", self.level);
    visit("cont", self.cont);
    visit("valid", self.valid);
    visit("writable", self.writable);
  }
};

/// A run of pages that took the store alike.
struct WriteRun {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::string result;               // landed | faulted
  std::optional<std::string> fault; // if faulted: load (the page is not mapped) or store (it is read-only)

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("end", self.end);
    visit("result", self.result);
    visit("fault", self.fault);
  }
};

/// One `Crash kernel` range of /proc/iomem, page by page.
struct Region {
  std::uint64_t start = 0;
  std::uint64_t end = 0; // rounded up to a page
  std::string label;
  std::vector<MapRun> map;
  std::vector<WriteRun> writes;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("start", self.start);
    visit("end", self.end);
    visit("label", self.label);
    visit("map", self.map);
    visit("writes", self.writes);
  }
};

/// Arguments of probe.
struct ProbeAsk {
  /// Virtual address of the kernel's variable kexec_crash_image; absent: the agent looks for it in /proc/kallsyms.
  std::optional<std::uint64_t> crash_image;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("crash_image", self.crash_image);
  }
};

/// Answer to probe.
struct ProbeAnswer {
  LinearMap linear_map;
  std::vector<Region> regions;
  std::optional<std::vector<Segment>> segments; // what the kernel holds as loaded, empty for nothing; absent: not known
  double seconds = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("linear_map", self.linear_map);
    visit("regions", self.regions);
    visit("segments", self.segments);
    visit("seconds", self.seconds);
  }
};

/// Arguments of resize: what is written to /sys/kernel/kexec_crash_size, once.
struct ResizeAsk {
  std::uint64_t size = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("size", self.size);
  }
};

/// Answer to resize; a kernel that refuses is an answer, not an error.
struct ResizeAnswer {
  std::string error;               // name of the errno that the write gave, empty if it was taken
  std::uint64_t size = 0;          // what the file says afterwards
  std::vector<IomemRange> regions; // `Crash kernel` ranges afterwards

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("error", self.error);
    visit("size", self.size);
    visit("regions", self.regions);
  }
};

/// Where and as whom to log in, with keys made for this one dump.
struct SshTarget {
  std::string address;
  std::string user;
  std::string key;      // private, in OpenSSH's format
  std::string host_key; // public: "ssh-ed25519 AAAA…"

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("address", self.address);
    visit("user", self.user);
    visit("key", self.key);
    visit("host_key", self.host_key);
  }
};

/// What takes the dump: drives, or an ext4 file system that the host made on the drive of that serial number. Of a dump
/// in several parts, the second goes to the drive "SERIAL-2" or to the file "vmcore-2", and so on.
struct SaveTarget {
  std::string serial{k_serial_dump};
  std::string kind = "raw"; // raw | ext4 | ssh (a stream: flattened or copy; its bytes are not counted)
  std::optional<SshTarget> ssh{};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("serial", self.serial);
    visit("kind", self.kind);
    visit("ssh", self.ssh);
  }
};

/// Arguments of save.
struct SaveAsk {
  SaveTarget target;
  unsigned filter = 31;             // makedumpfile -d, 0 to 31
  std::string compression = "lzo";  // none | zlib | lzo | snappy | zstd
  std::string format = "flattened"; // flattened | kdump | elf | copy (of /proc/vmcore, the two above ignored)
  unsigned threads = 0;             // makedumpfile --num-threads; 0 leaves it out
  unsigned split = 1;               // parts of a kdump file, makedumpfile --split
  bool emulated = false;            // the guest's CPUs are emulated, not virtualised

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("target", self.target);
    visit("filter", self.filter);
    visit("compression", self.compression);
    visit("format", self.format);
    visit("threads", self.threads);
    visit("split", self.split);
    visit("emulated", self.emulated);
  }
};

/// Answer to save, sent when all is on the drives; a makedumpfile that fails is an answer, not an error.
struct SaveAnswer {
  int exit_status = 0;     // 128 + signal if makedumpfile was killed
  std::uint64_t bytes = 0; // length of the dump, or bytes that reached raw drives (kdump, elf)
  double seconds = 0;
  std::string output; // the tail of what makedumpfile printed

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("exit_status", self.exit_status);
    visit("bytes", self.bytes);
    visit("seconds", self.seconds);
    visit("output", self.output);
  }
};

/// Answer to an ask that has nothing to tell.
struct Done {
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
};

} // namespace kdt::protocol
