#pragma once

#include "base/memory.hpp"
#include "pagetable/layout.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt::pagetable {

/// For tests: page tables made by hand in a guest memory of which only the pages that were written exist. Whatever was
/// not written reads as zeros.
class TinyTables {
public:
  /// The bits of an entry that a reading tells apart.
  struct Bits {
    bool cont = false;
    bool valid = true;
    bool writable = true;
  };

  /// Tables are taken from `pool` upwards; the root is the layout's own.
  TinyTables(const Layout& layout, PhysAddr pool) : layout_(layout), pool_(pool.value) {}

  /// Maps physical memory into the linear map with entries of this level (0: pages), both ends on its boundary.
  void map(const PhysRange& range, unsigned level, Bits bits);
  void map(const PhysRange& range, unsigned level) { map(range, level, Bits{}); }
  /// The entry that serves this physical address at a level, tables above it made as needed.
  std::uint64_t& entry(PhysAddr address, unsigned level);
  /// Puts bytes into memory.
  void put(PhysAddr at, const std::string& bytes);

  std::uint64_t tables() const { return tables_; } ///< made so far, without the root
  const Layout& layout() const { return layout_; }
  /// Reads this memory; it outlives the reader.
  ReadMemory reader() const;

private:
  std::vector<std::uint64_t>& page(std::uint64_t address);

  Layout layout_;
  std::uint64_t pool_;
  std::uint64_t tables_ = 0;
  std::map<std::uint64_t, std::vector<std::uint64_t>> pages_; ///< by physical address
};

/// A layout with 48 bits of address in 4K pages, RAM from 1 GiB on, as KASLR would leave it.
Layout sample_layout();

} // namespace kdt::pagetable
