#include "base/error.hpp"
#include "base/file.hpp"
#include "bench/initcalls.hpp"

#include <gtest/gtest.h>

namespace kdt::bench {

namespace {

const std::string k_system =
    "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\r\n"
    "[    0.000000] Kernel command line: console=ttyAMA0 initcall_debug ignore_loglevel\r\n"
    "[    0.051380] calling  init_static_idmap+0x0/0x10c @ 1\r\n"
    "[    0.051480] initcall init_static_idmap+0x0/0x10c returned 0 after 54 usecs\r\n"
    "[    0.301635] calling  virtio_blk_init+0x0/0x9c @ 1\r\n"
    "[    0.325710] virtio_blk virtio0: [vda] 8388608 512-byte logical blocks\r\n"
    "[    0.336835] initcall virtio_blk_init+0x0/0x9c returned 0 after 25203 usecs\r\n"
    "[    0.340112] initcall net_olddevs_init+0x0/0x7c returned -19 after 300 usecs\r\n"
    "[    0.341112] initcall init+0x0/0x10 returned 0 after 100 usecs\r\n"
    "[    0.342112] initcall init+0x0/0x5c returned 0 after 43 usecs\r\n"
    "[    0.402113] Run /init as init process\r\n"
    "bare: system kernel up at 0.42\r\n"
    "[    0.431000] initcall kdt_probe_init+0x0/0x1000 [kdt_probe] returned 0 after 900 usecs\r\n"
    "[    1.210000] Starting crashdump kernel...\r\n";
const std::string k_capture = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\r\n"
                              "[    0.210000] initcall virtio_blk_init+0x0/0x9c returned 0 after 12500 usecs\r\n"
                              "[    0.300500] Run /init as init process\r\n";

} // namespace

TEST(Initcalls, AreReadForEachKernelUntilItsInit) {
  auto boots = read_initcalls(k_system + k_capture);
  ASSERT_EQ(boots.size(), 2U);
  EXPECT_DOUBLE_EQ(boots[0].init, 402.113);
  EXPECT_NEAR(boots[0].all, 25.7, 1e-9);
  ASSERT_EQ(boots[0].initcalls.size(), 4U);
  EXPECT_EQ(boots[0].initcalls[0].name, "virtio_blk_init");
  EXPECT_DOUBLE_EQ(boots[0].initcalls[0].milliseconds, 25.203);
  EXPECT_EQ(boots[0].initcalls[1].name, "net_olddevs_init"); // a failure takes its time, too
  EXPECT_EQ(boots[0].initcalls[2].name, "init");             // two functions of one name
  EXPECT_NEAR(boots[0].initcalls[2].milliseconds, 0.143, 1e-9);
  EXPECT_DOUBLE_EQ(boots[1].init, 300.5);
  EXPECT_DOUBLE_EQ(boots[1].all, 12.5);
}

TEST(Initcalls, AConsoleThatDoesNotShowBothKernelsIsAnError) {
  EXPECT_THROW(read_initcalls(""), Error);
  EXPECT_THROW(read_initcalls(k_system), Error);
  EXPECT_THROW(read_initcalls(k_system + k_capture.substr(0, k_capture.rfind('['))), Error); // no /init
  auto silent = k_capture;
  silent.replace(silent.find("initcall"), 8, "whatever");
  EXPECT_THROW(read_initcalls(k_system + silent), Error);
  EXPECT_THROW(read_initcalls(k_system + k_capture + k_capture), Error);
}

TEST(Initcalls, OfARecordedConsoleAreFound) {
  auto console = read_file(KDT_SOURCE_DIR "/harness/console/testdata/debian12-cloud-initcall-debug.console");
  EXPECT_THROW(read_initcalls(console), Error); // its capture kernel was not told to
  auto boots = read_initcalls(console.substr(0, console.find("Starting crashdump kernel")) + "\n" + k_capture);
  EXPECT_DOUBLE_EQ(boots[0].init, 3413.166);
  EXPECT_EQ(boots[0].initcalls.size(), 22U);
  EXPECT_EQ(boots[0].initcalls[0].name, "bpf_prog_test_run_init");
}

TEST(Initcalls, TheSlowestBecomeFigures) {
  std::string many;
  for (int i = 1; i <= 12; ++i)
    many +=
        "[    0.1] initcall f" + std::to_string(i) + "+0x0/0x8 returned 0 after " + std::to_string(i) + "000 usecs\r\n";
  auto capture = k_capture;
  capture.insert(capture.find("[    0.300500]"), many);
  Results results;
  add_initcalls(k_system + capture, results);
  EXPECT_EQ(results.figures.size(), 2 * 2 + 4U + 10U);
  EXPECT_EQ(find(results, "initcalls", "system kernel, until /init")->unit, "ms");
  EXPECT_NEAR(find(results, "initcalls", "capture kernel, all initcalls")->value.median, 78 + 12.5, 1e-9);
  EXPECT_NE(find(results, "initcalls", "capture kernel, f4"), nullptr);
  EXPECT_EQ(find(results, "initcalls", "capture kernel, f3"), nullptr);
}

} // namespace kdt::bench
