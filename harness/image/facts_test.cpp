#include "image/facts.hpp"
#include "image/kconfig.hpp"

#include <gtest/gtest.h>

namespace kdt::image {
namespace {

Facts facts_of(std::string_view config, const std::string& release = "6.1.192-v6.1-dma") {
  return kernel_facts(parse_config(config), release);
}

TEST(KernelFacts, StableReleaseCountsAsItsBase) {
  EXPECT_EQ(facts_of("").at("version"), Value(std::string("6.1")));
  EXPECT_EQ(facts_of("", "7.0-rc3").at("version"), Value(std::string("7.0")));
  EXPECT_EQ(facts_of("", "6.12").at("version"), Value(std::string("6.12")));
  EXPECT_EQ(facts_of("").at("release"), Value(std::string("6.1.192-v6.1-dma")));
}

TEST(KernelFacts, AnyDmaZoneCounts) {
  EXPECT_EQ(facts_of("CONFIG_ZONE_DMA=y").at("zone_dma"), Value(true));
  EXPECT_EQ(facts_of("CONFIG_ZONE_DMA32=y").at("zone_dma"), Value(true));
  EXPECT_EQ(facts_of("# CONFIG_ZONE_DMA is not set").at("zone_dma"), Value(false));
}

TEST(KernelFacts, PageSizeAndAddressBits) {
  auto facts = facts_of("CONFIG_ARM64_16K_PAGES=y\nCONFIG_ARM64_VA_BITS_52=y\nCONFIG_ARM64_PA_BITS_52=y");
  EXPECT_EQ(facts.at("page_size"), Value(std::int64_t{16384}));
  EXPECT_EQ(facts.at("va_bits"), Value(std::int64_t{52}));
  EXPECT_EQ(facts.at("pa_bits"), Value(std::int64_t{52}));
  EXPECT_EQ(facts_of("CONFIG_ARM64_VA_BITS_48=y").at("page_size"), Value(std::int64_t{4096}));
  EXPECT_EQ(facts_of("").count("va_bits"), 0u);
}

TEST(KernelFacts, KfenceIsLateWhenItsIntervalIsZero) {
  EXPECT_EQ(facts_of("").at("kfence"), Value(std::string("off")));
  EXPECT_EQ(facts_of("CONFIG_KFENCE=y\nCONFIG_KFENCE_SAMPLE_INTERVAL=0").at("kfence"), Value(std::string("late")));
  EXPECT_EQ(facts_of("CONFIG_KFENCE=y\nCONFIG_KFENCE_SAMPLE_INTERVAL=100").at("kfence"), Value(std::string("early")));
}

TEST(KernelFacts, LoadersAreToldApart) {
  auto facts = facts_of("CONFIG_KEXEC_FILE=y");
  EXPECT_EQ(facts.at("kexec_load"), Value(false));
  EXPECT_EQ(facts.at("kexec_file_load"), Value(true));
}

TEST(KernelFacts, AModuleOfAFileSystemIsNotBuiltIn) {
  EXPECT_EQ(facts_of("CONFIG_EXT4_FS=y").at("ext4"), Value(true));
  EXPECT_EQ(facts_of("CONFIG_EXT4_FS=m").at("ext4"), Value(false));
}

TEST(MakedumpfileCompressions, AreThoseOfItsLibraries) {
  EXPECT_EQ(makedumpfile_compressions({"liblzo2.so.2", "libdw.so.1", "libz.so.1", "libc.so.6"}), "none zlib lzo");
  EXPECT_EQ(makedumpfile_compressions({"libzstd.so.1", "libsnappy.so.1"}), "none snappy zstd");
}

TEST(ToolFacts, AreUpstreamVersions) {
  EXPECT_EQ(tool_facts("kexec-tools 1:2.0.25-3+deb12u3\nlibc6 2.36-9\nmakedumpfile 1.7.2-1\nodd\n"),
            (Facts{{"kexec_tools", std::string("2.0.25")}, {"makedumpfile", std::string("1.7.2")}}));
  EXPECT_TRUE(tool_facts("").empty());
}

} // namespace
} // namespace kdt::image
