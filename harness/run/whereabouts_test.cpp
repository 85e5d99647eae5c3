#include "base/file.hpp"
#include "run/whereabouts.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {

constexpr const char* k_map =
    "ffff800008000000 T _text\nffff800008010000 T _stext\nffff800008020000 t default_idle_call\n"
    "ffff80000827f2c0 T cpu_do_idle\nffff80000827f2d0 T other\nffff8000084e0000 B _end\n";

class WhereaboutsTest : public testing::Test {
protected:
  WhereaboutsTest() {
    write_file(directory_.path() / "System.map", k_map);
    symbols_.emplace(directory_.path() / "System.map");
    places_ = {.symbols = &*symbols_,
               .system = 0x40200000,
               .capture = 0x70000000,
               .crash_regions = {{{0x70000000}, {0x80000000}}},
               .purgatory = true};
  }
  Code code_of(std::uint64_t address, std::optional<std::uint64_t> physical) {
    return locate({address, physical}, false, places_).code;
  }

  TempDir directory_{"kdt-test"};
  std::optional<image::Symbols> symbols_;
  KernelPlaces places_;
};

} // namespace

TEST_F(WhereaboutsTest, TellsTheTwoKernelsApartByPhysicalAddress) {
  auto system = locate({0xffffac8b7267f2c8, 0x4047f2c8}, false, places_);
  EXPECT_EQ(system.code, Code::system_kernel);
  EXPECT_EQ(system.symbol, "cpu_do_idle+0x8");
  auto capture = locate({0xffff80000827f2c8, 0x7027f2c8}, false, places_);
  EXPECT_EQ(capture.code, Code::capture_kernel);
  EXPECT_EQ(capture.symbol, "cpu_do_idle+0x8");
}

TEST_F(WhereaboutsTest, KnowsPurgatoryByItsMmuThatIsOff) {
  EXPECT_EQ(code_of(0x70be9158, 0x70be9158), Code::purgatory);
  EXPECT_EQ(code_of(0xffff00007fbe9158, 0x70be9158), Code::module); // the capture kernel's own allocations
  places_.purgatory = false;
  EXPECT_EQ(code_of(0x70be9158, 0x70be9158), Code::crash_region);
}

TEST_F(WhereaboutsTest, SaysUnknownWhenItCannotKnow) {
  EXPECT_EQ(code_of(0x0, std::nullopt), Code::unknown);
  EXPECT_EQ(code_of(0x200, 0x200), Code::unknown); // the exception vectors of a CPU that fell off its kernel
  EXPECT_EQ(code_of(0xffff800001230000, 0x50000000), Code::module);
  EXPECT_EQ(locate({0x400000, 0x50000000}, true, places_).code, Code::user);
  places_.symbols = nullptr;
  EXPECT_EQ(code_of(0xffffac8b7267f2c8, 0x4047f2c8), Code::module);
}

TEST_F(WhereaboutsTest, ACpuIsDescribedByItsChain) {
  machine::CpuRegisters registers{.cpu = 1,
                                  .pc = 0xffffac8b7267f2c8,
                                  .text = "PSTATE=600003c5 -ZC- EL1h",
                                  .waits = true,
                                  .chain = {{0xffffac8b7267f2c8, 0x4047f2c8},
                                            {0xffffac8b7267f2cc, 0x4047f2cc}, // a link register that is left over
                                            {0xffff800001230000, 0x50000000},
                                            {0xffffac8b72420010, 0x40220010},
                                            {0xffffac8b72999999, std::nullopt}}};
  auto state = cpu_state(registers, places_);
  EXPECT_EQ(describe(state), "CPU 1 waits in the system kernel at cpu_do_idle+0x8 < ? < default_idle_call+0x10");
  EXPECT_EQ(describe(state, 1), "CPU 1 waits in the system kernel at cpu_do_idle+0x8");
}

TEST_F(WhereaboutsTest, WithoutAChainTheCounterAloneIsTold) {
  EXPECT_EQ(describe(cpu_state({.cpu = 0, .pc = 0x1000, .text = ""}, places_)), "CPU 0 stands in unknown code");
}

TEST(ImageStart, IsTwoMibAlignedWhereverTheCodeBegins) {
  static_assert(image_start(0x40210000) == 0x40200000); // 6.1: _stext
  static_assert(image_start(0x40200000) == 0x40200000); // 5.10: _text
}

} // namespace kdt::run
