#include "base/error.hpp"
#include "base/file.hpp"
#include "vmcore/reader.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gtest/gtest.h>

using namespace kdt;
using namespace kdt::vmcore;

namespace {

struct Opened {
  explicit Opened(const std::string& bytes) { write_file(directory.path() / "vmcore", bytes); }
  TempDir directory{"kdt-reader"};
  Reader reader() const { return Reader(directory.path() / "vmcore"); }
};

} // namespace

TEST(VmcoreReader, ReadsTheSameMemoryByPhysicalAndVirtualAddress) {
  auto memory = tiny::kernel({"x"});
  memory.put<std::uint64_t>(5 * tiny::k_page + 8, 0x1122334455667788);
  for (const auto& bytes : {tiny::elf(memory), tiny::kdump(memory)}) {
    Opened dump(bytes);
    auto reader = dump.reader();
    std::uint64_t physical = 0, by_virtual = 0;
    ASSERT_TRUE(reader.read_physical({tiny::k_physical + 5 * tiny::k_page + 8}, &physical, 8));
    ASSERT_TRUE(reader.read_virtual(tiny::k_virtual + 5 * tiny::k_page + 8, &by_virtual, 8));
    EXPECT_EQ(physical, 0x1122334455667788u);
    EXPECT_EQ(by_virtual, physical);
    EXPECT_FALSE(reader.read_physical({tiny::k_physical + 16 * tiny::k_page}, &physical, 8));
    EXPECT_FALSE(reader.read_virtual(0xffff900000000000, &physical, 8));
  }
}

TEST(VmcoreReader, NamesTheRegistersOfEachCpu) {
  Opened dump(tiny::elf(tiny::kernel({"x"}), {0xffff800040001000, 0}));
  auto cpus = dump.reader().cpus();
  ASSERT_EQ(cpus.size(), 2u);
  EXPECT_EQ(cpus[0].pc, 0xffff800040001000u);
  EXPECT_TRUE(cpus[0].saved());
  EXPECT_FALSE(cpus[1].saved());
}

TEST(VmcoreReader, TellsWhetherAnyPageOfARangeIsStored) {
  auto memory = tiny::kernel({"x"});
  memory.left_out = {13, 14, 15};
  Opened dump(tiny::kdump(memory));
  auto reader = dump.reader();
  auto any = [&](std::uint64_t first, std::uint64_t end) {
    return reader.stores_any({{tiny::k_physical + first * tiny::k_page}, {tiny::k_physical + end * tiny::k_page}});
  };
  EXPECT_TRUE(any(0, 16));
  EXPECT_TRUE(any(12, 14));
  EXPECT_FALSE(any(13, 16));
  EXPECT_FALSE(any(16, 100));
}

TEST(VmcoreReader, StopsReadingPagesAtTheDeadline) {
  Opened dump(tiny::kdump(tiny::kernel({"x"})));
  auto reading = dump.reader().read_all_pages(Deadline::after(Clock::duration::zero()));
  EXPECT_EQ(reading.present, 16u);
  EXPECT_EQ(reading.read, 0u);
  EXPECT_EQ(reading.stopped, "the time for it was over");
}

TEST(VmcoreReader, APageThatIsWrongDoesNotStopIt) {
  auto bytes = tiny::kdump(tiny::kernel({"x"}));
  bytes[tiny::k_descriptors_at + 3 * 24 + 12] = 1; // zlib, which plain bytes are not
  Opened dump(bytes);
  auto reading = dump.reader().read_all_pages(Deadline::never());
  EXPECT_EQ(reading.read, 16u);
  EXPECT_EQ(reading.bad, 1u);
  EXPECT_EQ(reading.stopped, "");
}

TEST(VmcoreReader, RefusesWhatIsNoVmcore) {
  Opened dump("not a vmcore at all");
  try {
    dump.reader();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::tool);
  }
}
