#include "cli/application.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::HasSubstr;

/// The sentence about a command line, "" when it is a good one.
std::string said(std::vector<std::string> words) {
  Context context{.repository = {}, .stop = {}};
  Application application(context);
  std::ranges::reverse(words); // as CLI11 takes them
  try {
    application.app().parse(words);
  } catch (const CLI::ParseError& error) {
    return usage_sentence(application.app(), error);
  }
  return "";
}

TEST(Application, AWrongWordIsNamedWithTheNearestRightOne) {
  EXPECT_EQ(said({"hisotry"}), "there is no command 'hisotry' (did you mean 'history'?); see kdt --help");
  EXPECT_EQ(said({"run", "m.yaml", "--jbos", "2"}),
            "run: there is no option --jbos (did you mean '--jobs'?); see kdt run --help");
  EXPECT_EQ(said({"images", "buid"}),
            "images: there is no command 'buid' (did you mean 'build'?); see kdt images --help");
  EXPECT_EQ(said({"explain", "a", "b"}), "explain: 'b' is one word too many; see kdt explain --help");
}

TEST(Application, WhatIsMissingOrOutOfRangeIsNamed) {
  EXPECT_THAT(said({}), HasSubstr("subcommand"));
  EXPECT_EQ(said({"run"}), "run: MATRIX is required; see kdt run --help");
  EXPECT_THAT(said({"run", "m.yaml", "--keep", "some"}), HasSubstr("failed"));
  EXPECT_THAT(said({"run", "m.yaml", "-j", "many"}), HasSubstr("many"));
  EXPECT_EQ(said({"run", "m.yaml", "-j", "2", "--only", "a=b"}), "");
}

TEST(Application, EverySentenceIsOneLine) {
  for (const auto& words : std::vector<std::vector<std::string>>{{}, {"run"}, {"run", "m", "--keep", "x"}, {"a\nb"}})
    EXPECT_EQ(said(words).find('\n'), std::string::npos) << said(words);
}

TEST(Application, HelpShowsFlagsAsTheyAreTyped) {
  Context context{.repository = {}, .stop = {}};
  Application application(context);
  auto help = [&](const char* command) { return application.app().get_subcommand(command)->help(); };
  EXPECT_THAT(help("repro"), HasSubstr("  --gdb[=PORT]  "));
  EXPECT_THAT(help("run"), HasSubstr("  --no-template  "));
  EXPECT_THAT(help("run"), HasSubstr("  --keep TEXT:{all,failed,none}=failed\n"));
  EXPECT_THAT(help("run"), HasSubstr("[OPTIONS] MATRIX...\n"));
}

TEST(Application, AFlagTakesItsValueAttachedOnly) {
  EXPECT_EQ(said({"repro", "a", "--gdb"}), "");
  EXPECT_EQ(said({"repro", "a", "--gdb=4321"}), "");
  EXPECT_THAT(said({"repro", "a", "--gdb=0"}), HasSubstr("65535"));
  EXPECT_EQ(said({"run", "m.yaml", "--no-template"}), "");
}

} // namespace
} // namespace kdt::cli
