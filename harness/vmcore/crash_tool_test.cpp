#include "base/error.hpp"
#include "base/file.hpp"
#include "vmcore/crash_tool.hpp"

#include <gmock/gmock.h>

namespace kdt::vmcore {

namespace {

constexpr std::chrono::minutes k_patience{5};

/// A program that plays crash: its arguments and the commands it was given become its output.
class PretendedCrash : public testing::Test {
protected:
  Asked ask(const std::string& script, Clock::duration patience = k_patience) {
    auto program = directory_.path() / "crash";
    write_file(program, "#!/bin/sh\n" + script);
    fs::permissions(program, fs::perms::owner_all);
    return ask_crash({program.string()}, "/vmlinux", "/vmcore", Deadline::after(patience));
  }

  TempDir directory_{"kdt-crash-test"};
};

} // namespace

TEST_F(PretendedCrash, GetsTheFilesAndTheCommands) {
  auto asked = ask("echo \"RELEASE: $3-$4\"; while read word; do echo \"PANIC: $word\"; done");
  EXPECT_EQ(asked.opinion.release, "/vmlinux-/vmcore");
  EXPECT_EQ(asked.opinion.panic, "quit");
  EXPECT_THAT(asked.findings, testing::IsEmpty());
}

TEST_F(PretendedCrash, ThatFailsIsAFindingWithItsLastWords) {
  auto asked = ask("echo 'crash: /vmlinux: no debugging data available'; exit 1");
  ASSERT_EQ(asked.findings.size(), 1u);
  EXPECT_EQ(asked.findings[0].code, "opinion-failed");
  EXPECT_THAT(asked.findings[0].evidence, testing::ElementsAre("crash: /vmlinux: no debugging data available"));
}

TEST_F(PretendedCrash, ThatHangsIsEnded) {
  auto asked = ask("sleep 1000", std::chrono::milliseconds(200));
  ASSERT_EQ(asked.findings.size(), 1u);
  EXPECT_THAT(asked.findings[0].text, testing::HasSubstr("did not come to an end"));
}

TEST(CrashCommand, SaysWhatIsMissing) {
  if (!crash_needs_tree()) GTEST_SKIP() << "an arm64 host runs its own crash";
  EXPECT_THROW(crash_command(std::nullopt), Error);
}

} // namespace kdt::vmcore
