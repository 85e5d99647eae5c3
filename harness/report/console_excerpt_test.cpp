#include "report/console_excerpt.hpp"

#include <gtest/gtest.h>

namespace kdt::report {
namespace {

constexpr const char* k_events =
    R"({"t":0.1,"type":"phase","phase":"boot","what":"begin"}
{"t":1.5,"type":"console","line":"[    0.000000] Booting Linux"}
{"t":1.5,"type":"note","kind":"stage","stage":"system_kernel","line":"Booting Linux"}
{"t":1.6,"type":"agent","text":"{\"hello\": \"console\"}"}
{"t":2.0,"type":"console","line":"\u001b[2J<b>"}
{"t":2.1,"type":"console","line":"[    1.0] BUG: soft lockup"}
{"t":2.1,"type":"note","kind":"evidence","stage":"system_kernel","trouble":"soft-lockup","line":"BUG: soft lockup"}
{"t":2.2,"type":"phase","phase":"boot","what":"end","outcome":"done"}
not an event
{"t":2.3,"type":"console","li)";

class Console : public ::testing::Test {
protected:
  TempDir directory_{"kdt-console"};
};

TEST_F(Console, IsReadFromEventsWithTimesStagesAndTroubles) {
  write_file(directory_.path() / "events.jsonl", k_events);
  auto console = read_console(directory_.path());
  ASSERT_TRUE(console);
  ASSERT_EQ(console->lines.size(), 3U);
  EXPECT_EQ(console->lines[0].time, 1.5);
  EXPECT_EQ(console->lines[0].stage, "system_kernel");
  EXPECT_EQ(console->lines[1].text, "\\x1b[2J<b>");
  EXPECT_EQ(console->lines[1].stage + console->lines[1].trouble, "");
  EXPECT_EQ(console->lines[2].trouble, "soft-lockup");
  ASSERT_EQ(console->phases.size(), 1U);
  EXPECT_EQ(console->phases[0].name, "boot");
}

TEST_F(Console, KnowsTheCaptureKernelOfAPanicThatWasNotShown) {
  auto line = [](const std::string& text) { return R"({"t":1,"type":"console","line":")" + text + "\"}\n"; };
  auto note = [](const std::string& kind, const std::string& stage, const std::string& text) {
    return R"({"t":1,"type":"note","kind":")" + kind + R"(","stage":")" + stage + R"(","line":")" + text + "\"}\n";
  };
  auto banner = line("Booting Linux") + note("stage", "system_kernel", "Booting Linux");
  auto system = line("kdt-agent: hello system") + note("marker", "system_kernel", "kdt-agent: hello system");
  auto capture = line("kdt-agent: hello capture") + note("marker", "capture_kernel", "kdt-agent: hello capture");
  auto stages = [&](const std::string& events) {
    write_file(directory_.path() / "events.jsonl", events);
    std::string text;
    auto console = read_console(directory_.path());
    for (const auto& each : console->lines) text += each.stage + ",";
    return text;
  };
  EXPECT_EQ(stages(banner + system + banner + capture), "system_kernel,,capture_kernel,,");
  EXPECT_EQ(stages(system + banner + capture), ",capture_kernel,,") << "the first kernel was silent";
  EXPECT_EQ(stages(banner + system + capture), "system_kernel,,,") << "the second was";
  EXPECT_EQ(stages(banner + system + banner + system), "system_kernel,,system_kernel,,") << "a reboot";
}

TEST_F(Console, LeavesOutEventsWithoutATime) {
  write_file(directory_.path() / "events.jsonl", R"({"t":"x","type":"console","line":"one"}
{"t":null,"type":"phase","phase":"boot","what":"begin"}
{"type":"console","line":"two"}
{"t":2,"type":"console","line":"three"}
)");
  auto console = read_console(directory_.path());
  ASSERT_TRUE(console);
  ASSERT_EQ(console->lines.size(), 1U);
  EXPECT_EQ(console->lines[0].text, "three");
  EXPECT_EQ(console->lines[0].time, 2);
  EXPECT_TRUE(console->phases.empty());
}

TEST_F(Console, OfACellWithoutEventsIsNone) {
  EXPECT_FALSE(read_console(directory_.path()));
}

TEST(ConsoleExcerpt, KeepsBothEndsAndWhatIsNotedAndCountsTheRest) {
  ConsoleExcerpt console;
  for (int i = 0; i < 100; ++i)
    console.lines.push_back({.time = static_cast<double>(i), .text = fmt::format("line {}", i)});
  console.lines[50].stage = "panicked";
  auto excerpt = shortened(console, {.head = 10, .tail = 20, .around = 1, .columns = 500});
  ASSERT_EQ(excerpt.lines.size(), 10U + 1 + 3 + 1 + 20);
  EXPECT_EQ(excerpt.lines[9].text, "line 9");
  EXPECT_EQ(excerpt.lines[10].left_out, 39U);
  EXPECT_EQ(excerpt.lines[10].time, 10);
  EXPECT_EQ(excerpt.lines[12].stage, "panicked");
  EXPECT_EQ(excerpt.lines[14].left_out, 28U);
  EXPECT_EQ(excerpt.lines.back().text, "line 99");
}

TEST(ConsoleExcerpt, OfAShortConsoleIsAllOfIt) {
  ConsoleExcerpt console{.lines = {{.time = 1, .text = "a"}, {.time = 2, .text = "b"}}};
  auto excerpt = shortened(console);
  ASSERT_EQ(excerpt.lines.size(), 2U);
  EXPECT_EQ(excerpt.lines[1].text, "b");
  EXPECT_TRUE(shortened({}).lines.empty());
}

TEST(ConsoleExcerpt, CutsLongLinesBetweenCharacters) {
  ConsoleExcerpt console{.lines = {{.text = "aaa\xc3\xa9zzz"}}};
  EXPECT_EQ(shortened(console, {.columns = 4}).lines[0].text, "aaa…");
  EXPECT_EQ(shortened(console, {.columns = 5}).lines[0].text, "aaa\xc3\xa9…");
  EXPECT_EQ(shortened(console, {.columns = 8}).lines[0].text, "aaa\xc3\xa9zzz");
}

} // namespace
} // namespace kdt::report
