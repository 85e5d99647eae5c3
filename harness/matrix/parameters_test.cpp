#include "matrix/parameters.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
std::string set(const char* name, const std::string& text) {
  CellParameters cell;
  return find_parameter(name)->set(cell, text).value_or("");
}
} // namespace

TEST(Parameters, ReadBackWhatTheyStore) {
  CellParameters cell;
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{{"kernel", "v6.1-dma"},
                                                                                   {"memory", "3G"},
                                                                                   {"cpus", "4"},
                                                                                   {"cpu", "max,lpa2=off"},
                                                                                   {"rodata", "off"},
                                                                                   {"crashkernel", "512M,high 64M,low"},
                                                                                   {"loader", "kexec_load"},
                                                                                   {"trigger", "sysrq-c"},
                                                                                   {"trigger_cpu", "1"},
                                                                                   {"capture_trigger", "bug"},
                                                                                   {"loads", "load unload other"},
                                                                                   {"initramfs_size", "100M"},
                                                                                   {"dtb_randomness", "off"},
                                                                                   {"tcg_threads", "multi"},
                                                                                   {"shrink", "128M"},
                                                                                   {"dump.filter", "1"},
                                                                                   {"dump.compression", "zstd"},
                                                                                   {"dump.format", "copy"},
                                                                                   {"dump.target", "ext4"},
                                                                                   {"dump.threads", "2"},
                                                                                   {"dump.split", "3"},
                                                                                   {"cmdline", "nokaslr a=b"},
                                                                                   {"capture_cmdline", "quiet"}}) {
    EXPECT_EQ(find_parameter(name)->set(cell, text), std::nullopt) << name;
    EXPECT_EQ(find_parameter(name)->get(cell), text) << name;
  }
  EXPECT_EQ(parameters().size(), 23U);
}

TEST(Parameters, RefuseImpossibleValues) {
  EXPECT_EQ(set("memory", "1X"), "'1X' is not a size; write 512M or 2G");
  EXPECT_THAT(set("memory", "1K"), testing::HasSubstr("whole number of MiB"));
  EXPECT_THAT(set("memory", "0"), testing::HasSubstr("not between"));
  EXPECT_THAT(set("shrink", "small"), testing::HasSubstr("128M, 0, or none"));
  EXPECT_THAT(set("cpus", "0"), testing::HasSubstr("from 1 to 512"));
  EXPECT_THAT(set("cpus", "two"), testing::HasSubstr("from 1 to 512"));
  EXPECT_THAT(set("cpu", "a b"), testing::HasSubstr("not a QEMU CPU model"));
  EXPECT_THAT(set("dump.filter", "32"), testing::HasSubstr("from 0 to 31"));
  EXPECT_THAT(set("dump.target", "ext"), testing::HasSubstr("did you mean 'ext4'?"));
  EXPECT_THAT(set("dump.split", "0"), testing::HasSubstr("from 1 to 8"));
  EXPECT_THAT(set("loader", "kexec_lod"), testing::HasSubstr("did you mean 'kexec_load'?"));
  EXPECT_THAT(set("trigger", "SysRq c"), testing::HasSubstr("not a trigger's name"));
  EXPECT_THAT(set("capture_trigger", ""), testing::HasSubstr("not a trigger's name"));
  EXPECT_THAT(set("trigger_cpu", "first"), testing::HasSubstr("from 0 to 511, or any"));
  EXPECT_THAT(set("loads", "load unlod"), testing::HasSubstr("did you mean 'unload'?"));
  EXPECT_THAT(set("loads", ""), testing::HasSubstr("is unknown"));
  EXPECT_THAT(set("initramfs_size", "much"), testing::HasSubstr("100M, or as-is"));
  EXPECT_THAT(set("dtb_randomness", "offf"), testing::HasSubstr("did you mean 'off'?"));
  EXPECT_THAT(set("tcg_threads", "mutli"), testing::HasSubstr("known: single, multi"));
  EXPECT_THAT(set("crashkernel", " "), testing::HasSubstr("is empty"));
  EXPECT_THAT(set("crashkernel", "1\n"), testing::HasSubstr("control character"));
  EXPECT_THAT(set("rodata", "a b"), testing::HasSubstr("not one word"));
  EXPECT_THAT(set("kernel", "a/b"), testing::HasSubstr("not a kernel's name"));
  EXPECT_THAT(set("cmdline", "a\tb"), testing::HasSubstr("control character"));
}

TEST(Parameters, LetMalformedCrashkernelThrough) {
  EXPECT_EQ(set("crashkernel", "256M,foo"), "");
  EXPECT_EQ(set("crashkernel", "auto"), "");
}

TEST(Parameters, NoneAndUnsetLeaveThingsOut) {
  CellParameters cell;
  cell.crashkernel = "1M";
  cell.rodata = "on";
  EXPECT_FALSE(find_parameter("crashkernel")->set(cell, "none"));
  EXPECT_FALSE(find_parameter("rodata")->set(cell, "unset"));
  EXPECT_EQ(cell.crashkernel, std::nullopt);
  EXPECT_EQ(cell.rodata, std::nullopt);
}

TEST(Parameters, ShortDumpNamesAndCanonicalTexts) {
  EXPECT_EQ(find_parameter("filter"), find_parameter("dump.filter"));
  EXPECT_EQ(find_parameter("dump"), nullptr);
  EXPECT_EQ(canonical(*find_parameter("memory"), "2048M"), "2G");
  EXPECT_EQ(canonical(*find_parameter("memory"), "2048"), std::nullopt);
}

} // namespace kdt::matrix
