#include "base/file.hpp"
#include "base/process.hpp"
#include "cli/application.hpp"
#include "cli/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ManualTest : public testing::Test {
protected:
  Context context_{.repository = {}, .stop = {}};
  Application application_{context_};
  CommandHelp help_ = describe(application_.app());
  std::map<std::string, std::string> pages_ = manual_pages(help_, "1.2.3");
};

/// As roff has it.
std::string typed(std::string text) {
  for (auto at = text.find('-'); at != std::string::npos; at = text.find('-', at + 2)) text.insert(at, "\\");
  return text;
}

TEST_F(ManualTest, EveryCommandHasAPageWithEveryOptionAndExample) {
  EXPECT_EQ(pages_.size(), all_commands(help_).size());
  for (const auto* command : all_commands(help_)) {
    auto name = command->path;
    std::ranges::replace(name, ' ', '-');
    ASSERT_TRUE(pages_.contains(name + ".1")) << name;
    const auto& page = pages_.at(name + ".1");
    for (const auto& option : command->options)
      for (const auto& each : option.names) EXPECT_THAT(page, HasSubstr("\\fB" + typed(each) + "\\fR")) << name;
    for (const auto& positional : command->positionals) EXPECT_THAT(page, HasSubstr(positional.names[0])) << name;
    for (const auto& example : command->examples) EXPECT_THAT(page, HasSubstr(typed(example) + "\n")) << name;
    EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n"));
  }
}

TEST_F(ManualTest, ACommandWithExitStatusesOfItsOwnTellsThoseAlone) {
  EXPECT_THAT(pages_.at("kdt.1"), HasSubstr(".SH EXIT STATUS\n0 all as expected"));
  for (const char* name : {"bundle", "completion", "explain", "history", "images-build", "list", "man", "report"})
    EXPECT_THAT(pages_.at(fmt::format("kdt-{}.1", name)), HasSubstr(".SH EXIT STATUS\n0 it is done")) << name;
  EXPECT_THAT(pages_.at("kdt-run.1"), HasSubstr(".SH EXIT STATUS\n0 all as expected"));
  EXPECT_THAT(pages_.at("kdt-merge.1"), HasSubstr(".SH EXIT STATUS\nas that of run"));
  EXPECT_THAT(pages_.at("kdt-doctor.1"), HasSubstr(".SH EXIT STATUS\n0 this host can run kdt"));
  const auto& page = pages_.at("kdt-minimize.1");
  EXPECT_THAT(page, HasSubstr("\nEach try is a run of one cell.\n"));
  EXPECT_THAT(page, HasSubstr(".SH EXIT STATUS\n0 a smallest difference was found"));
  EXPECT_THAT(page, Not(HasSubstr("all as expected")));
  for (const auto& [name, text] : pages_) EXPECT_THAT(text, Not(HasSubstr("Exit status: "))) << name;
}

TEST_F(ManualTest, TheSynopsisTellsWhatMayBeLeftOutAndWhatRepeated) {
  auto synopsis = [&](const char* page) {
    const auto& text = pages_.at(page);
    constexpr std::string_view k_title = ".SH SYNOPSIS\n";
    auto begin = text.find(k_title) + k_title.size();
    return text.substr(begin, text.find(".SH", begin) - begin);
  };
  EXPECT_EQ(synopsis("kdt.1"), ".B kdt\n[OPTIONS]\n\\fICOMMAND\\fR\n");
  EXPECT_EQ(synopsis("kdt-run.1"), ".B kdt run\n[OPTIONS]\n\\fIMATRIX\\fR...\n");
  EXPECT_EQ(synopsis("kdt-explain.1"), ".B kdt explain\n[OPTIONS]\n[\\fICODE\\fR]\n");
  EXPECT_EQ(synopsis("kdt-man.1"), ".B kdt man\n[OPTIONS]\n[\\fICOMMAND\\fR...]\n");
  EXPECT_EQ(synopsis("kdt-images.1"), ".B kdt images\n[OPTIONS]\n[\\fICOMMAND\\fR]\n");
}

TEST_F(ManualTest, AFlagThatMayHaveAValueSaysSo) {
  EXPECT_THAT(pages_.at("kdt-repro.1"), HasSubstr("\\fB\\-\\-gdb\\fR[=PORT]\n"));
}

TEST_F(ManualTest, WhatRoffTakesForACommandStandsAsText) {
  CommandHelp help{.name = "x", .path = "x", .about = ".so /etc/passwd", .notes = {"'\\n\\"}};
  auto page = manual_page(help, help, "1");
  EXPECT_THAT(page, HasSubstr("\n\\&.so /etc/passwd\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&'\\en\\e\n"));
}

TEST_F(ManualTest, GroffFindsNoFault) {
  if (!find_program("groff")) GTEST_SKIP() << "no groff here";
  TempDir place("kdt-test");
  for (const auto& [name, page] : pages_) {
    write_file(place.path() / name, page);
    auto done = run_program({.argv = {"groff", "-man", "-Tutf8", "-Kutf8", "-ww", (place.path() / name).string()}},
                            Deadline::after(std::chrono::minutes(2)));
    EXPECT_TRUE(done.status.success()) << name;
    EXPECT_EQ(done.err, "") << name;
  }
}

} // namespace
} // namespace kdt::cli
