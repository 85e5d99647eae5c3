#include "vmcore/console_account.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

const std::vector<std::string> k_log{"[    0.000000] Booting Linux on physical CPU 0x0000000000",
                                     "[    0.100000] a debugging line", "[    0.200000] hello",
                                     "[    1.000000] Kernel panic - not syncing: x", "[    1.100000] Bye!"};
constexpr std::string_view k_levels = "67605";
const std::string k_console = "[    0.000000] Booting Linux on physical CPU 0x0000000000\r\n"
                              "[    0.200000] hello\r\nkdt-agent: hello system\r\n"
                              "[    1.000000] Kernel panic - not syncing: x\r\n[    1.100000] Bye!\r\n"
                              "[    0.000000] Booting Linux on physical CPU 0x0000000000\r\n[    0.300000] capture\r\n";

Account account(const std::string& console, const std::vector<std::string>& log = k_log,
                std::string_view levels = k_levels, unsigned loglevel = 7) {
  return hold_against_console(console, log, levels, "Kernel panic", loglevel);
}

std::string without(std::string text, std::string_view part) {
  return text.erase(text.find(part), part.size());
}

} // namespace

TEST(ConsoleAccount, BothTellTheSameUpToThePanic) {
  auto same = account(k_console);
  EXPECT_EQ(same.compared, 3u);
  EXPECT_THAT(same.not_in_log, IsEmpty());
  EXPECT_THAT(same.not_on_console, IsEmpty()); // level 7 is not printed
  EXPECT_THAT(judge_account(same), IsEmpty());
}

TEST(ConsoleAccount, ALineThatOnlyTheConsoleHasIsNamed) {
  auto log = k_log;
  log[2] = "[    0.200000] hallo";
  auto differs = account(k_console, log);
  EXPECT_THAT(differs.not_in_log, ElementsAre("[    0.200000] hello"));
  EXPECT_THAT(differs.not_on_console, ElementsAre("[    0.200000] hallo"));
  EXPECT_EQ(judge_account(differs).at(0).code, "vmcore-log-differs");
}

TEST(ConsoleAccount, ALineThatTheConsoleShowsTwiceIsNoFault) {
  auto twice = k_console;
  twice.insert(twice.find("kdt-agent"), "[    0.200000] hello\r\n");
  EXPECT_THAT(judge_account(account(twice)), IsEmpty());
}

TEST(ConsoleAccount, ALineThatThePanicInterruptsIsKnownByItsBeginning) {
  auto broken =
      without(k_console, "lo\r\nkdt-agent: hello system\r\n"); // "[    0.200000] hel[    1.000000] Kernel panic"
  auto same = account(broken);
  EXPECT_EQ(same.compared, 3u);
  EXPECT_THAT(judge_account(same), IsEmpty());
  broken.replace(broken.find("hel["), 3, "hal");
  EXPECT_THAT(judge_account(account(broken)), testing::SizeIs(1));
}

TEST(ConsoleAccount, EndsWhereTheClockBeginsAgain) {
  auto quiet = without(k_console, "[    1.000000] Kernel panic - not syncing: x\r\n"); // the console shows no panic
  quiet.replace(quiet.rfind("Booting"), 42, "a capture kernel that is told to be quiet");
  auto log = k_log;
  log.erase(log.begin() + 3);
  EXPECT_THAT(judge_account(account(quiet, log, "6765")), IsEmpty());
}

TEST(ConsoleAccount, AHoleInTheConsoleIsNamedUnlessItSaysSo) {
  auto hole = without(k_console, "[    0.200000] hello\r\n");
  EXPECT_THAT(account(hole).not_on_console, ElementsAre("[    0.200000] hello"));
  EXPECT_EQ(judge_account(account(hole)).size(), 1u);
  EXPECT_THAT(judge_account(account("** 3 printk messages dropped **\n" + hole)), IsEmpty());
  EXPECT_THAT(account(hole, k_log, k_levels, 4).not_on_console, IsEmpty()); // quiet
}

TEST(ConsoleAccount, WhatWasNotPrintedYetIsNoHole) {
  auto cut = k_console.substr(0, k_console.find("[    0.200000]"));
  EXPECT_THAT(judge_account(account(cut)), IsEmpty());
}

TEST(ConsoleAccount, WhatTheRingHasOverwrittenIsNotCompared) {
  std::vector<std::string> log(k_log.begin() + 2, k_log.end());
  auto wrapped = account(k_console, log, "605");
  EXPECT_EQ(wrapped.compared, 2u);
  EXPECT_THAT(judge_account(wrapped), IsEmpty());
}

TEST(ConsoleAccount, FindsTheKernelsLineBehindAProgramsWords) {
  auto mixed = k_console;
  mixed.replace(mixed.find("[    0.200000] hello\r\nkdt-agent: hello system"), 44,
                "kdt-agent: hel[    0.200000][    T1] hello\r\nlo system[0]");
  auto same = account(mixed);
  EXPECT_EQ(same.compared, 3u);
  EXPECT_THAT(judge_account(same), IsEmpty());
}

TEST(ConsoleAccount, AnEmptyConsoleOrLogAccusesNobody) {
  EXPECT_THAT(judge_account(account("")), IsEmpty());
  EXPECT_THAT(judge_account(account(k_console, {}, "")), IsEmpty());
}

TEST(ConsoleLoglevel, FollowsTheCommandLine) {
  EXPECT_EQ(console_loglevel("console=ttyAMA0 panic=1"), 7u);
  EXPECT_EQ(console_loglevel("quiet console=ttyAMA0"), 4u);
  EXPECT_EQ(console_loglevel("quiet loglevel=6"), 6u);
  EXPECT_EQ(console_loglevel("debug"), 10u);
  EXPECT_EQ(console_loglevel("quiet ignore_loglevel"), 16u);
}
