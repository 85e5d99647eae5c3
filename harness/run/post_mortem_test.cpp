#include "run/post_mortem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {

using testing::HasSubstr;

namespace {
std::vector<protocol::IomemRange> iomem() {
  return {{.start = 0x40000000, .last = 0x7fffffff, .name = "System RAM"},
          {.start = 0x40210000, .last = 0x4056ffff, .name = "Kernel code"},
          {.start = 0x6ec00000, .last = 0x7ebfffff, .name = "Crash kernel"},
          {.start = 0x50000000, .last = 0x51ffffff, .name = "Crash kernel"}};
}
} // namespace

TEST(KernelPlaces, ComeFromIomem) {
  auto places = kernel_places(iomem(), {}, "kexec_load");
  EXPECT_EQ(places.system, 0x40200000U);
  EXPECT_EQ(places.capture, 0x6ec00000U); // the upper region is the main one
  EXPECT_EQ(places.crash_regions.size(), 2U);
  EXPECT_TRUE(places.purgatory);
  EXPECT_FALSE(kernel_places(iomem(), {}, "kexec_file_load").purgatory);
}

TEST(KernelPlaces, TheCaptureKernelsOwnWordCountsMore) {
  std::vector<protocol::IomemRange> own{{.start = 0x6fe10000, .last = 0x6ff00000, .name = "Kernel code"}};
  EXPECT_EQ(kernel_places(iomem(), own, "kexec_load").capture, 0x6fe00000U);
}

TEST(KernelPlaces, AGuestThatNeverSpokeLiesWhereTheEmulatorPutIt) {
  auto places = kernel_places({}, {}, "kexec_load");
  EXPECT_EQ(places.system, 0x40200000U);
  EXPECT_FALSE(places.capture);
}

TEST(PostMortemText, SaysHowWhyWhereAndLastWords) {
  Stuck stuck{.phase = Phase::capture,
              .stage = console::Stage::leaving,
              .cpus = {{.cpu = 0, .waits = false, .chain = {{Code::purgatory, ""}}}}};
  auto text = post_mortem_text(stuck, "for 15 s nothing was said and no CPU moved", {"[    2.6] Bye!"});
  for (const char* part : {"phase capture", "leaving", "for 15 s", "likely cause: the capture kernel never began",
                           "CPU 0 stands in kexec's purgatory", "  [    2.6] Bye!"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(post_mortem_text({}, "", {}), HasSubstr("likely cause: unknown"));
}

TEST(PostMortemText, TellsWhichCpusAreStoppedAsTheyShouldBe) {
  Stuck stuck{.phase = Phase::capture,
              .stage = console::Stage::leaving,
              .cpus = {{.cpu = 0, .waits = true, .chain = {{Code::capture_kernel, "cpu_do_idle+0x8"}}},
                       {.cpu = 1, .waits = false, .chain = {{Code::system_kernel, "psci_0_2_cpu_off+0x28"}}}}};
  auto text = post_mortem_text(stuck, "", {});
  EXPECT_THAT(text, HasSubstr("psci_0_2_cpu_off+0x28 (normal for a stopped CPU)\n"));
  EXPECT_THAT(text, HasSubstr("cpu_do_idle+0x8\n"));
}

TEST(RegistersText, HoldsEveryCpuAndItsChain) {
  auto text = registers_text({{.cpu = 1, .pc = 0x10, .text = "PC=10\n", .waits = true, .chain = {{0x10, 0x40200010}}}});
  for (const char* part : {"CPU 1 pc 0x10 (behind WFI or WFE)", "physical 0x40200010", "PC=10"})
    EXPECT_THAT(text, HasSubstr(part));
}

} // namespace kdt::run
