// A night: two shards on real guests, made one run, compared with the night before, and kept in the history.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* k_two_cells = "name: night\n"
                                    "kernels: [v6.1-dma]\n"
                                    "defaults: {memory: 1G, crashkernel: 256M}\n"
                                    "axes: {kernel: [v6.1-dma], rodata: [full, on]}\n";

TEST(Nightly, ShardsBecomeOneRunThatIsHeldAgainstTheNightBefore) {
  Place place;
  auto matrix = place.write("night.yaml", k_two_cells).string();
  auto one =
      run_kdt(place, {"run", matrix, "--shard", "1/2", "--out", "one", "--repeat", "2", "-j", "2"}, k_run_budget);
  EXPECT_TRUE(one.status.success()) << one.out << one.err;
  EXPECT_THAT(one.out, HasSubstr("night, shard 1/2: 2 pass"));
  EXPECT_THAT(one.out, HasSubstr("repeats, 1 cell up to 2 times: none is flaky"));

  auto lacking = run_kdt(place, {"merge", "one", "--out", "lacking"});
  EXPECT_EQ(lacking.status.code, 3) << lacking.err;
  EXPECT_THAT(lacking.out, HasSubstr("not there: shard 2 of 2"));

  auto two = run_kdt(place, {"run", matrix, "--shard", "2/2", "--out", "two"}, k_run_budget);
  EXPECT_TRUE(two.status.success()) << two.out << two.err;
  auto merged = run_kdt(place, {"merge", "one", "two", "--out", "whole", "--baseline", "last"});
  EXPECT_TRUE(merged.status.success()) << merged.out << merged.err;
  EXPECT_THAT(merged.out, HasSubstr("night: 3 pass"));
  EXPECT_THAT(merged.err, HasSubstr("no earlier run of")); // neither the shards nor what lacks one
  auto again = run_kdt(place, {"merge", "one", "two", "--out", "again", "--baseline", "last"});
  EXPECT_THAT(again.out, HasSubstr("since whole ("));
  EXPECT_EQ(read_run(place.path() / "whole").cells.size(), 3U);
  for (const auto& cell : cell_directories(place.path() / "whole"))
    EXPECT_TRUE(fs::exists(place.path() / "whole/cells" / cell / "console.log")) << cell;
  auto page = read_file(place.path() / "whole/report.html");
  EXPECT_THAT(page, HasSubstr("--run whole"));
  EXPECT_THAT(page, ::testing::Not(HasSubstr("--run one"))) << "the second shard's cells are not there";

  auto twice = run_kdt(place, {"merge", "one", "one", "--out", "twice"});
  EXPECT_EQ(twice.status.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("are both shard 1/2"));

  auto history = run_kdt(place, {"history", "rodata=full", "--json"});
  auto cells = nlohmann::json::parse(history.out);
  ASSERT_FALSE(cells.empty()) << history.err;
  EXPECT_LE(cells.size(), 2U) << "each cell once, however often it was merged";
  EXPECT_EQ(cells[0]["verdict"], "pass");
  EXPECT_EQ(cells[0]["fingerprint"].get<std::string>().size(), 64U);
  EXPECT_THAT(run_kdt(place, {"history", "rodata=fulll"}).err, HasSubstr("no cell 'rodata=fulll' was recorded"));
}

TEST(Nightly, AHostWithoutHistoryHasNone) {
  Place place;
  auto history = run_kdt(place, {"history"});
  EXPECT_EQ(history.status.code, 0);
  EXPECT_THAT(history.out, IsEmpty());
  EXPECT_THAT(history.err, HasSubstr("no run was recorded"));
}

TEST(Nightly, ShellsAndManAreTold) {
  Place place;
  EXPECT_THAT(run_kdt(place, {"completion", "bash"}).out, HasSubstr("complete -o bashdefault"));
  EXPECT_THAT(run_kdt(place, {"man", "images", "build"}).out, HasSubstr(".TH KDT\\-IMAGES\\-BUILD 1"));
  EXPECT_EQ(run_kdt(place, {"man", "--dir", "man1"}).status.code, 0);
  EXPECT_TRUE(fs::exists(place.path() / "man1/kdt-run.1"));
  auto wrong = run_kdt(place, {"man", "rum"});
  EXPECT_EQ(wrong.status.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'kdt run'?"));
}

} // namespace
} // namespace kdt::e2e
