#include "bench/results.hpp"
#include "testing/schema.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::bench {

namespace {

Results sample() {
  return {.host = {{"cpus", "2"}},
          .started = "2026-01-02T03:04:05Z",
          .finished = "2026-01-02T03:14:05Z",
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

TEST(BenchResults, SayWhatWasNotReached) {
  auto text = to_text(sample(), k_targets);
  EXPECT_NE(text.find("reached: parts/reading a console 245.00 MB/s, at least 200"), std::string::npos) << text;
  EXPECT_NE(text.find("NOT REACHED: cells/kdt / bare 1.20 ratio, at most 1.05"), std::string::npos) << text;
  EXPECT_NE(text.find("not measured: cells/forked: this kdt has no --no-template"), std::string::npos) << text;
}

} // namespace kdt::bench
