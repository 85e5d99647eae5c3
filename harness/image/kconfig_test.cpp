#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/kconfig.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

TEST(Fragment, ReadsValuesAndSkipsReasons) {
  auto options =
      parse_fragment("base", "# why\nCONFIG_SMP=y   # reason\n\nCONFIG_X=\"a # b\" # reason\nCONFIG_NR=16\n");
  ASSERT_EQ(options.size(), 3u);
  EXPECT_EQ(options[0].name, "CONFIG_SMP");
  EXPECT_EQ(options[0].value, "y");
  EXPECT_EQ(options[0].fragment, "base");
  EXPECT_EQ(options[1].value, "\"a # b\"");
  EXPECT_EQ(options[2].value, "16");
}

TEST(Fragment, RefusesWhatIsNoOption) {
  EXPECT_THAT([] { parse_fragment("base", "CONFIG_A=y\nCONFG_B=y\n"); },
              ThrowsMessage<Error>(HasSubstr("base.config:2: 'CONFG_B=y' is not CONFIG_NAME=value")));
  EXPECT_THROW(parse_fragment("base", "CONFIG_A\n"), Error);
  EXPECT_THROW(parse_fragment("base", "CONFIG_A=\n"), Error);
  EXPECT_THROW(parse_fragment("base", "CONFIG_A=y CONFIG_B=y\n"), Error);
}

TEST(Fragments, LastOneWins) {
  auto merged = merge_fragments({parse_fragment("a", "CONFIG_X=y\nCONFIG_Y=y"), parse_fragment("b", "CONFIG_X=n")});
  EXPECT_EQ(allconfig_text(merged), "CONFIG_Y=y\n# CONFIG_X is not set\n");
}

TEST(ConfigRelease, StandsAtTheHead) {
  EXPECT_EQ(config_release("#\n# Linux/arm64 6.1.192 Kernel Configuration\n#\nCONFIG_SMP=y\n"), "6.1.192");
  EXPECT_EQ(config_release("# Linux/arm64 Kernel Configuration\n"), "");
  EXPECT_EQ(config_release("CONFIG_SMP=y\n# Linux/arm64 6.1.192 Kernel Configuration\n"), "");
}

TEST(Unmet, DroppedOptionIsNamedWithItsFragment) {
  auto asked = parse_fragment("kdump", "CONFIG_KEXEC=y\nCONFIG_SMP=y\n");
  EXPECT_THAT(unmet_options(asked, parse_config("CONFIG_SMP=y\n# CONFIG_KEXEC is not set\n")),
              ElementsAre("CONFIG_KEXEC=y of kdump.config became n"));
  EXPECT_THAT(unmet_options(asked, parse_config("CONFIG_SMP=y\nCONFIG_KEXEC=y\n")), IsEmpty());
}

TEST(Unmet, OptionForcedOnOrToAnotherValueIsNamed) {
  auto asked = parse_fragment("zone", "CONFIG_ZONE_DMA=n\nCONFIG_NR_CPUS=16\n");
  EXPECT_THAT(unmet_options(asked, parse_config("CONFIG_ZONE_DMA=y\nCONFIG_NR_CPUS=256\n")),
              ElementsAre("CONFIG_ZONE_DMA=n of zone.config became y", "CONFIG_NR_CPUS=16 of zone.config became 256"));
}

TEST(RealFragments, GiveAReasonForEveryOption) {
  for (const auto& entry : fs::directory_iterator(KDT_SOURCE_DIR "/images/kconfig")) {
    const std::string text = read_file(entry.path());
    EXPECT_NO_THROW(parse_fragment(entry.path().stem().string(), text));
    for (const auto& line : split(text, '\n')) {
      if (!line.starts_with("CONFIG_")) continue;
      auto reason = line.find(" # ");
      EXPECT_TRUE(reason != std::string::npos && line.size() > reason + 8) << entry.path() << ": " << line;
    }
  }
}

} // namespace
} // namespace kdt::image
