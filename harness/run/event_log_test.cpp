#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "run/event_log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::run {

using nlohmann::ordered_json;

TEST(EventLog, WritesOneJsonLineAnEvent) {
  TempDir directory("kdt-test");
  EventLog log(directory.path());
  log.add("console", {{"line", "bad \xff byte \x1b[0m"}});
  log.add("exit", {{"status", "exit status 0"}});
  auto lines = split(read_file(directory.path() / "events.jsonl"), '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(ordered_json::parse(lines[0])["type"], "console");
  EXPECT_GE(ordered_json::parse(lines[1])["t"].get<double>(), 0);
}

TEST(EventLog, CutsAConsoleThatFloods) {
  TempDir directory("kdt-test");
  EventLog log(directory.path());
  std::string chunk(1 << 20, 'x');
  for (int i = 0; i < 40; ++i) log.console(chunk);
  EXPECT_TRUE(log.console_cut());
  EXPECT_LT(fs::file_size(directory.path() / "console.log"), (33U << 20));
  EXPECT_EQ(console_if_whole(directory.path() / "console.log"), "");
  write_file(directory.path() / "whole", "[    0.1] hello\n");
  EXPECT_EQ(console_if_whole(directory.path() / "whole"), "[    0.1] hello\n");
}

TEST(EventLog, OfAForkContinuesThatOfItsTemplate) {
  TempDir directory("kdt-test");
  EventLog log(directory.path());
  log.continue_after("{\"t\":12.5,\"type\":\"agent\"}\n", "booted\n", Seconds(12.5));
  log.add("fork", {{"template", "probe-1"}});
  log.console("panicked\n");
  auto lines = split(read_file(directory.path() / "events.jsonl"), '\n');
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(ordered_json::parse(lines[0])["type"], "agent");
  EXPECT_GE(ordered_json::parse(lines[1])["t"].get<double>(), 12.5);
  EXPECT_LT(ordered_json::parse(lines[1])["t"].get<double>(), 60);
  EXPECT_EQ(read_file(directory.path() / "console.log"), "booted\npanicked\n");
}

TEST(EventLog, AnUnwritableDirectoryIsAnInfraError) {
  EXPECT_THROW(EventLog("/nonexistent/kdt"), Error);
}

} // namespace kdt::run
