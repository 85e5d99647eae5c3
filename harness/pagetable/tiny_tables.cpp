#include "pagetable/tiny_tables.hpp"

#include <bit>
#include <cstring>

namespace kdt::pagetable {

namespace {
unsigned page_shift(const Layout& layout) {
  return static_cast<unsigned>(std::countr_zero(layout.granule));
}

unsigned shift(const Layout& layout, unsigned level) {
  return page_shift(layout) + level * (page_shift(layout) - 3);
}
} // namespace

std::vector<std::uint64_t>& TinyTables::page(std::uint64_t address) {
  auto& words = pages_[address / layout_.granule * layout_.granule];
  words.resize(layout_.granule / sizeof(std::uint64_t));
  return words;
}

std::uint64_t& TinyTables::entry(PhysAddr address, unsigned level) {
  auto va = layout_.virtual_of(address) - layout_.start;
  auto at = (layout_.va_bits - page_shift(layout_) - 1) / (page_shift(layout_) - 3);
  auto table = layout_.root.value;
  for (;; --at) {
    auto index = (va >> shift(layout_, at)) % (layout_.granule / sizeof(std::uint64_t));
    auto place = table + index * sizeof(std::uint64_t); // a root need not start on a page
    auto& word = page(place)[place % layout_.granule / sizeof(std::uint64_t)];
    if (at == level) return word;
    if ((word & 3) != 3) {
      word = pool_ | 3;
      pool_ += layout_.granule;
      ++tables_;
    }
    table = word & ((std::uint64_t{1} << 48) - 1) & ~(layout_.granule - 1);
  }
}

void TinyTables::map(const PhysRange& range, unsigned level, Bits bits) {
  auto flags = std::uint64_t{bits.valid} | (level == 0 ? 2U : 0U) | (bits.writable ? 0U : 1U << 7) | (1U << 10);
  if (bits.cont) flags |= std::uint64_t{1} << 52;
  const auto step = std::uint64_t{1} << shift(layout_, level), table = step * (layout_.granule / sizeof(std::uint64_t));
  for (auto at = range.start.value; at < range.end.value;) {
    auto* word = &entry({at}, level);
    auto end = std::min(range.end.value, at + table - (layout_.virtual_of({at}) & (table - 1)));
    for (; at < end; at += step) *word++ = at | flags; // the entries of one table lie side by side
  }
}

void TinyTables::put(PhysAddr at, const std::string& bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto& words = page(at.value + i);
    std::memcpy(reinterpret_cast<char*>(words.data()) + (at.value + i) % layout_.granule, &bytes[i], 1);
  }
}

ReadMemory TinyTables::reader() const {
  return [this](PhysAddr at, std::span<std::byte> to) {
    std::memset(to.data(), 0, to.size());
    for (std::size_t done = 0; done < to.size();) {
      auto offset = (at.value + done) % layout_.granule;
      auto count = std::min<std::size_t>(layout_.granule - offset, to.size() - done);
      auto found = pages_.find(at.value + done - offset);
      if (found != pages_.end())
        std::memcpy(to.data() + done, reinterpret_cast<const char*>(found->second.data()) + offset, count);
      done += count;
    }
  };
}

Layout sample_layout() {
  return layout_of({.page_size = 4096,
                    .swapper_pg_dir = 0xffffc7350c966000,
                    .kimage_voffset = 0xffffc734cc400000,
                    .phys_offset = 0xffffaeca00000000,
                    .va_bits = 48,
                    .tcr_el1_t1sz = 16});
}

} // namespace kdt::pagetable
