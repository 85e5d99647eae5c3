#include "run/lacking.hpp"

#include <gmock/gmock.h>

namespace kdt::run {

namespace {

CellParameters cell(DumpSettings dump) {
  CellParameters parameters;
  parameters.kernel = "v6.1-dma";
  parameters.dump = std::move(dump);
  return parameters;
}

const Facts k_facts{{"makedumpfile", std::string("1.7.2")},
                    {"makedumpfile_compressions", std::string("none zlib lzo")},
                    {"ext4", false},
                    {"virtio_net", false}};

} // namespace

TEST(Lacking, ACompressionThatTheToolWasBuiltWithout) {
  EXPECT_EQ(lacking(cell({.compression = "lzo"}), k_facts), std::nullopt);
  EXPECT_EQ(lacking(cell({.compression = "none"}), k_facts), std::nullopt);
  EXPECT_EQ(lacking(cell({.compression = "zstd"}), k_facts), "the guest's makedumpfile 1.7.2 was built without zstd");
}

TEST(Lacking, WhatIsNotUsedIsNotMissed) {
  EXPECT_EQ(lacking(cell({.compression = "zstd", .format = "copy"}), k_facts), std::nullopt);
  EXPECT_EQ(lacking(cell({.compression = "zstd"}), {}), std::nullopt);
}

TEST(Lacking, AFileSystemThatTheKernelDoesNotHave) {
  EXPECT_THAT(lacking(cell({.target = "ssh"}), k_facts).value_or(""), testing::HasSubstr("CONFIG_VIRTIO_NET"));
  EXPECT_THAT(lacking(cell({.target = "ext4"}), k_facts).value_or(""), testing::HasSubstr("CONFIG_EXT4_FS"));
}

} // namespace kdt::run
