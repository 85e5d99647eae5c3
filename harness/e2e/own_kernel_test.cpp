// Kernels of the user's own: two that were built before stand for a base and a series, and what is no kernel is
// refused.

#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string k_smoke = std::string(KDT_SOURCE_DIR) + "/matrices/smoke.yaml";

class OwnKernel : public ::testing::Test {
protected:
  /// The directory of a kernel of the catalogue, with Image, config, vmlinux and System.map.
  std::string entry(const std::string& kernel) {
    auto built = run_kdt(place_, {"images", "build", kernel});
    auto begin = built.out.find('('), end = built.out.find(')');
    return built.out.substr(begin + 1, end - begin - 1);
  }
  void expect_refusal(const std::string& kernel, const std::string& words) {
    auto outcome = run_kdt(place_, {"run", k_smoke, "--kernel", kernel, "--out", "run"});
    EXPECT_EQ(outcome.status.code, 2) << kernel;
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_FALSE(fs::exists(place_.path() / "run"));
  }
  Place place_;
};

TEST_F(OwnKernel, TwoOfThemEndWithTheTableOfTheirDifferences) {
  auto outcome = run_kdt(place_,
                         {"run", k_smoke, "--kernel", "base=" + entry("v6.1-dma"), "--kernel",
                          "series=" + entry("v6.1-nodma"), "--only", "rodata=on", "--out", "run"},
                         k_run_budget);
  auto run = read_run(place_.path() / "run");
  ASSERT_EQ(run.cells.size(), 2U) << outcome.err;
  EXPECT_TRUE(outcome.status.success()) << findings_text(run);
  for (const auto& cell : run.cells) {
    EXPECT_EQ(cell.verdict, Verdict::pass);
    EXPECT_EQ(cell.observed.at("map.source"), Value(std::string("host"))); // without a build directory: no probe
    EXPECT_FALSE(cell.observed.contains("probe.segments"));
  }
  EXPECT_THAT(outcome.err, HasSubstr("kernel base has no probe"));
  EXPECT_THAT(outcome.out, HasSubstr("What series changes against base"));
  EXPECT_THAT(outcome.out, HasSubstr("mapping"));
  EXPECT_THAT(read_file(place_.path() / "run/summary.md"), HasSubstr("| rodata=on | mapping | pages"));

  auto diff = run_kdt(place_, {"diff", "run", "run"});
  EXPECT_EQ(diff.status.code, 0) << diff.err;
  EXPECT_THAT(diff.out, HasSubstr("0 cells differ, 2 do not."));
}

TEST_F(OwnKernel, WhatIsNoKernelIsRefusedInOneSentence) {
  expect_refusal("a=" + place_.path().string(), "is no kernel: neither a source tree");
  expect_refusal("a=" + (place_.path() / "none").string(), "no such file or directory");
  place_.write("bzImage", std::string(0x202, '\0') + "HdrS" + std::string(64, '\0'));
  expect_refusal("a=" + (place_.path() / "bzImage").string(), "it is an x86 kernel");
  make_directories(place_.path() / "no-virtio");
  fs::copy_file(entry("v6.1-dma") + "/Image", place_.path() / "no-virtio/Image");
  place_.write("no-virtio/config", "CONFIG_KEXEC=y\n");
  expect_refusal("a=" + (place_.path() / "no-virtio").string(), "CONFIG_VIRTIO_PCI is off");
}

} // namespace
} // namespace kdt::e2e
