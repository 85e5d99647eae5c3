#include "pagetable/walk.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace kdt::pagetable {

namespace {

constexpr std::uint64_t k_valid = std::uint64_t{1} << 0;
constexpr std::uint64_t k_table = std::uint64_t{1} << 1;
constexpr std::uint64_t k_read_only = std::uint64_t{1} << 7; // AP[2]
constexpr std::uint64_t k_cont = std::uint64_t{1} << 52;
constexpr std::uint64_t k_address = (std::uint64_t{1} << 48) - 1;

/// By place above the last level; a root may be called differently by its kernel, which folds levels.
constexpr std::array<const char*, 5> k_levels{"pte", "pmd", "pud", "pgd", "p5d"};

struct Kind {
  bool cont = false;
  bool valid = false;
  bool writable = false;
  unsigned index() const { return (cont ? 1U : 0U) | (valid ? 2U : 0U) | (writable ? 4U : 0U); }
  static Kind at(unsigned index) { return {(index & 1) != 0, (index & 2) != 0, (index & 4) != 0}; }
};

Kind kind_of(std::uint64_t entry) {
  return {.cont = (entry & k_cont) != 0, .valid = (entry & k_valid) != 0, .writable = (entry & k_read_only) == 0};
}

using Table = std::vector<std::uint64_t>;

class Walker {
public:
  Walker(const Layout& layout, const PhysRange& ram, std::span<const PhysRange> ranges, const ReadMemory& read)
      : layout_(layout), ram_(ram), asked_(ranges.begin(), ranges.end()), read_(read),
        page_shift_(static_cast<unsigned>(std::countr_zero(layout.granule))), bits_per_level_(page_shift_ - 3),
        // Twice what maps all RAM page by page, and some for the levels above and for the edges of banks.
        most_tables_(ram.size().bytes / layout.granule / entries() * 2 + 1024) {
    reading_.ranges.resize(asked_.size());
    for (auto& table : tables_) table.resize(entries());
  }

  Reading run() {
    auto root_level = (layout_.va_bits - page_shift_ - 1) / bits_per_level_;
    KDT_ASSERT(root_level < k_levels.size());
    load(layout_.root, root_level, std::size_t{1} << (layout_.va_bits - shift(root_level)));
    visit(root_level, layout_.start, std::size_t{1} << (layout_.va_bits - shift(root_level)));
    finish();
    return std::move(reading_);
  }

private:
  std::size_t entries() const { return layout_.granule / sizeof(std::uint64_t); }
  unsigned shift(unsigned level) const { return page_shift_ + level * bits_per_level_; }

  void load(PhysAddr at, unsigned level, std::size_t count) {
    auto bytes = std::as_writable_bytes(std::span(tables_[level])).first(count * sizeof(std::uint64_t));
    if (at < ram_.start || ram_.end < at || ram_.end.value - at.value < bytes.size())
      throw Error(Blame::infra, "a page table of the guest should lie at {}, outside its RAM", to_string(at));
    read_(at, bytes);
  }

  void visit(unsigned level, std::uint64_t va, std::size_t count) {
    if (level == 0 && alike(va, count)) return;
    for (std::size_t i = 0; i < count; ++i) {
      auto at = va + (static_cast<std::uint64_t>(i) << shift(level));
      auto entry = tables_[level][i];
      if (entry == 0 || at >= layout_.end) continue;
      if (level == 0 || (entry & (k_valid | k_table)) != (k_valid | k_table)) {
        leaf(level, at, std::uint64_t{1} << shift(level), entry);
        continue;
      }
      if (++table_count_ > most_tables_)
        throw Error(Blame::infra, "the linear map of the guest has more than {} page tables: they lead in circles",
                    most_tables_);
      load({entry & k_address & ~(layout_.granule - 1)}, level - 1, entries());
      visit(level - 1, at, entries());
    }
  }

  /// Nearly every table of a large guest maps its pages one after the other and all alike: 64 Mi entries in 256 GiB.
  bool alike(std::uint64_t va, std::size_t count) {
    const std::uint64_t* entry = tables_[0].data();
    const std::uint64_t granule = layout_.granule;
    std::uint64_t differs = 0;
    for (std::size_t i = 0; i < count; ++i) differs |= (entry[i] - i * granule) ^ entry[0];
    if (differs != 0 || (entry[0] & k_valid) == 0 || va >= layout_.end) return false;
    leaf(0, va, count * granule, entry[0]);
    return true;
  }

  void leaf(unsigned level, std::uint64_t va, std::uint64_t size, std::uint64_t entry) {
    auto kind = kind_of(entry);
    auto here = layout_.physical(va);
    // Below its level an address has no bits; a block's lowest ones have other meanings (nT).
    auto maps = entry & k_address & ~((std::uint64_t{1} << shift(level)) - 1);
    if (kind.valid && maps != here.value)
      throw Error(Blame::infra, "what should be the linear map of the guest maps {} where it should map {}",
                  to_string(PhysAddr{maps}), to_string(here));
    bytes_[level][kind.index()] += size;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      PhysRange part{std::max(here, asked_[i].start), std::min(PhysAddr{here.value + size}, asked_[i].end)};
      if (part.start < part.end) add_run(reading_.ranges[i], asked_[i], part, level, kind);
    }
  }

  static protocol::MapRun hole(PhysAddr start, PhysAddr end) {
    return {.start = start.value, .end = end.value, .level = "none", .cont = false, .valid = false, .writable = false};
  }

  static void add_run(std::vector<protocol::MapRun>& runs, const PhysRange& range, const PhysRange& part,
                      unsigned level, Kind kind) {
    auto next = runs.empty() ? range.start : PhysAddr{runs.back().end};
    if (next < part.start) runs.push_back(hole(next, part.start));
    if (!runs.empty()) {
      auto& last = runs.back();
      if (last.level == k_levels[level] && last.cont == kind.cont && last.valid == kind.valid &&
          last.writable == kind.writable) {
        last.end = part.end.value;
        return;
      }
    }
    runs.push_back({.start = part.start.value,
                    .end = part.end.value,
                    .level = k_levels[level],
                    .cont = kind.cont,
                    .valid = kind.valid,
                    .writable = kind.writable});
  }

  void finish() {
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      auto& runs = reading_.ranges[i];
      auto next = runs.empty() ? asked_[i].start : PhysAddr{runs.back().end};
      if (next < asked_[i].end) runs.push_back(hole(next, asked_[i].end));
    }
    auto& map = reading_.linear_map;
    map.granule = layout_.granule;
    map.va_bits = layout_.va_bits;
    map.page_table_bytes = table_count_ * layout_.granule;
    for (unsigned level = 0; level < k_levels.size(); ++level) {
      for (unsigned index = 0; index < bytes_[level].size(); ++index) {
        if (bytes_[level][index] == 0) continue;
        auto kind = Kind::at(index);
        auto word = kind.valid ? (kind.cont ? "cont" : "") + std::string(k_levels[level]) : "invalid";
        map.levels[word] += bytes_[level][index];
        if (kind.valid && !kind.writable) map.read_only[word] += bytes_[level][index];
      }
    }
  }

  const Layout& layout_;
  const PhysRange ram_;
  const std::vector<PhysRange> asked_;
  const ReadMemory& read_;
  const unsigned page_shift_;
  const unsigned bits_per_level_;
  const std::uint64_t most_tables_;
  std::uint64_t table_count_ = 0; ///< below the root
  std::array<Table, k_levels.size()> tables_;
  std::array<std::array<std::uint64_t, 8>, k_levels.size()> bytes_{};
  Reading reading_;
};

} // namespace

Reading walk(const Layout& layout, const PhysRange& ram, std::span<const PhysRange> ranges, const ReadMemory& read) {
  return Walker(layout, ram, ranges, read).run();
}

} // namespace kdt::pagetable
