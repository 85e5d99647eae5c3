#include "readings.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace kdt::agent {

namespace {

using protocol::ShapeError;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::uint64_t number(std::string_view text, int base = 10) {
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size())
    throw ShapeError("'" + std::string(text) + "' is not a number");
  return value;
}

bool flag(std::string_view text) {
  return number(text) != 0;
}

std::string level_word(std::string_view level, bool cont) {
  return (cont ? "cont" : "") + std::string(level);
}

} // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  return split(text, '\n');
}

std::vector<protocol::IomemRange> read_iomem(std::string_view text) {
  static constexpr std::array<std::string_view, 5> k_names = {"System RAM", "Crash kernel", "Kernel code",
                                                              "Kernel data", "reserved"};
  std::vector<protocol::IomemRange> ranges;
  for (const auto line : lines_of(text)) {
    const auto indent = line.find_first_not_of(' ');
    const auto colon = line.find(" : "), dash = line.find('-');
    if (indent == std::string_view::npos || colon == std::string_view::npos || dash > colon) continue;
    const auto name = line.substr(colon + 3);
    if (std::ranges::find(k_names, name) == k_names.end()) continue;
    ranges.push_back({.start = number(line.substr(indent, dash - indent), 16),
                      .last = number(line.substr(dash + 1, colon - dash - 1), 16),
                      .name = std::string(name),
                      .depth = static_cast<unsigned>(indent / 2)});
  }
  return ranges;
}

std::string read_build_id(std::string_view notes) {
  constexpr std::uint32_t k_build_id = 3; // NT_GNU_BUILD_ID
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  std::uint32_t head[3]; // sizes of name and description, type: little-endian on both sides
  while (notes.size() >= sizeof head) {
    std::memcpy(head, notes.data(), sizeof head);
    const std::size_t name_at = sizeof head, text_at = name_at + padded(head[0]);
    if (text_at > notes.size() || head[1] > notes.size() - text_at) return {};
    if (head[2] == k_build_id && notes.substr(name_at, head[0]) == std::string_view("GNU\0", 4)) {
      std::string hex;
      for (const unsigned char byte : notes.substr(text_at, head[1])) {
        hex += "0123456789abcdef"[byte >> 4];
        hex += "0123456789abcdef"[byte & 15];
      }
      return hex;
    }
    notes.remove_prefix(std::min(text_at + padded(head[1]), notes.size()));
  }
  return {};
}

std::optional<protocol::NotePlace> read_note_place(std::string_view text) {
  const auto words = split(text.substr(0, text.find('\n')), ' ');
  if (words.size() != 2) return std::nullopt;
  return protocol::NotePlace{.start = number(words[0], 16), .size = number(words[1], 16)};
}

std::vector<protocol::ProgramHeader> read_program_headers(std::string_view start_of_file) {
  Elf64_Ehdr head;
  if (start_of_file.size() < sizeof head || !start_of_file.starts_with(std::string_view(ELFMAG "\2\1", SELFMAG + 2)))
    return {};
  std::memcpy(&head, start_of_file.data(), sizeof head);
  std::vector<protocol::ProgramHeader> headers;
  for (std::size_t i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr one;
    const std::uint64_t at = head.e_phoff + i * sizeof one;
    if (at > start_of_file.size() || start_of_file.size() - at < sizeof one) return {};
    std::memcpy(&one, start_of_file.data() + at, sizeof one);
    headers.push_back({.type = one.p_type,
                       .vaddr = one.p_vaddr,
                       .paddr = one.p_paddr,
                       .size = one.p_type == PT_NOTE ? one.p_filesz : one.p_memsz});
  }
  return headers;
}

std::uint64_t read_meminfo(std::string_view text, std::string_view key) {
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() >= 2 && words[0].ends_with(':') && words[0].substr(0, words[0].size() - 1) == key)
      return number(words[1]) * 1024;
  }
  return 0;
}

std::vector<std::string> read_log(std::string_view log, std::size_t limit, bool& cut) {
  std::vector<std::string> lines;
  cut = false;
  for (auto line : lines_of(log)) {
    if (line.starts_with('<')) line.remove_prefix(std::min(line.find('>') + 1, line.size()));
    if (line.size() > limit) {
      cut = true;
      break;
    }
    limit -= line.size();
    lines.emplace_back(line);
  }
  return lines;
}

std::string reason_in_log(std::string_view log, std::string_view module) {
  const std::string head = "] " + std::string(module) + ": ";
  const auto found = log.rfind(head);
  if (found == std::string_view::npos) return {};
  const auto text = log.substr(found + head.size());
  return std::string(text.substr(0, text.find('\n')));
}

std::vector<protocol::Segment> read_segments(std::string_view kexec_output) {
  std::vector<protocol::Segment> segments;
  for (const auto line : lines_of(kexec_output)) {
    const auto words = split(line, ' ');
    if (words.size() != 3 || !words[0].starts_with("segment[") || words[1] != "=") continue;
    if (words[0].ends_with("].mem")) segments.push_back({.start = number(words[2]), .size = 0});
    if (words[0].ends_with("].memsz") && !segments.empty()) segments.back().size = number(words[2]);
  }
  return segments;
}

std::optional<std::uint64_t> read_symbol(std::string_view kallsyms, std::string_view name) {
  // No split into lines: a stock kernel has 200,000 of them. A module's symbol is followed by a tab.
  const std::string end = " " + std::string(name) + "\n";
  const auto found = kallsyms.find(end);
  if (found == std::string_view::npos) return std::nullopt;
  const auto newline = kallsyms.rfind('\n', found);
  const auto line = kallsyms.substr(newline == std::string_view::npos ? 0 : newline + 1);
  const auto address = number(line.substr(0, line.find(' ')), 16);
  return address == 0 ? std::nullopt : std::optional(address); // kptr_restrict shows zeros
}

protocol::LinearMap read_linear_map(std::string_view text) {
  protocol::LinearMap map;
  std::uint64_t tables = 0;
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() == 2 && words[0] == "granule") map.granule = number(words[1]);
    if (words.size() == 2 && words[0] == "va_bits") map.va_bits = static_cast<unsigned>(number(words[1]));
    if (words.size() == 2 && words[0] == "tables") tables = number(words[1]);
    if (words[0] != "leaf") continue;
    if (words.size() != 6) throw ShapeError("a leaf line of kdt_probe has not six words");
    const bool cont = flag(words[2]), valid = flag(words[3]), writable = flag(words[4]);
    const std::string word = valid ? level_word(words[1], cont) : "invalid";
    map.levels[word] += number(words[5]);
    if (valid && !writable) map.read_only[word] += number(words[5]);
  }
  if (map.granule == 0) throw ShapeError("kdt_probe names no granule");
  map.page_table_bytes = tables * map.granule;
  return map;
}

std::vector<protocol::MapRun> read_map(std::string_view text) {
  std::vector<protocol::MapRun> runs;
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() != 6) throw ShapeError("a map line of kdt_probe has not six words");
    runs.push_back({.start = number(words[0]),
                    .end = number(words[1]),
                    .level = std::string(words[2]),
                    .cont = flag(words[3]),
                    .valid = flag(words[4]),
                    .writable = flag(words[5])});
  }
  return runs;
}

std::vector<protocol::WriteRun> read_store(std::string_view text) {
  std::vector<protocol::WriteRun> runs;
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() != 3) throw ShapeError("a store line of kdt_probe has not three words");
    protocol::WriteRun run{.start = number(words[0]), .end = number(words[1]), .result = "faulted", .fault = {}};
    if (words[2] == "landed")
      run.result = "landed";
    else if (words[2] == "load_faulted")
      run.fault = "load";
    else if (words[2] == "store_faulted")
      run.fault = "store";
    else
      throw ShapeError("kdt_probe says '" + std::string(words[2]) + "' of a store");
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<protocol::Segment> read_image_segments(std::string_view text) {
  std::vector<protocol::Segment> segments;
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() != 2) throw ShapeError("a segments line of kdt_probe has not two words");
    const auto start = number(words[0]), end = number(words[1]);
    if (end < start) throw ShapeError("a segment of kdt_probe ends before it starts");
    segments.push_back({.start = start, .size = end - start});
  }
  return segments;
}

std::vector<protocol::Canary> read_canaries(std::string_view text) {
  std::vector<protocol::Canary> canaries;
  for (const auto line : lines_of(text)) {
    const auto words = split(line, ' ');
    if (words.size() != 2) throw ShapeError("a canaries line of kdt_probe has not two words");
    canaries.push_back({.kind = std::string(words[0]), .address = number(words[1])});
  }
  return canaries;
}

std::string settled(std::string_view text) {
  std::string result;
  for (auto line : lines_of(text)) {
    while (line.ends_with('\r')) line.remove_suffix(1);
    const auto overwritten = line.rfind('\r');
    if (overwritten != std::string_view::npos) line.remove_prefix(overwritten + 1);
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (!line.empty()) result.append(line).append("\n");
  }
  return result;
}

std::string tail_of(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const auto newline = text.find('\n', text.size() - limit);
  return text.substr(newline == std::string::npos ? text.size() - limit : newline + 1);
}

std::optional<MakedumpfileProgress::Step> MakedumpfileProgress::feed(std::string_view piece) {
  std::optional<Step> news;
  for (const char c : piece) {
    if (c != '\r' && c != '\n') {
      line_ += c;
      // A line ends where the next begins, which may be a second later: the percent sign is end enough.
      if (c != ']') continue;
    }
    const auto colon = line_.find(": ["), percent = line_.find("%]");
    if (colon != std::string::npos && percent != std::string::npos && colon < percent) {
      const auto name = line_.substr(0, line_.find_last_not_of(' ', colon - 1) + 1);
      unsigned per_mille = 0;
      for (const char digit : line_.substr(colon, percent - colon))
        if (digit >= '0' && digit <= '9') per_mille = per_mille * 10 + static_cast<unsigned>(digit - '0');
      Step step{name, per_mille};
      if (step != last_) news = last_ = std::move(step);
    }
    if (c != ']') line_.clear();
  }
  return news;
}

KernelWords::KernelWords(std::string_view cmdline) {
  for (auto word : split(cmdline, ' ')) words_.emplace_back(word.substr(0, word.find('\n')));
}

std::optional<std::string> KernelWords::value(std::string_view word) const {
  for (auto at = words_.rbegin(); at != words_.rend(); ++at) {
    if (*at == word) return "";
    if (at->starts_with(word) && (*at)[word.size()] == '=') return at->substr(word.size() + 1);
  }
  return std::nullopt;
}

protocol::SaveAsk read_save_word(std::string_view value) {
  protocol::SaveAsk ask;
  for (const auto part : split(value, ',')) {
    const auto colon = part.find(':');
    const auto key = part.substr(0, colon);
    const std::string text{colon == std::string_view::npos ? "" : part.substr(colon + 1)};
    if (key == "serial")
      ask.target.serial = text;
    else if (key == "target")
      ask.target.kind = text;
    else if (key == "filter")
      ask.filter = static_cast<unsigned>(number(text));
    else if (key == "compression")
      ask.compression = text;
    else if (key == "format")
      ask.format = text;
    else
      throw ShapeError("kdt.save has no key '" + std::string(key) + "'");
  }
  return ask;
}

std::vector<std::string> makedumpfile_environment(const protocol::SaveAsk& ask, std::uint64_t page_size) {
  constexpr std::uint64_t small_page = 4096;
  std::vector<std::string> environment, preloads;
  // Each thread of makedumpfile (1.7.2, and its newest source in 2026) closes descriptor 0 at its end and then calls
  // pthread_exit(), for which glibc opens libgcc_s.so.1: as descriptor 0, which the next thread closes while it is
  // read, and glibc aborts. What is loaded from the start is not opened again.
  if (ask.threads > 0) preloads.emplace_back("libgcc_s.so.1");
  // LZO clears 32 KiB for each page, and for a small one 4 KiB do: a tenth of the save.
  if (ask.emulated && ask.compression == "lzo" && page_size == small_page)
    preloads.emplace_back(protocol::k_lzo_preload);
  // A drive's page cache submits each page by itself: up to a fifth of the save.
  if (ask.emulated && ask.target.kind == "raw") preloads.emplace_back(protocol::k_direct_preload);
  std::string preload;
  for (const auto& library : preloads) preload += (preload.empty() ? "" : ":") + library;
  if (!preload.empty()) environment.push_back("LD_PRELOAD=" + preload);
  // glibc's memset clears by DC ZVA, 64 bytes each, which QEMU's TCG leaves to a helper; the one that glibc has for
  // this CPU stores instead (memset_emag.S of 2.36).
  if (ask.emulated) environment.emplace_back("GLIBC_TUNABLES=glibc.cpu.name=emag");
  return environment;
}

std::vector<std::string> makedumpfile_argv(const protocol::SaveAsk& ask, const std::vector<std::string>& files,
                                           std::uint64_t page_size) {
  static const std::map<std::string, std::string> k_compressions = {
      {"none", ""}, {"zlib", "-c"}, {"lzo", "-l"}, {"snappy", "-p"}, {"zstd", "-z"}};
  if (ask.filter > 31) throw ShapeError("makedumpfile has no dump level " + std::to_string(ask.filter));
  const auto compression = k_compressions.find(ask.compression);
  if (compression == k_compressions.end()) throw ShapeError("there is no compression '" + ask.compression + "'");

  // -b, as a power of two of pages: it writes 2 MiB at a time instead of 16 pages. Each write ends within a page of the
  // drive, which is then read first where nobody gathers them (preload/drive_writer.hpp): with 64 KiB a 64 GiB guest's
  // dump took 21.7 CPU seconds of TCG instead of 14.5.
  constexpr std::uint64_t at_a_time = std::uint64_t{2} << 20;
  unsigned order = 0;
  while ((page_size << (order + 1)) <= at_a_time) ++order;
  std::vector<std::string> argv = {"makedumpfile", "-b", std::to_string(order), "-d", std::to_string(ask.filter)};
  if (ask.format == "elf")
    argv.emplace_back("-E"); // an ELF dump is never compressed
  else if (!compression->second.empty())
    argv.push_back(compression->second);
  if (ask.threads > 0) argv.insert(argv.end(), {"--num-threads", std::to_string(ask.threads)});
  if (ask.split > 1) argv.emplace_back("--split");
  if (ask.format == "flattened") {
    argv.insert(argv.end(), {"-F", "/proc/vmcore"});
  } else if (ask.format == "kdump" || ask.format == "elf") {
    // -f: a drive's node is there already, as a file that makedumpfile would not overwrite.
    argv.insert(argv.end(), {"-f", "/proc/vmcore"});
    argv.insert(argv.end(), files.begin(), files.end());
  } else {
    throw ShapeError("there is no dump format '" + ask.format + "'");
  }
  return argv;
}

} // namespace kdt::agent
