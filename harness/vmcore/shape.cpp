#include "vmcore/shape.hpp"

#include "base/error.hpp"
#include "vmcore/raw_file.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace kdt::vmcore {

namespace {

// struct disk_dump_header and kdump_sub_header of a 64-bit machine: makedumpfile's diskdump_mod.h.
constexpr std::uint64_t k_machine_at = 12 + 4 * 65; // header_version, then sysname, nodename, release, version, machine
constexpr std::uint64_t k_status_at = 424;
constexpr std::uint64_t k_block_size_at = 428;
constexpr std::uint64_t k_sub_header_blocks_at = 432;
constexpr std::uint64_t k_bitmap_blocks_at = 436;
constexpr std::uint64_t k_max_mapnr_at = 440;
constexpr std::uint64_t k_max_mapnr_64_at = 96; // in the sub header, header version 6
constexpr std::uint32_t k_status_incomplete = 0x8;
constexpr std::uint32_t k_elf_incomplete = 0x1; // e_flags: makedumpfile's DUMP_ELF_INCOMPLETE
constexpr std::uint64_t k_descriptor_bytes = 24;
constexpr std::size_t k_max_ranges = 65536;                      // a hostile bitmap may alternate bit by bit
constexpr std::uint64_t k_max_segments = std::uint64_t{1} << 20; // of an ELF core, whose header may claim 2^32

constexpr std::uint64_t k_far = std::uint64_t{1} << 62;

/// A sum that does not wrap: hostile headers add up to anything.
std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return a > k_far || b > k_far ? k_far : std::min(a + b, k_far);
}

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > k_far / b ? k_far : a * b;
}

void need(Shape& shape, std::uint64_t end) {
  shape.needed_bytes = std::max(shape.needed_bytes, end);
}

/// The 1-bits of one bitmap, in order.
template <typename Visit>
void each_bit(const RawFile& file, std::uint64_t at, std::uint64_t bits, Visit&& visit) {
  std::array<unsigned char, 65536> chunk;
  for (std::uint64_t done = 0; done < bits; done += chunk.size() * 8) {
    // A stream of a few KiB, put together, may have a bitmap of a terabyte, all of it a hole.
    auto hole = file.next_data(at + done / 8) - (at + done / 8);
    if (hole >= (bits - done + 7) / 8) return;
    done += hole / chunk.size() * chunk.size() * 8;
    std::size_t bytes = std::min<std::uint64_t>(chunk.size(), (bits - done + 7) / 8);
    if (!file.read(at + done / 8, chunk.data(), bytes)) return;
    for (std::size_t i = 0; i < bytes; ++i)
      for (unsigned byte = chunk[i]; byte != 0; byte &= byte - 1) {
        std::uint64_t bit = done + i * 8 + std::countr_zero(byte);
        if (bit < bits) visit(bit);
      }
  }
}

void walk_descriptors(const RawFile& file, Shape& shape, std::uint64_t at) {
  constexpr std::uint64_t k_batch = 4096;
  std::vector<unsigned char> batch(k_batch * k_descriptor_bytes);
  for (std::uint64_t done = 0; done < shape.pages; done += k_batch) {
    std::uint64_t count = std::min(k_batch, shape.pages - done);
    if (!file.read(at + done * k_descriptor_bytes, batch.data(), count * k_descriptor_bytes)) return;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto offset = load<std::uint64_t>(batch.data() + i * k_descriptor_bytes);
      auto size = load<std::uint32_t>(batch.data() + i * k_descriptor_bytes + 8);
      if (offset == 0 || size == 0) ++shape.holes;
      need(shape, plus(offset, size));
    }
  }
}

void inspect_kdump(const RawFile& file, Shape& shape, const unsigned char* header) {
  auto block = load<std::uint32_t>(header + k_block_size_at);
  auto sub_blocks = load<std::uint32_t>(header + k_sub_header_blocks_at);
  auto bitmap_blocks = load<std::uint32_t>(header + k_bitmap_blocks_at);
  std::uint64_t pages_of_memory = load<std::uint32_t>(header + k_max_mapnr_at);
  shape.aarch64 = std::memcmp(header + k_machine_at, "aarch64", 8) == 0;
  shape.incomplete = (load<std::uint32_t>(header + k_status_at) & k_status_incomplete) != 0;
  if (block < 4096 || block > 65536 || (block & (block - 1)) != 0) {
    shape.format = Format::unknown;
    return;
  }
  std::uint64_t bitmaps_at = (1 + std::uint64_t{sub_blocks}) * block;
  std::uint64_t descriptors_at = plus(bitmaps_at, times(bitmap_blocks, block));
  need(shape, descriptors_at);
  if (shape.needed_bytes > shape.file_bytes) return;
  unsigned char wide[8];
  if (load<std::uint32_t>(header + 8) >= 6 && file.read(block + k_max_mapnr_64_at, wide, sizeof wide))
    pages_of_memory = load<std::uint64_t>(wide);
  std::uint64_t one_bitmap = std::uint64_t{bitmap_blocks} / 2 * block; // first what is memory, then what is stored
  std::uint64_t bits = std::min(pages_of_memory, one_bitmap * 8);
  shape.bitmap_bytes = one_bitmap;
  shape.addresses_end.value = times(bits, block);
  each_bit(file, bitmaps_at, bits, [&](std::uint64_t pfn) {
    if (!shape.memory.empty() && shape.memory.back().end.value == pfn * block)
      shape.memory.back().end.value += block;
    else if (shape.memory.size() < k_max_ranges)
      shape.memory.push_back({{pfn * block}, {(pfn + 1) * block}});
  });
  each_bit(file, bitmaps_at + one_bitmap, bits, [&](std::uint64_t) { ++shape.pages; });
  need(shape, plus(descriptors_at, times(shape.pages, k_descriptor_bytes)));
  if (shape.needed_bytes <= shape.file_bytes) walk_descriptors(file, shape, descriptors_at);
}

void merge(std::vector<PhysRange>& ranges) {
  std::ranges::sort(ranges);
  std::vector<PhysRange> merged;
  for (const auto& range : ranges)
    if (!merged.empty() && range.start <= merged.back().end)
      merged.back().end = std::max(merged.back().end, range.end);
    else
      merged.push_back(range);
  ranges = std::move(merged);
}

void inspect_elf(const RawFile& file, Shape& shape, const unsigned char* head) {
  auto header = load<Elf64_Ehdr>(head);
  shape.aarch64 = header.e_machine == EM_AARCH64 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
                  header.e_ident[EI_DATA] == ELFDATA2LSB;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_CORE) {
    shape.format = Format::unknown;
    return;
  }
  shape.incomplete = (header.e_flags & k_elf_incomplete) != 0;
  std::uint64_t count = header.e_phnum;
  Elf64_Shdr first{};
  if (count == PN_XNUM && file.read(header.e_shoff, &first, sizeof first)) count = first.sh_info;
  if (count > k_max_segments) {
    shape.format = Format::unknown;
    return;
  }
  need(shape, plus(header.e_phoff, count * sizeof(Elf64_Phdr)));
  if (shape.needed_bytes > shape.file_bytes) return;
  for (std::uint64_t i = 0; i < count; ++i) {
    Elf64_Phdr segment;
    if (!file.read(header.e_phoff + i * sizeof segment, &segment, sizeof segment)) return;
    need(shape, plus(segment.p_offset, segment.p_filesz));
    if (segment.p_type != PT_LOAD) continue;
    shape.pages += segment.p_filesz / 4096;
    if (shape.memory.size() < k_max_ranges)
      shape.memory.push_back({{segment.p_paddr}, {plus(segment.p_paddr, segment.p_memsz)}});
  }
  merge(shape.memory);
}

Format format_of(const unsigned char* head) {
  auto begins = [&](std::string_view magic) { return std::memcmp(head, magic.data(), magic.size()) == 0; };
  if (begins("makedumpfile")) return Format::flattened;
  if (begins("KDUMP   ")) return Format::kdump;
  if (begins("\177ELF")) return Format::elf;
  return std::all_of(head, head + 4096, [](unsigned char c) { return c == 0; }) ? Format::blank : Format::unknown;
}

} // namespace

std::string_view to_string(Format format) {
  constexpr std::string_view k_words[] = {"empty", "blank", "flattened", "kdump", "elf", "unknown"};
  return k_words[static_cast<int>(format)];
}

Shape inspect(int fd) {
  RawFile file(fd);
  Shape shape;
  shape.file_bytes = file.size();
  std::array<unsigned char, 4096> head{};
  if (shape.file_bytes == 0) {
    shape.format = Format::empty;
    return shape;
  }
  file.read(0, head.data(), std::min<std::uint64_t>(head.size(), shape.file_bytes));
  shape.format = format_of(head.data());
  if (shape.format == Format::kdump || shape.format == Format::flattened) need(shape, head.size());
  if (shape.format == Format::elf) need(shape, sizeof(Elf64_Ehdr));
  if (shape.needed_bytes > shape.file_bytes) return shape;
  if (shape.format == Format::kdump) inspect_kdump(file, shape, head.data());
  if (shape.format == Format::elf) inspect_elf(file, shape, head.data());
  return shape;
}

} // namespace kdt::vmcore
