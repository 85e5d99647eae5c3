#include "pagetable/layout.hpp"

#include "base/error.hpp"

namespace kdt::pagetable {

namespace {

/// The last `bits` bits of the address space: -(1 << bits).
std::uint64_t top(unsigned bits) {
  return std::uint64_t{0} - (std::uint64_t{1} << bits);
}

/// A kernel that is configured for 52 bits also runs on hardware that has fewer; what comes behind the linear map is
/// laid out for the fewest (arch/arm64/include/asm/memory.h: VA_BITS_MIN).
unsigned fewest_bits(unsigned configured, std::uint64_t granule) {
  if (configured <= 48) return configured;
  return granule == 16384 ? 47 : 48;
}

/// With 64K pages a 52-bit kernel on 48-bit hardware uses the end of its 1024-entry root table only
/// (arch/arm64/include/asm/pgtable-hwdef.h: TTBR1_BADDR_4852_OFFSET); with 4K and 16K it drops a level instead.
std::uint64_t root_offset(unsigned configured, unsigned used, std::uint64_t granule) {
  bool cut = granule == 65536 && configured == 52 && used == 48;
  return cut ? ((1U << (52 - 42)) - (1U << (48 - 42))) * sizeof(std::uint64_t) : 0;
}

} // namespace

Layout layout_of(const KernelNote& kernel) {
  if (kernel.page_size != 4096 && kernel.page_size != 16384 && kernel.page_size != 65536)
    throw Error(Blame::infra, "the kernel says that its pages have {} bytes: no arm64 kernel has such",
                kernel.page_size);
  auto used = 64 - kernel.tcr_el1_t1sz;
  if (kernel.tcr_el1_t1sz > 28 || used > 52 || kernel.va_bits < used || kernel.va_bits > 52)
    throw Error(Blame::infra, "the kernel says that {} of {} bits of an address are in use: no arm64 kernel does that",
                used, kernel.va_bits);
  auto configured = static_cast<unsigned>(kernel.va_bits);
  auto bits = static_cast<unsigned>(used);
  auto image = kernel.swapper_pg_dir - kernel.kimage_voffset;
  return {.root = {image + root_offset(configured, bits, kernel.page_size)},
          .granule = kernel.page_size,
          .va_bits = bits,
          .start = top(bits),
          .end = top(fewest_bits(configured, kernel.page_size) - 1),
          .page_offset = top(configured),
          .phys_offset = kernel.phys_offset};
}

} // namespace kdt::pagetable
