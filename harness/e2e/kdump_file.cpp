#include "e2e/kdump_file.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace kdt::e2e {

namespace {
constexpr std::uint64_t k_block_size_at = 428, k_sub_blocks_at = 432, k_bitmap_blocks_at = 436;
constexpr std::uint64_t k_notes_at = 48, k_notes_size_at = 56; // in the sub header
constexpr std::uint64_t k_descriptor_bytes = 24;
constexpr std::uint64_t k_note_head = 12 + 8; // and the name CORE
} // namespace

KdumpFile::KdumpFile(const fs::path& file) : bytes_(read_file(file)) {
  if (!bytes_.starts_with("KDUMP   ")) throw Error(Blame::usage, "{}: not a kdump-compressed file", file.string());
  block_ = number(k_block_size_at, 4);
  memory_ = (1 + number(k_sub_blocks_at, 4)) * block_;
  stored_ = memory_ + number(k_bitmap_blocks_at, 4) / 2 * block_;
  descriptors_ = memory_ + number(k_bitmap_blocks_at, 4) * block_;
  first_page_ = number(descriptors_, 8);
}

std::uint64_t KdumpFile::number(std::uint64_t at, unsigned bytes) const {
  std::uint64_t value = 0;
  if (at + bytes > bytes_.size()) throw Error(Blame::usage, "the dump has no byte {}", at);
  std::memcpy(&value, bytes_.data() + at, bytes);
  return value;
}

bool KdumpFile::bit(std::uint64_t bitmap, std::uint64_t frame) const {
  return (number(bitmap + frame / 8, 1) >> frame % 8 & 1) != 0;
}

void KdumpFile::clear(std::uint64_t bitmap, std::uint64_t frame) {
  bytes_.at(bitmap + frame / 8) &= static_cast<char>(~(1 << frame % 8));
}

std::uint64_t KdumpFile::descriptor(std::uint64_t frame) const {
  std::uint64_t before = 0;
  for (std::uint64_t byte = 0; byte < frame / 8; ++byte)
    before += static_cast<std::uint64_t>(std::popcount(static_cast<unsigned char>(bytes_.at(stored_ + byte))));
  for (std::uint64_t i = frame / 8 * 8; i < frame; ++i) before += bit(stored_, i) ? 1 : 0;
  return descriptors_ + before * k_descriptor_bytes;
}

void KdumpFile::flip_byte(PhysAddr page) {
  auto frame = page.value / block_;
  if (!bit(stored_, frame)) throw Error(Blame::usage, "{:#x} is not stored", page.value);
  auto at = descriptor(frame);
  bytes_.at(number(at, 8) + number(at + 8, 4) / 2) ^= 0x10;
}

void KdumpFile::drop_page(PhysAddr page) {
  auto frame = page.value / block_;
  if (!bit(stored_, frame)) throw Error(Blame::usage, "{:#x} is not stored", page.value);
  drop_stored(frame, frame + 1);
}

void KdumpFile::drop_stored(std::uint64_t first, std::uint64_t end) {
  std::uint64_t gone = 0;
  auto at = descriptor(first); // of the first one that is stored
  for (auto frame = first; frame < end; ++frame) {
    if (!bit(stored_, frame)) continue;
    clear(stored_, frame);
    gone += k_descriptor_bytes;
  }
  // The table ends where the pages begin; the place of the last one is left over, and nobody looks there any more.
  std::memmove(bytes_.data() + at, bytes_.data() + at + gone, first_page_ - at - gone);
}

void KdumpFile::drop_memory(const PhysRange& range) {
  auto first = range.start.value / block_, end = range.end.value / block_;
  drop_stored(first, end);
  for (auto frame = first; frame < end; ++frame) clear(memory_, frame);
}

void KdumpFile::swap_notes() {
  auto notes = number(block_ + k_notes_at, 8);
  auto size = number(notes + 4, 4); // of the first note's content
  auto next = notes + k_note_head + (size + 3) / 4 * 4;
  if (number(block_ + k_notes_size_at, 8) < 2 * (next - notes) || std::memcmp(&bytes_[next + 12], "CORE", 4) != 0)
    throw Error(Blame::usage, "the dump has no two PRSTATUS notes");
  std::swap_ranges(bytes_.begin() + static_cast<std::ptrdiff_t>(notes),
                   bytes_.begin() + static_cast<std::ptrdiff_t>(next),
                   bytes_.begin() + static_cast<std::ptrdiff_t>(next));
}

int KdumpFile::change_digit_after(std::string_view text) {
  int found = 0;
  for (auto at = bytes_.find(text); at < first_page_; at = bytes_.find(text, at + 1), ++found) {
    auto& digit = bytes_.at(at + text.size());
    digit = digit == '1' ? '2' : '1';
  }
  return found;
}

} // namespace kdt::e2e
