#include "matrix/parameters.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kdt::matrix {

namespace {
using Complaint = std::optional<std::string>;

constexpr std::string_view k_cpu_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,=+";

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Complaint one_of(std::string& into, const std::string& text, const std::vector<std::string>& words) {
  if (std::ranges::find(words, text) == words.end())
    return fmt::format("'{}' is unknown{}", text, suggestion(text, words));
  into = text;
  return {};
}

template <typename Number>
Complaint whole_number(Number& into, const std::string& text, Number least, Number most) {
  Number number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    return fmt::format("'{}' is not a whole number from {} to {}", text, least, most);
  into = number;
  return {};
}

Complaint set_kernel(CellParameters& cell, const std::string& text) {
  if (text.empty() || has_control(text) || text.find_first_of(" /") != std::string::npos)
    return fmt::format("'{}' is not a kernel's name", printable(text));
  cell.kernel = text;
  return {};
}

Complaint set_memory(CellParameters& cell, const std::string& text) {
  auto size = parse_byte_size(text);
  if (!size) return fmt::format("'{}' is not a size; write 512M or 2G", text);
  // QEMU wants whole pages of the largest granule; fewer than 16 MiB hold no arm64 kernel, and its Images are 2 MiB
  // aligned.
  if (size->bytes % ByteSize::mib(1).bytes != 0) return fmt::format("'{}' is not a whole number of MiB", text);
  if (*size < ByteSize::mib(16) || *size > ByteSize::gib(255 * 1024))
    return fmt::format("'{}' is not between 16M and 255T", text);
  cell.memory = *size;
  return {};
}

Complaint set_shrink(CellParameters& cell, const std::string& text) {
  auto size = parse_byte_size(text);
  if (!size && text != "none") return fmt::format("'{}' is not a size; write 128M, 0, or none", text);
  cell.shrink = text == "none" ? std::nullopt : size;
  return {};
}

Complaint set_cpu(CellParameters& cell, const std::string& text) {
  if (text.empty() || text.find_first_not_of(k_cpu_characters) != std::string::npos)
    return fmt::format("'{}' is not a QEMU CPU model", printable(text));
  cell.cpu = text;
  return {};
}

Complaint set_rodata(CellParameters& cell, const std::string& text) {
  if (text.empty()) return "is empty; write 'unset' for a command line without rodata=";
  if (has_control(text) || text.find(' ') != std::string::npos)
    return fmt::format("'{}' is not one word", printable(text));
  cell.rodata = text == "unset" || text == "none" ? std::nullopt : std::optional(text);
  return {};
}

/// Odd values are experiments: only what cannot be a word of a command line is refused.
Complaint set_crashkernel(CellParameters& cell, const std::string& text) {
  if (has_control(text)) return fmt::format("'{}' holds a control character", printable(text));
  std::string words;
  for (const auto& word : split(text, ' '))
    if (!word.empty()) words += (words.empty() ? "" : " ") + word;
  if (words.empty()) return "is empty; write 'none' for a command line without crashkernel=";
  cell.crashkernel = words == "none" || words == "unset" ? std::nullopt : std::optional(words);
  return {};
}

Complaint set_words(std::string& into, const std::string& text) {
  if (has_control(text)) return fmt::format("'{}' holds a control character", printable(text));
  into = text == "none" ? "" : std::string(trim(text));
  return {};
}

/// Whether there is one of that name, the catalogue of triggers knows.
Complaint set_trigger(std::string& into, const std::string& text) {
  if (text.empty() || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    return fmt::format("'{}' is not a trigger's name", printable(text));
  into = text;
  return {};
}

Complaint set_trigger_cpu(CellParameters& cell, const std::string& text) {
  if (text == "any") {
    cell.trigger_cpu.reset();
    return {};
  }
  unsigned cpu = 0;
  if (auto complaint = whole_number(cpu, text, 0U, 511U)) return *complaint + ", or any";
  cell.trigger_cpu = cpu;
  return {};
}

Complaint set_loads(CellParameters& cell, const std::string& text) {
  std::string words;
  for (const auto& word : split(text, ' ')) {
    std::string known;
    if (auto complaint = one_of(known, word, {"load", "unload", "other"})) return complaint;
    words += (words.empty() ? "" : " ") + known;
  }
  cell.loads = words;
  return {};
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : text;
}

constexpr auto k_parameters = std::to_array<Parameter>({
    {"kernel", "a kernel of images/kernels.yaml or --kernel", set_kernel,
     [](const CellParameters& c) { return c.kernel; }},
    {"memory", "RAM of the guest: 512M, 2G", set_memory, [](const CellParameters& c) { return to_string(c.memory); }},
    {"cpus", "number of vCPUs",
     [](CellParameters& c, const std::string& text) { return whole_number(c.cpus, text, 1U, 512U); },
     [](const CellParameters& c) { return std::to_string(c.cpus); }},
    {"cpu", "CPU model of QEMU", set_cpu, [](const CellParameters& c) { return c.cpu; }},
    {"rodata", "rodata= of the system kernel; 'unset' leaves it out", set_rodata,
     [](const CellParameters& c) { return c.rodata.value_or("unset"); }},
    {"crashkernel", "crashkernel= of the system kernel, a list for several; 'none' leaves it out", set_crashkernel,
     [](const CellParameters& c) { return c.crashkernel.value_or("none"); }},
    {"loader", "the system call that loads the capture kernel; 'none' loads nothing",
     [](CellParameters& c, const std::string& text) {
       return one_of(c.loader, text, {"kexec_file_load", "kexec_load", "none"});
     },
     [](const CellParameters& c) { return c.loader; }},
    {"trigger", "what makes the system kernel panic",
     [](CellParameters& c, const std::string& text) { return set_trigger(c.trigger, text); },
     [](const CellParameters& c) { return c.trigger; }},
    {"trigger_cpu", "the CPU on which the trigger is pulled; 'any' leaves it to the guest", set_trigger_cpu,
     [](const CellParameters& c) { return c.trigger_cpu ? std::to_string(*c.trigger_cpu) : "any"; }},
    {"capture_trigger", "a trigger that is pulled in the capture kernel, which then saves nothing; 'none' pulls none",
     [](CellParameters& c, const std::string& text) {
       if (text != "none") return set_trigger(c.capture_trigger, text);
       c.capture_trigger.clear();
       return Complaint{};
     },
     [](const CellParameters& c) { return or_none(c.capture_trigger); }},
    {"loads", "load, unload and other (the other loader), done in this order before the trigger", set_loads,
     [](const CellParameters& c) { return c.loads; }},
    {"initramfs_size", "to which the capture kernel's initramfs is filled up with zeros; 'as-is' leaves it",
     [](CellParameters& c, const std::string& text) {
       auto size = parse_byte_size(text);
       if (!size && text != "as-is") return Complaint(fmt::format("'{}' is not a size; write 100M, or as-is", text));
       c.initramfs_size = text == "as-is" ? std::nullopt : size;
       return Complaint{};
     },
     [](const CellParameters& c) { return c.initramfs_size ? to_string(*c.initramfs_size) : "as-is"; }},
    {"dtb_randomness", "whether QEMU puts seeds into the device tree",
     [](CellParameters& c, const std::string& text) {
       std::string word;
       auto complaint = one_of(word, text, {"on", "off"});
       if (!complaint) c.dtb_randomness = word == "on";
       return complaint;
     },
     [](const CellParameters& c) { return std::string(c.dtb_randomness ? "on" : "off"); }},
    {"tcg_threads",
     "threads of QEMU under TCG: single for all vCPUs, multi for one each (by a daemon of libvirt always)",
     [](CellParameters& c, const std::string& text) {
       return one_of(c.tcg_threads, text, {"single", "multi"});
     },
     [](const CellParameters& c) { return c.tcg_threads; }},
    {"shrink", "what is written to kexec_crash_size before the load; 'none' leaves the region as it is", set_shrink,
     [](const CellParameters& c) { return c.shrink ? to_string(*c.shrink) : "none"; }},
    {"dump.filter", "makedumpfile -d, 0 (everything) to 31",
     [](CellParameters& c, const std::string& text) { return whole_number(c.dump.filter, text, 0, 31); },
     [](const CellParameters& c) { return std::to_string(c.dump.filter); }},
    {"dump.compression", "how makedumpfile compresses pages",
     [](CellParameters& c, const std::string& text) {
       return one_of(c.dump.compression, text, {"none", "zlib", "lzo", "snappy", "zstd"});
     },
     [](const CellParameters& c) { return c.dump.compression; }},
    {"dump.format", "what is written to the target",
     [](CellParameters& c, const std::string& text) {
       return one_of(c.dump.format, text, {"flattened", "kdump", "elf", "copy"});
     },
     [](const CellParameters& c) { return c.dump.format; }},
    {"dump.target", "where the dump goes",
     [](CellParameters& c, const std::string& text) {
       return one_of(c.dump.target, text, {"raw", "ext4", "ssh"});
     },
     [](const CellParameters& c) { return c.dump.target; }},
    {"dump.threads", "makedumpfile --num-threads; 0 leaves it out",
     [](CellParameters& c, const std::string& text) { return whole_number(c.dump.threads, text, 0U, 64U); },
     [](const CellParameters& c) { return std::to_string(c.dump.threads); }},
    {"dump.split", "files that a dump of format kdump is split into; 1 is the whole",
     [](CellParameters& c, const std::string& text) { return whole_number(c.dump.split, text, 1U, 8U); },
     [](const CellParameters& c) { return std::to_string(c.dump.split); }},
    {"cmdline", "more words for the system kernel",
     [](CellParameters& c, const std::string& text) { return set_words(c.cmdline, text); },
     [](const CellParameters& c) { return or_none(c.cmdline); }},
    {"capture_cmdline", "more words for the capture kernel",
     [](CellParameters& c, const std::string& text) { return set_words(c.capture_cmdline, text); },
     [](const CellParameters& c) { return or_none(c.capture_cmdline); }},
});
} // namespace

std::span<const Parameter> parameters() {
  return k_parameters;
}

const Parameter* find_parameter(std::string_view name) {
  auto it = std::ranges::find_if(k_parameters, [&](const Parameter& parameter) {
    return parameter.name == name || (parameter.name.starts_with("dump.") && parameter.name.substr(5) == name);
  });
  return it == k_parameters.end() ? nullptr : &*it;
}

std::vector<std::string> parameter_names() {
  std::vector<std::string> names;
  for (const auto& parameter : k_parameters) names.emplace_back(parameter.name);
  return names;
}

std::optional<std::string> canonical(const Parameter& parameter, const std::string& text) {
  CellParameters scratch;
  if (parameter.set(scratch, text)) return std::nullopt;
  return parameter.get(scratch);
}

} // namespace kdt::matrix
