#pragma once

// What the agent reads in text of the kernel and of its tools. Pure: no file is opened here, so that the harness's
// unit tests can run it over recorded text.

#include "kdt/canary_records.hpp"
#include "kdt/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::agent {

/// The lines of a text, the last one also without a newline.
std::vector<std::string_view> lines_of(std::string_view text);

/// The ranges of /proc/iomem that matter to kdump: see protocol::IomemRange.
std::vector<protocol::IomemRange> read_iomem(std::string_view text);

/// The build id in ELF notes such as /sys/kernel/notes, lower-case hex; empty if there is none.
std::string read_build_id(std::string_view notes);

/// Address and size in /sys/kernel/vmcoreinfo, "0x0000000040968000 1024", both hexadecimal; nullopt for an empty text.
std::optional<protocol::NotePlace> read_note_place(std::string_view text);

/// The program headers of a 64-bit little-endian ELF file that begins so; empty for anything else. Of a note the size
/// is that in the file.
std::vector<protocol::ProgramHeader> read_program_headers(std::string_view start_of_file);

/// A value of /proc/meminfo in bytes; 0 if the key is not there.
std::uint64_t read_meminfo(std::string_view text, std::string_view key);

/// Kernel log lines without "<level>", the oldest first, at most `limit` bytes of them; `cut` tells if that was less
/// than all.
std::vector<std::string> read_log(std::string_view log, std::size_t limit, bool& cut);

/// What the module loader said last about `module` in the kernel log, without time stamp; empty if nothing.
std::string reason_in_log(std::string_view log, std::string_view module);

/// The segments that `kexec -d` lists for kexec_load.
std::vector<protocol::Segment> read_segments(std::string_view kexec_output);

/// The address of a symbol of the kernel proper in /proc/kallsyms; nullopt if it is not there or the kernel hides it.
std::optional<std::uint64_t> read_symbol(std::string_view kallsyms, std::string_view name);

/// /proc/kdt_probe/linear_map, map, store and segments; formats in guests/probe/probe.c. They throw
/// protocol::ShapeError.
protocol::LinearMap read_linear_map(std::string_view text);
std::vector<protocol::MapRun> read_map(std::string_view text);
std::vector<protocol::WriteRun> read_store(std::string_view text);
std::vector<protocol::Segment> read_image_segments(std::string_view text);

/// /proc/kdt_probe/canaries; formats in guests/probe/canaries.c. Throws protocol::ShapeError.
std::vector<protocol::Canary> read_canaries(std::string_view text);

/// Text as a terminal shows it in the end: of parts that a carriage return overwrote, only the last.
std::string settled(std::string_view text);
/// The end of a text, whole lines of at most `limit` bytes.
std::string tail_of(const std::string& text, std::size_t limit);

/// makedumpfile's progress, which it prints as "\rCopying data      : [ 45.3 %] /  eta: 3s" once a second.
class MakedumpfileProgress {
public:
  struct Step {
    std::string what;
    unsigned per_mille = 0;
    bool operator==(const Step&) const = default;
  };
  /// The newest step in this piece of output if it differs from the one before.
  std::optional<Step> feed(std::string_view piece);

private:
  std::string line_;
  std::optional<Step> last_;
};

/// The words of a kernel command line.
class KernelWords {
public:
  explicit KernelWords(std::string_view cmdline);
  /// Is the word there, with a value or without?
  bool has(std::string_view word) const { return value(word).has_value(); }
  /// What stands after "word="; empty for the bare word, nullopt if it is not there. The last one counts.
  std::optional<std::string> value(std::string_view word) const;

private:
  std::vector<std::string> words_;
};

/// The value of protocol::word::save as an ask; throws protocol::ShapeError for an unknown key.
protocol::SaveAsk read_save_word(std::string_view value);

/// "NAME=VALUE" of what makedumpfile runs with beside the agent's own environment.
std::vector<std::string> makedumpfile_environment(const protocol::SaveAsk& ask, std::uint64_t page_size);

/// What makedumpfile is called with, `files` last, one for each part, unless it writes to its standard output. Not for
/// `copy`. Throws protocol::ShapeError for a word or level it does not know.
std::vector<std::string> makedumpfile_argv(const protocol::SaveAsk& ask, const std::vector<std::string>& files,
                                           std::uint64_t page_size);

} // namespace kdt::agent
