#include "base/error.hpp"
#include "base/file.hpp"
#include "bench/results.hpp"
#include "testing/schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::bench {

namespace {

const Measurement k_day{.started = "2026-01-02T03:04:05Z", .finished = "2026-01-02T03:14:05Z", .host = {{"cpus", "2"}}};
const Measurement k_next_day{
    .started = "2026-01-03T03:04:05Z", .finished = "2026-01-03T03:14:05Z", .host = {{"cpus", "4"}}};

Results sample() {
  return {.measured = {{"parts", k_day}, {"cells", k_day}},
          .figures = {{.group = "parts", .name = "reading a console", .unit = "MB/s", .value = spread_of({250, 240})},
                      {.group = "cells", .name = "kdt / bare", .unit = "ratio", .value = spread_of({1.2, 1.1, 1.3})}},
          .not_measured = {{"cells/forked", "this kdt has no --no-template"}}};
}

const std::vector<Target> k_targets{{.group = "parts", .name = "reading a console", .at_least = 200},
                                    {.group = "cells", .name = "kdt / bare", .at_most = 1.05},
                                    {.group = "cells", .name = "not measured", .at_most = 1}};

} // namespace

TEST(BenchResults, ATargetIsHeldByTheMedian) {
  auto results = sample();
  EXPECT_TRUE(held(k_targets[0], *find(results, "parts", "reading a console")));
  EXPECT_FALSE(held(k_targets[1], *find(results, "cells", "kdt / bare")));
  EXPECT_EQ(find(results, "parts", "kdt / bare"), nullptr);
}

TEST(BenchResults, AreWrittenByTheirSchema) {
  auto json = to_json(sample(), k_targets);
  auto schema = std::string(KDT_SOURCE_DIR "/reports/schema/bench.schema.json");
  EXPECT_EQ(testing::schema_errors(schema, json.dump()), "");
  EXPECT_EQ(json["targets"].size(), 2U); // what was not measured is no target
  EXPECT_EQ(json["targets"][1]["held"], false);
  json["figures"][0].erase("median");
  EXPECT_NE(testing::schema_errors(schema, json.dump()), "");
}

TEST(BenchResults, AreReadBackAsTheyWereWritten) {
  auto text = to_json(sample(), k_targets).dump();
  auto read = results_from_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read, k_targets).dump(), text);
}

TEST(BenchResults, OfAnotherSchemaAreNotRead) {
  auto json = to_json(sample(), k_targets);
  json["schema"] = 1;
  EXPECT_FALSE(results_from_json(json.dump()));
  json = to_json(sample(), k_targets);
  json["figures"][1].erase("count");
  EXPECT_FALSE(results_from_json(json.dump()));
  EXPECT_FALSE(results_from_json("{"));
}

TEST(BenchResults, KeepTheGroupsThatWereNotMeasuredAgain) {
  Results again{.measured = {{"cells", k_next_day}}};
  add(again, "cells", "kdt / bare", "ratio", {1.0});
  auto both = with_others_of(again, sample());
  ASSERT_EQ(both.figures.size(), 2U);
  EXPECT_EQ(both.figures[0].group, "cells");
  EXPECT_EQ(find(both, "cells", "kdt / bare")->value.median, 1.0);
  EXPECT_EQ(find(both, "parts", "reading a console")->value.median, 245);
  EXPECT_EQ(both.measured.at("cells").started, k_next_day.started);
  EXPECT_EQ(both.measured.at("parts").host, k_day.host);
  EXPECT_TRUE(both.not_measured.empty()); // it was of cells, and this time there was nothing in the way
}

TEST(BenchResults, AreWrittenBesideWhatIsThere) {
  TempDir place("kdt-test");
  auto file = place.path() / "results.json";
  EXPECT_TRUE(write_results(file, sample(), k_targets));
  Results again{.measured = {{"cells", k_next_day}}};
  add(again, "cells", "kdt / bare", "ratio", {1.0});
  EXPECT_TRUE(write_results(file, again, k_targets));
  auto json = nlohmann::json::parse(read_file(file));
  EXPECT_EQ(json["figures"].size(), 2U);
  EXPECT_EQ(json["targets"].size(), 2U); // that of a figure that was kept, too
  EXPECT_EQ(json["measured"]["parts"]["started"], k_day.started);
  write_file(file, "{\"schema\": 1}");
  EXPECT_FALSE(write_results(file, again, k_targets));
  EXPECT_EQ(results_from_json(read_file(file))->figures.size(), 1U);
  EXPECT_THROW(write_results(place.path() / "no/such/directory", again, k_targets), Error);
}

TEST(BenchResults, ThoseOfThisRepositoryAreOfTheirSchema) {
  auto text = read_file(KDT_SOURCE_DIR "/bench/results.json");
  EXPECT_EQ(testing::schema_errors(KDT_SOURCE_DIR "/reports/schema/bench.schema.json", text), "");
  auto results = results_from_json(text);
  ASSERT_TRUE(results);
  for (const auto& figure : results->figures) EXPECT_TRUE(results->measured.contains(figure.group)) << figure.group;
}

TEST(BenchResults, SayWhatWasNotReached) {
  auto text = to_text(sample(), k_targets);
  EXPECT_NE(text.find("reached: parts/reading a console 245.00 MB/s, at least 200"), std::string::npos) << text;
  EXPECT_NE(text.find("NOT REACHED: cells/kdt / bare 1.20 ratio, at most 1.05"), std::string::npos) << text;
  EXPECT_NE(text.find("not measured: cells/forked: this kdt has no --no-template"), std::string::npos) << text;
}

TEST(BenchResults, AColumnOfAGroupIsAsWideAsItsLongestName) {
  Results results;
  add(results, "settings", "a", "s", {3, 4});
  add(results, "settings", std::string(50, 'b'), "ratio", {1});
  add(results, "parts", "c", "s", {1});
  EXPECT_EQ(to_text(results, {}), "settings\n  a" + std::string(49, ' ') + "  3.50 (3.00 to 4.00, n=2) s\n  " +
                                      std::string(50, 'b') + "  1.00 (n=1) ratio\n\nparts\n  c  1.00 (n=1) s\n");
}

} // namespace kdt::bench
