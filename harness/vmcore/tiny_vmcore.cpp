#include "vmcore/tiny_vmcore.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <endian.h>

namespace kdt::vmcore::tiny {

namespace {

constexpr std::uint64_t k_id_mask = ~std::uint64_t{0} >> 2;
constexpr std::uint64_t k_finalized = std::uint64_t{2} << 62;

template <typename T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
void overwrite(std::string& in, std::size_t at, const T& value) {
  std::memcpy(in.data() + at, &value, sizeof value);
}

std::string common(std::string_view release) {
  return fmt::format("OSRELEASE={}\nBUILD-ID=00112233445566778899aabbccddeeff00112233\nPAGESIZE=4096\n"
                     "SYMBOL(swapper_pg_dir)={:x}\nSYMBOL(_stext)={:x}\nNUMBER(VA_BITS)=48\n"
                     "NUMBER(kimage_voffset)=0x{:x}\nNUMBER(PHYS_OFFSET)=0x40000000\nNUMBER(TCR_EL1_T1SZ)=0x10\n"
                     "KERNELOFFSET=0\nCRASHTIME=7\n",
                     release, k_virtual, k_virtual, k_virtual - k_physical);
}

/// pgd → pud → one 1 GiB block: k_virtual maps to k_physical.
void map(Memory& memory) {
  memory.put<std::uint64_t>(256 * 8, (k_physical + k_page) | 3);
  memory.put<std::uint64_t>(k_page + 1 * 8, k_physical | 0x701);
}

} // namespace

bool Memory::read(std::uint64_t address, void* to, std::size_t count) const {
  if (address < k_virtual || address - k_virtual > bytes.size() || count > bytes.size() - (address - k_virtual))
    return false;
  std::memcpy(to, bytes.data() + (address - k_virtual), count);
  return true;
}

Memory kernel(const std::vector<std::string>& messages, std::string_view release) {
  constexpr std::uint64_t k_count = 1 << k_count_bits;
  constexpr std::uint64_t k_size = 1 << k_text_bits;
  Memory memory;
  map(memory);
  memory.vmcoreinfo =
      common(release) +
      fmt::format(
          "SYMBOL(prb)={:x}\nSIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
          "OFFSET(printk_ringbuffer.text_data_ring)=48\nOFFSET(prb_desc_ring.count_bits)=0\n"
          "OFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"
          "OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n"
          "OFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\nOFFSET(prb_data_blk_lpos.next)=8\n"
          "SIZE(printk_info)=88\nOFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\n"
          "OFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n",
          k_virtual + k_prb_pointer);
  memory.put<std::uint64_t>(k_prb_pointer, k_virtual + k_ring);
  memory.put<std::uint32_t>(k_ring, k_count_bits);
  memory.put<std::uint64_t>(k_ring + 8, k_virtual + k_descs);
  memory.put<std::uint64_t>(k_ring + 16, k_virtual + k_infos);
  memory.put<std::uint32_t>(k_ring + 48, k_text_bits);
  memory.put<std::uint64_t>(k_ring + 56, k_virtual + k_text);
  // As the kernel starts: ids and positions that overflow soon.
  std::uint64_t first = (0 - k_count) & k_id_mask, id = first - 1, position = 0 - k_size;
  std::vector<std::uint64_t> begins;
  for (const auto& message : messages) {
    id = (id + 1) & k_id_mask;
    auto bytes = 8 + (message.size() + 7) / 8 * 8;
    auto begin = position;
    auto at = begin % k_size;
    position = begin + bytes;
    if (begin / k_size != (position - 1) / k_size) { // does not fit before the end of the ring
      position = begin / k_size * k_size + k_size + bytes;
      at = 0;
    }
    begins.push_back(begin);
    memory.put<std::uint64_t>(k_text + at, id);
    std::memcpy(memory.bytes.data() + k_text + at + 8, message.data(), message.size());
    auto slot = id % k_count;
    memory.put<std::uint64_t>(k_descs + slot * 24, k_finalized | id);
    memory.put<std::uint64_t>(k_descs + slot * 24 + 8, begin);
    memory.put<std::uint64_t>(k_descs + slot * 24 + 16, position);
    memory.put<std::uint64_t>(k_infos + slot * 88 + 8, 1'000'001'000ull * begins.size());
    memory.put<std::uint16_t>(k_infos + slot * 88 + 16, static_cast<std::uint16_t>(message.size()));
  }
  std::size_t oldest = 0; // what is overwritten, by number of records or by bytes of text, is no longer in the ring
  while (oldest < begins.size() && (begins.size() - oldest > k_count || position - begins[oldest] > k_size)) ++oldest;
  memory.put<std::uint64_t>(k_ring + 24, id);
  memory.put<std::uint64_t>(k_ring + 32, messages.empty() ? id : (first + oldest) & k_id_mask);
  return memory;
}

Memory old_kernel(const std::vector<std::string>& messages, std::uint32_t first) {
  constexpr std::uint32_t k_size = 512;
  Memory memory;
  map(memory);
  memory.vmcoreinfo =
      common("5.4.0-tiny") +
      fmt::format(
          "SYMBOL(log_buf)={:x}\nSYMBOL(log_buf_len)={:x}\nSYMBOL(log_first_idx)={:x}\nSYMBOL(log_next_idx)={:x}\n"
          "SIZE(printk_log)=16\nOFFSET(printk_log.ts_nsec)=0\nOFFSET(printk_log.len)=8\nOFFSET(printk_log.text_len)="
          "10\n",
          k_virtual + k_prb_pointer, k_virtual + k_prb_pointer + 8, k_virtual + k_prb_pointer + 12,
          k_virtual + k_prb_pointer + 16);
  memory.put<std::uint64_t>(k_prb_pointer, k_virtual + k_text);
  memory.put<std::uint32_t>(k_prb_pointer + 8, k_size);
  memory.put<std::uint32_t>(k_prb_pointer + 12, first);
  std::uint32_t at = first;
  for (const auto& message : messages) {
    auto bytes = static_cast<std::uint16_t>((16 + message.size() + 3) / 4 * 4);
    if (at + bytes + 16 > k_size) { // log_store(): leaves an empty header behind and starts again
      memory.put<std::uint64_t>(k_text + at, 0);
      memory.put<std::uint64_t>(k_text + at + 8, 0);
      at = 0;
    }
    memory.put<std::uint64_t>(k_text + at, 2'500'000'000);
    memory.put<std::uint16_t>(k_text + at + 8, bytes);
    memory.put<std::uint16_t>(k_text + at + 10, static_cast<std::uint16_t>(message.size()));
    std::memcpy(memory.bytes.data() + k_text + at + 16, message.data(), message.size());
    at += bytes;
  }
  memory.put<std::uint32_t>(k_prb_pointer + 16, at);
  return memory;
}

namespace {
/// struct elf_prstatus: 34 registers from byte 112, of which x29 is the frame pointer.
std::string prstatus(const Cpu& cpu) {
  std::string status(392, '\0');
  overwrite(status, 112 + 29 * 8, cpu.fp);
  overwrite(status, 112 + 31 * 8, cpu.sp);
  overwrite(status, 112 + 32 * 8, cpu.pc);
  return status;
}
} // namespace

std::vector<Cpu> crash(Memory& memory, std::string_view release) {
  constexpr std::uint64_t k_code = k_virtual + 13 * k_page;
  std::vector<Cpu> cpus{{k_code + 0x10, k_virtual + k_stacks, k_virtual + k_stacks},
                        {k_code + 0x110, k_virtual + k_stacks + 0x100, k_virtual + k_stacks + 0x100}};
  auto text = [&](std::uint64_t at, std::string_view words) {
    std::memcpy(memory.bytes.data() + at, words.data(), words.size());
  };
  text(k_kernel_data, fmt::format("Linux version {} (gcc)\n", release));
  text(k_kernel_data + 0x400 + 0x180, "swapper/0"); // init_task
  text(k_tasks + 0x180, "swapper/0");
  text(k_tasks + 0x400 + 0x180, "sh");
  memory.put<std::uint64_t>(k_kernel_data + 0x200, k_virtual + k_percpu); // crash_notes, a per-CPU pointer
  memory.put<std::uint32_t>(k_kernel_data + 0x208, 1);                    // panic_cpu
  for (std::uint64_t cpu = 0; cpu < cpus.size(); ++cpu) {
    // Offsets are never 0: that is what a CPU has that is not possible. The symbols stand 16 bytes lower instead.
    memory.put<std::uint64_t>(k_kernel_data + 0x240 + cpu * 8, cpu * k_percpu_bytes + 16);
    auto at = k_percpu + cpu * k_percpu_bytes + 16;
    text(at + 20, prstatus(cpus[cpu])); // behind the note's header and name
    memory.put<std::uint64_t>(at + 0x300, k_virtual + k_tasks + cpu * 0x400);
  }
  // idle has no caller; panic was called by sysrq_handle_crash.
  memory.put<std::uint64_t>(k_stacks + 0x100, k_virtual + k_stacks + 0x200);
  memory.put<std::uint64_t>(k_stacks + 0x108, k_code + 0x220);
  return cpus;
}

std::map<std::string, std::uint64_t> crash_addresses(std::uint64_t offset) {
  std::map<std::string, std::uint64_t> symbols{{"_text", 0},
                                               {"_stext", 0},
                                               {"linux_banner", k_kernel_data},
                                               {"crash_notes", k_kernel_data + 0x200},
                                               {"panic_cpu", k_kernel_data + 0x208},
                                               {"__per_cpu_offset", k_kernel_data + 0x240},
                                               {"init_task", k_kernel_data + 0x400},
                                               {"__entry_task", k_percpu + 0x300}};
  for (auto& [name, address] : symbols) address += k_virtual - offset;
  return symbols;
}

std::optional<std::string> code_at(std::uint64_t distance) {
  constexpr std::string_view k_functions[] = {"idle", "panic", "sysrq_handle_crash"};
  constexpr std::uint64_t k_code = 13 * k_page, k_bytes = 0x100;
  if (distance < k_code || distance >= k_code + std::size(k_functions) * k_bytes) return std::nullopt;
  return fmt::format("{}+{:#x}", k_functions[(distance - k_code) / k_bytes], (distance - k_code) % k_bytes);
}

std::string notes(const Memory& memory, const std::vector<Cpu>& cpus) {
  std::string all;
  auto note = [&](std::string name, std::uint32_t type, std::string content) {
    name.push_back('\0');
    append(all, Elf64_Nhdr{static_cast<Elf64_Word>(name.size()), static_cast<Elf64_Word>(content.size()), type});
    name.resize((name.size() + 3) / 4 * 4);
    content.resize((content.size() + 3) / 4 * 4);
    all += name + content;
  };
  for (const auto& cpu : cpus) note("CORE", NT_PRSTATUS, prstatus(cpu));
  note("VMCOREINFO", 0, memory.vmcoreinfo);
  return all;
}

std::string elf(const Memory& memory, const std::vector<Cpu>& cpus, unsigned machine) {
  auto content = notes(memory, cpus);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_CORE;
  header.e_machine = static_cast<Elf64_Half>(machine);
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr note{};
  note.p_type = PT_NOTE;
  note.p_offset = k_page;
  note.p_filesz = note.p_memsz = content.size();
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_offset = 2 * k_page;
  load.p_vaddr = k_virtual;
  load.p_paddr = k_physical;
  load.p_filesz = load.p_memsz = memory.bytes.size();
  std::string file;
  append(file, header);
  append(file, note);
  append(file, load);
  file.resize(k_page);
  file += content;
  file.resize(2 * k_page);
  return file.append(memory.bytes.begin(), memory.bytes.end());
}

std::string kdump(const Memory& memory, const std::vector<Cpu>& cpus) {
  auto content = notes(memory, cpus);
  std::uint64_t pages = memory.bytes.size() / k_page;
  std::uint64_t first = k_physical / k_page;
  std::string file(k_pages_at, '\0');
  std::memcpy(file.data(), "KDUMP   ", 8);
  overwrite<std::int32_t>(file, 8, 6);
  for (int i = 0; i < 6; ++i) std::memcpy(file.data() + 12 + 65 * i, i == 4 ? "aarch64" : "Linux", i == 4 ? 7 : 5);
  overwrite<std::uint32_t>(file, 428, k_page);
  overwrite<std::uint32_t>(file, 432, 3);
  overwrite<std::uint32_t>(file, 436, 18);
  overwrite<std::uint32_t>(file, 440, static_cast<std::uint32_t>(first + pages));
  overwrite<std::uint32_t>(file, 460, static_cast<std::uint32_t>(cpus.size()));
  // the sub header: kdump_sub_header of a 64-bit machine, then the notes
  overwrite<std::uint64_t>(file, k_page + 48, 2 * k_page);
  overwrite<std::uint64_t>(file, k_page + 56, content.size());
  overwrite<std::uint64_t>(file, k_page + 96, first + pages);
  std::memcpy(file.data() + 2 * k_page, content.data(), content.size());
  // First what is memory, then what is stored; a descriptor for each page that is.
  for (std::uint64_t i = 0, stored = 0; i < pages; ++i) {
    auto bit = [&](std::uint64_t bitmap) {
      file[bitmap + (first + i) / 8] |= static_cast<char>(1 << ((first + i) % 8));
    };
    if (memory.lost.contains(i)) continue;
    bit(4 * k_page);
    if (memory.left_out.contains(i)) continue;
    bit(13 * k_page);
    overwrite<std::uint64_t>(file, k_descriptors_at + stored * 24, k_pages_at + i * k_page);
    overwrite<std::uint32_t>(file, k_descriptors_at + stored * 24 + 8, k_page);
    ++stored;
  }
  return file.append(memory.bytes.begin(), memory.bytes.end());
}

std::string flattened(std::string_view dump, std::size_t piece, bool end_marker) {
  std::string stream(4096, '\0');
  std::memcpy(stream.data(), "makedumpfile", 12);
  auto record = [&](std::uint64_t offset, std::uint64_t size) {
    append(stream, htobe64(offset));
    append(stream, htobe64(size));
  };
  for (std::size_t at = 0; at < dump.size(); at += piece) {
    auto bytes = dump.substr(at, piece);
    record(at, bytes.size());
    stream += bytes;
  }
  if (end_marker) record(~std::uint64_t{0}, ~std::uint64_t{0});
  return stream;
}

std::string headers_of_a_terabyte(std::uint64_t pages) {
  auto file = kdump(kernel({"x"})).substr(0, 4 * k_page);
  overwrite<std::uint32_t>(file, 436, std::uint32_t{1} << 27); // blocks of 4 KiB for both bitmaps
  overwrite<std::uint64_t>(file, k_page + 96, pages);
  return file;
}

std::string stream_of_a_terabyte(std::uint64_t pages) {
  constexpr std::uint64_t k_terabyte = std::uint64_t{1} << 40;
  auto stream = flattened(headers_of_a_terabyte(pages), 5000, false);
  append(stream, htobe64(k_terabyte - k_page));
  append(stream, htobe64(k_page));
  stream += std::string(k_page, 'x');
  append(stream, ~std::uint64_t{0});
  append(stream, ~std::uint64_t{0});
  return stream;
}

} // namespace kdt::vmcore::tiny
