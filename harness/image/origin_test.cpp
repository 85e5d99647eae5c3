#include "base/file.hpp"
#include "image/origin.hpp"

#include <gtest/gtest.h>

namespace kdt::image {
namespace {

TEST(EntryFacts, ComeFromConfigAndRelease) {
  TempDir entry("kdt-origin-test");
  write_file(entry.path() / "config", "CONFIG_ZONE_DMA=y\nCONFIG_ARM64_16K_PAGES=y\n");
  write_file(entry.path() / "release", "6.12.3-mine");
  auto facts = entry_facts(entry.path());
  EXPECT_EQ(facts.at("zone_dma"), Value(true));
  EXPECT_EQ(facts.at("page_size"), Value(std::int64_t{16384}));
  EXPECT_EQ(facts.at("version"), Value(std::string("6.12")));
}

TEST(OriginOf, PackagedSourceNeedsItsPackage) {
  KernelSpec spec{.name = "a",
                  .description = "",
                  .least_memory = {},
                  .from = PackagedSource{.source = {.name = "linux",
                                                    .package = "linux-source-9.9",
                                                    .archive = "/no/such.tar.xz",
                                                    .leave_out = {},
                                                    .free_space = {}},
                                         .fragments = {"base"},
                                         .free_space = {}}};
  auto origin = origin_of(spec, {.images = KDT_SOURCE_DIR "/images"});
  EXPECT_EQ(missing(origin->needs()).front().package, "linux-source-9.9");
  EXPECT_EQ(origin->forecast().at("version"),
            Value(std::string("9.9"))); // what is not installed is guessed from its name
}

} // namespace
} // namespace kdt::image
