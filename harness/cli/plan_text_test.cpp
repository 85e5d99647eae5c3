#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/plan_text.hpp"
#include "matrix/derive.hpp"
#include "matrix/expand.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace kdt::cli {

namespace {
using testing::HasSubstr;
using testing::Not;

const matrix::Rules& rules() {
  static const auto loaded = matrix::load_expectations(fs::path(KDT_SOURCE_DIR) / "matrices/expectations/arm64.yaml");
  return loaded;
}

Facts facts_of(const std::string& crashkernel, const std::string& version = "6.1") {
  CellParameters parameters;
  parameters.crashkernel = crashkernel;
  parameters.rodata = "on";
  return matrix::complete(rules(), matrix::derive(parameters, {{"version", version},
                                                               {"zone_dma", true},
                                                               {"kfence", std::string("off")},
                                                               {"page_size", std::int64_t{4096}},
                                                               {"cma", std::int64_t{0}}}));
}

Cell named(const std::string& id) {
  Cell cell;
  cell.id = id;
  return cell;
}
} // namespace

TEST(PlanText, SaysWhatIsExpectedAndWhy) {
  auto cell = named("kernel=k");
  auto text = plan_text({cell, facts_of("256M"), rules()});
  EXPECT_TRUE(text.starts_with("kernel=k\n"));
  EXPECT_THAT(text, HasSubstr("  P-PLAIN  the first search is below the DMA limit, top-down\n    source: arch/arm64/"));
  EXPECT_THAT(text, HasSubstr("    expect reservation.start: [ram_base, dma_limit) = [0x40000000, 0xc0000000)\n"));
  // Not only that the map is at pages, but why.
  EXPECT_THAT(text, HasSubstr("  M-61-CRASHKERNEL  the region is reserved after the linear map is made"));
  EXPECT_THAT(text, HasSubstr("    linear_map = pages\n"));
  EXPECT_THAT(text, HasSubstr("    if load.loaded: true\n"));
  EXPECT_THAT(text, Not(HasSubstr("cannot pass")));
}

TEST(PlanText, FitsAHundredColumns) {
  auto cell = named("kernel=k");
  for (const char* crashkernel : {"256M", "512G", "256M,high 64M,low", "256M@0x60000000"})
    for (const auto& line : split(plan_text({cell, facts_of(crashkernel), rules()}), '\n'))
      EXPECT_LE(line.size(), 100U) << line;
}

TEST(PlanText, MarksWhatNoRuleSpeaksOfAndWhatNoGuestConfirmed) {
  auto cell = named("kernel=k");
  auto silent = rules(); // the shipped ones speak of every plain request
  silent.rules.clear();
  EXPECT_THAT(plan_text({cell, facts_of("256M"), silent}), HasSubstr("no rule speaks of reservation.present"));
  EXPECT_THAT(plan_text({cell, facts_of("64G,high", "6.6"), rules()}), HasSubstr("seen in no guest yet"));
  auto json = plan_json({cell, facts_of("256M"), silent});
  EXPECT_THAT(json["unexplained"].dump(), HasSubstr("reservation.present"));
}

TEST(PlanJson, HoldsTheSame) {
  auto cell = named("kernel=k");
  auto json = plan_json({cell, facts_of("256M"), rules()});
  EXPECT_EQ(json["id"], "kernel=k");
  EXPECT_FALSE(json.contains("unexplained"));
  auto text = json.dump();
  EXPECT_THAT(text, HasSubstr(R"("rule":"P-PLAIN")"));
  EXPECT_THAT(text, HasSubstr(R"("gives":{"linear_map":"pages"})"));
  EXPECT_THAT(text, HasSubstr(R"("if":{"load.loaded":"true"})"));
}

} // namespace kdt::cli
