#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include <set>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const fs::path k_source{KDT_SOURCE_DIR};

std::string errors_of(const char* schema, std::string_view text) {
  return kdt::testing::schema_errors(k_source / "reports/schema" / fmt::format("{}.schema.json", schema), text);
}

/// Holds each line of a file against a schema; the number of lines.
int check_lines(const char* schema, const fs::path& file) {
  int lines = 0;
  for (const auto& line : split(read_file(file), '\n')) {
    if (line.empty()) continue;
    ++lines;
    auto errors = errors_of(schema, line);
    EXPECT_EQ(errors, "") << file << " line " << lines << ": " << line.substr(0, 300);
    if (!errors.empty()) break;
  }
  return lines;
}

/// One run of the smoke matrix, looked at by several tests.
class Smoke : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    place_ = new Place;
    outcome_ = new Outcome(run_kdt(
        *place_, {"run", (k_source / "matrices/smoke.yaml").string(), "-j", "2", "--out", "run"}, k_run_budget));
  }
  static void TearDownTestSuite() {
    delete outcome_;
    delete place_;
  }

  static fs::path run_directory() { return place_->path() / "run"; }

  static inline Place* place_ = nullptr;
  static inline Outcome* outcome_ = nullptr;
};

TEST_F(Smoke, AllFourCellsPass) {
  EXPECT_TRUE(outcome_->status.success()) << outcome_->out << outcome_->err;
  auto run = read_run(run_directory());
  EXPECT_EQ(run.exit_status, 0);
  ASSERT_EQ(run.cells.size(), 4U);
  for (const auto& cell : run.cells) EXPECT_EQ(cell.verdict, Verdict::pass) << findings_text(run);
  RecordProperty("seconds", std::to_string(outcome_->seconds.count()));
}

TEST_F(Smoke, ObservesThatOnlyTheLoadedSegmentsFault) {
  for (const auto& cell : read_run(run_directory()).cells) {
    SCOPED_TRACE(cell.cell.id);
    auto observed = [&](const char* name) {
      const auto* value = find(cell.observed, name);
      return value != nullptr ? to_string(*value) : "nothing";
    };
    EXPECT_EQ(observed("probe.before"), "lands");
    EXPECT_EQ(observed("probe.segments"), "faults");
    EXPECT_EQ(observed("probe.rest"), "lands");
    EXPECT_EQ(observed("probe.faulted_pages"), observed("probe.segment_pages"));
    EXPECT_EQ(observed("vmcore.nonce"), "true");
    EXPECT_EQ(observed("vmcore.cpus"), "2");
    EXPECT_EQ(observed("vmcore.release"), observed("boot.release"));
    EXPECT_GT(std::stoll(observed("vmcore.crash_time")), 1'700'000'000); // not 1970: makedumpfile refuses CRASHTIME=0
  }
}

TEST_F(Smoke, EveryExpectationWasHeldAgainstAnObservation) {
  for (const auto& cell : read_run(run_directory()).cells) {
    EXPECT_GE(cell.expectations.size(), 15U) << cell.cell.id;
    for (const auto& expected : cell.expectations) EXPECT_TRUE(expected.held) << cell.cell.id << expected.observation;
  }
}

TEST_F(Smoke, EverythingWrittenFollowsItsSchema) {
  EXPECT_EQ(errors_of("run", read_file(run_directory() / "run.json")), "");
  EXPECT_EQ(check_lines("journal", run_directory() / "journal.jsonl"), 6); // run, four cells, end
  auto cells = cell_directories(run_directory());
  ASSERT_EQ(cells.size(), 4U);
  for (const auto& cell : cells) {
    auto directory = run_directory() / "cells" / cell;
    EXPECT_EQ(errors_of("cell", read_file(directory / "cell.json")), "") << cell;
    EXPECT_GT(check_lines("event", directory / "events.jsonl"), 100) << cell;
  }
}

TEST_F(Smoke, WhatMakedumpfileIsToLoadFirstIsThere) {
  for (const auto& cell : cell_directories(run_directory())) {
    auto events = read_file(run_directory() / "cells" / cell / "events.jsonl");
    EXPECT_THAT(events, HasSubstr("makedumpfile Completed")) << cell;
    EXPECT_THAT(events, Not(HasSubstr("cannot be preloaded"))) << cell; // ld.so's words for what it then goes without
  }
}

TEST_F(Smoke, JUnitHasATestCaseForEachCell) {
  pugi::xml_document document;
  auto parsed = document.load_file((run_directory() / "junit.xml").c_str());
  ASSERT_TRUE(parsed) << parsed.description();
  EXPECT_EQ(document.select_nodes("//testcase").size(), 4U);
  EXPECT_THAT(document.select_nodes("//failure | //error | //skipped"), IsEmpty());
}

TEST_F(Smoke, ThePageHoldsTheConsoleOfEachCell) {
  auto page = read_file(run_directory() / "report.html");
  for (int i = 0; i < 4; ++i) EXPECT_NE(page.find(fmt::format("\"kdt-console-{}\"", i)), std::string::npos) << i;
}

TEST_F(Smoke, NamedArtifactsAreThere) {
  for (const auto& cell : read_run(run_directory()).cells) {
    EXPECT_TRUE(cell.artifacts.contains("console"));
    for (const auto& [name, path] : cell.artifacts)
      EXPECT_TRUE(fs::exists(run_directory() / "cells" / cell.cell.slug / path)) << name << ": " << path;
  }
}

TEST_F(Smoke, EveryPhaseOfACellIsNamedAndTimed) {
  for (const auto& cell : read_run(run_directory()).cells) {
    ASSERT_EQ(cell.phases.size(), k_phases.size());
    Seconds sum{0};
    for (std::size_t i = 0; i < k_phases.size(); ++i) {
      EXPECT_EQ(cell.phases[i].phase, k_phases[i]);
      EXPECT_EQ(cell.phases[i].outcome, "done");
      sum += cell.phases[i].seconds;
    }
    EXPECT_LE(sum.count(), cell.seconds.count() + 0.001);
  }
}

TEST_F(Smoke, NoDumpOfAPassedCellIsKept) {
  EXPECT_THAT(files_over(run_directory(), ByteSize::mib(1)), IsEmpty());
  for (const auto& file : files_below(run_directory()))
    EXPECT_NE(fs::path(file).filename(), "vmcore") << "of a cell that passed";
}

TEST_F(Smoke, LeavesNeitherProcessesNorTemporaryFiles) {
  EXPECT_THAT(place_->processes(), IsEmpty());
  EXPECT_THAT(files_below(place_->tmp()), IsEmpty());
}

TEST_F(Smoke, StandardOutputHasALineForEachCell) {
  auto lines = split(outcome_->out, '\n');
  for (const auto& cell : read_run(run_directory()).cells) {
    auto is_result = [&](const std::string& line) {
      return line.starts_with("pass") && line.ends_with("  " + cell.cell.id);
    };
    EXPECT_EQ(std::ranges::count_if(lines, is_result), 1) << cell.cell.id << "\n" << outcome_->out;
  }
}

} // namespace
} // namespace kdt::e2e
