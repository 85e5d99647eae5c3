#pragma once

#include "base/c_handle.hpp"
#include "base/deadline.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"
#include "vmcore/vmcoreinfo.hpp"

#include <libkdumpfile/kdumpfile.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kdt::vmcore {

/// The registers that one CPU left in its PRSTATUS note.
struct CpuRegisters {
  std::uint64_t pc = 0;
  std::uint64_t sp = 0;
  std::uint64_t lr = 0;
  std::uint64_t pstate = 0;
  std::int64_t pid = 0;
  std::uint64_t fp = 0;
  std::vector<std::uint64_t> registers{}; ///< x0 to x30, sp, pc, pstate: pr_reg as a whole

  bool saved() const { return pc != 0 && sp != 0; }
};

/// What became of reading every stored page once.
struct PageReading {
  std::uint64_t present = 0; ///< pages whose data the file holds
  std::uint64_t read = 0;
  std::uint64_t bad = 0;
  std::string first_bad; ///< address and the library's reason
  std::string stopped;   ///< why it ended before the last page, which says nothing of the file; empty: it did not
};

/// An open arm64 vmcore: kernel memory by physical and virtual address, KASLR undone by vmcoreinfo. Runs foreign bytes
/// through libkdumpfile: use it in the child of verify() only, after inspect() found the file whole (beyond a file's
/// end 0.5.1 reads zeros, or dies of SIGBUS).
class Reader {
public:
  /// Throws Error{tool} with the library's reason when it is no vmcore that it knows. One whose page tables cannot be
  /// found is opened: untranslatable() tells.
  explicit Reader(const std::filesystem::path& path);

  /// Why no virtual address can be read; empty: they can.
  const std::string& untranslatable() const { return untranslatable_; }
  const VmcoreInfo& vmcoreinfo() const { return vmcoreinfo_; }
  const std::string& vmcoreinfo_text() const { return vmcoreinfo_text_; }
  std::string attribute(const char* name) const; ///< a text of libkdumpfile's, empty when it has none
  std::uint64_t page_size() const;
  std::vector<CpuRegisters> cpus() const;

  /// All or nothing; a page that the dump excludes is false, too.
  bool read_virtual(std::uint64_t address, void* to, std::size_t bytes) const;
  bool read_physical(PhysAddr address, void* to, std::size_t bytes) const;
  /// Whether the file holds any page of this range; true where the library does not tell.
  bool stores_any(const PhysRange& range) const;

  /// Reads (and so uncompresses) every stored page once, until the deadline, or until the library lacks what it takes
  /// (memory, a compression) or the host cannot read the file. For kdump files: the page map of an ELF
  /// copy of /proc/vmcore goes backwards where the kernel image overlaps RAM (0.5.1), and this ends there.
  PageReading read_all_pages(Deadline deadline) const;

private:
  bool read(kdump_addrspace_t space, std::uint64_t address, void* to, std::size_t bytes) const;
  std::optional<std::uint64_t> number(const std::string& name) const;

  std::filesystem::path path_;
  UniqueFd fd_;
  CHandle<kdump_ctx_t, kdump_free> context_;
  std::string untranslatable_;
  std::string vmcoreinfo_text_;
  VmcoreInfo vmcoreinfo_;
};

} // namespace kdt::vmcore
