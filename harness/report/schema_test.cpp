#include "base/text.hpp"
#include "model/json.hpp"
#include "report/run_json.hpp"
#include "report/sample_run.hpp"
#include "testing/schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::report {
namespace {

using Json = nlohmann::ordered_json;

const fs::path k_source{KDT_SOURCE_DIR};

std::string errors(const char* name, const Json& json) {
  return kdt::testing::schema_errors(k_source / "reports/schema" / fmt::format("{}.schema.json", name), json.dump());
}

/// The same JSON with one value in the place of another.
Json changed(Json json, const char* pointer, const Json& value) {
  json[Json::json_pointer(pointer)] = value;
  return json;
}

TEST(Schema, RunJsonIsValid) {
  auto run = sample_run();
  run.cells.push_back(hostile_cell());
  run.cells.back().phases[1].outcome = "failed"; // the one text of the hostile cell that a guest cannot influence
  EXPECT_EQ(errors("run", Json::parse(run_json(run))), "");
  run.finished.clear();
  run.cells.clear();
  EXPECT_EQ(errors("run", Json::parse(run_json(run))), "");
}

TEST(Schema, ARunThatKdtWouldNotWriteIsRefused) {
  auto good = to_json(sample_run());
  ASSERT_EQ(errors("run", good), "");
  EXPECT_NE(errors("run", changed(good, "/surprise", 1)), "");
  EXPECT_NE(errors("run", changed(good, "/schema", 2)), "");
  EXPECT_NE(errors("run", changed(good, "/exit_status", 4)), "");
  EXPECT_NE(errors("run", changed(good, "/totals/pass", "1")), "");
  EXPECT_NE(errors("run", changed(good, "/totals/passed", 1)), "");
  EXPECT_NE(errors("run", changed(good, "/started", "yesterday")), "");
  EXPECT_NE(errors("run", changed(good, "/host/cpus", 2)), "");
  EXPECT_NE(errors("run", changed(good, "/cells/0/verdict", "passed")), "");
}

TEST(Schema, WhatANightAddsToARunIsValid) {
  auto run = sample_run();
  run.cells.push_back(run.cells[0]); // a repeat
  run.shard = Shard{.index = 1, .count = 2, .cut = "c", .cells = {{"a", 0}}};
  run.merged = Merged{.shards = 2, .missing_shards = {2}, .missing_cells = {"b"}};
  run.since = Since{.run_id = "r", .started = "2026-01-01T00:00:00Z", .newly_broken = {"a"}};
  auto good = to_json(run);
  ASSERT_TRUE(good.contains("repeats"));
  EXPECT_EQ(errors("run", good), "");
  for (const char* part : {"shard", "merged", "baseline", "repeats/0", "repeats/0/failed"}) {
    EXPECT_NE(errors("run", changed(good, fmt::format("/{}/surprise", part).c_str(), 1)), "") << part;
    for (const auto& [name, value] : good[Json::json_pointer(fmt::format("/{}", part))].items()) {
      auto bad = good;
      bad[Json::json_pointer(fmt::format("/{}", part))].erase(name);
      EXPECT_NE(errors("run", bad), "") << part << " without " << name;
    }
  }
  EXPECT_NE(errors("run", changed(good, "/repeats/0/failed/high", 1.5)), "");
}

TEST(Schema, EveryMemberOfARunIsRequired) {
  auto good = to_json(sample_run());
  for (const auto& [name, value] : good.items()) {
    auto bad = good;
    bad.erase(name);
    EXPECT_NE(errors("run", bad), "") << name;
  }
}

TEST(Schema, CellJsonOfEveryVerdictIsValid) {
  for (const auto& cell : sample_run().cells) EXPECT_EQ(errors("cell", to_json(cell)), "") << cell.cell.id;
}

TEST(Schema, ACellThatKdtWouldNotWriteIsRefused) {
  auto good = to_json(sample_run().cells[1]);
  ASSERT_EQ(errors("cell", good), "");
  for (const char* object : {"", "/parameters", "/parameters/dump", "/findings/0", "/phases/0", "/expected/0"})
    EXPECT_NE(errors("cell", changed(good, fmt::format("{}/surprise", object).c_str(), 1)), "") << object;
  EXPECT_NE(errors("cell", changed(good, "/id", "")), "");
  EXPECT_NE(errors("cell", changed(good, "/slug", "a/b")), "");
  EXPECT_NE(errors("cell", changed(good, "/blame", "nobody")), "");
  EXPECT_NE(errors("cell", changed(good, "/fingerprint", "xyz")), "");
  EXPECT_NE(errors("cell", changed(good, "/parameters/memory", "2G")), "");
  EXPECT_NE(errors("cell", changed(good, "/parameters/dump/filter", 32)), "");
  EXPECT_NE(errors("cell", changed(good, "/phases/0/outcome", "maybe")), "");
  EXPECT_NE(errors("cell", changed(good, "/findings/0/code", "Not A Code")), "");
  EXPECT_NE(errors("cell", changed(good, "/expected/0/held", "yes")), "");
  EXPECT_NE(errors("cell", changed(good, "/observed/a", nullptr)), "");
  EXPECT_NE(errors("cell", changed(good, "/observed/a", Json{1, 2})), "");
  EXPECT_NE(errors("cell", changed(good, "/artifacts/console", "/etc/passwd")), "");
}

TEST(Schema, EveryMemberOfACellIsRequired) {
  auto good = to_json(sample_run().cells[0]);
  for (const auto& [name, value] : good.items()) {
    auto bad = good;
    bad.erase(name);
    EXPECT_NE(errors("cell", bad), "") << name;
  }
}

/// Holds every line of an example file against a schema; how many lines it has.
int check_lines(const char* schema, const char* file) {
  int lines = 0;
  for (const auto& line : split(read_file(k_source / "reports/examples" / file), '\n')) {
    if (line.empty()) continue;
    EXPECT_EQ(errors(schema, Json::parse(line)), "") << line;
    ++lines;
  }
  return lines;
}

TEST(Schema, EveryLineOfTheExampleJournalIsValid) {
  EXPECT_EQ(check_lines("journal", "journal.jsonl"), 4);
}

TEST(Schema, AJournalLineThatKdtWouldNotWriteIsRefused) {
  auto cell = to_json(sample_run().cells[0]);
  Json good{{"schema", 1}, {"type", "cell"}, {"cell", cell}};
  EXPECT_EQ(errors("journal", good), "");
  EXPECT_NE(errors("journal", changed(good, "/type", "cells")), "");
  EXPECT_NE(errors("journal", changed(good, "/type", "end")), "");
  EXPECT_NE(errors("journal", changed(good, "/cell/verdict", "passed")), "");
  EXPECT_NE(errors("journal", cell), "");
}

TEST(Schema, EveryLineOfTheExampleEventsIsValid) {
  EXPECT_GT(check_lines("event", "events.jsonl"), 5);
}

TEST(Schema, AnEventIsOpenButTyped) {
  EXPECT_EQ(errors("event", {{"t", 0.5}, {"type", "of-the-future"}, {"member", {{"of", "its own"}}}}), "");
  EXPECT_NE(errors("event", {{"type", "qmp"}}), "");
  EXPECT_NE(errors("event", {{"t", 0.5}}), "");
  EXPECT_NE(errors("event", {{"t", -1}, {"type", "qmp"}}), "");
  EXPECT_NE(errors("event", {{"t", 0.5}, {"type", "Qmp Event"}}), "");
  EXPECT_NE(errors("event", {{"t", 0.5}, {"type", "phase"}, {"phase", "reboot"}}), "");
  EXPECT_NE(errors("event", {{"t", 0.5}, {"type", "console"}, {"line", 1}}), "");
}

} // namespace
} // namespace kdt::report
