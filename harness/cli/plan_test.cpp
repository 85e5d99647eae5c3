#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/plan.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

namespace kdt::cli {

namespace {

/// The repository's own kernels and smoke matrix; nothing is built.
class PlanTest : public testing::Test {
protected:
  Plan plan(const SelectionOptions& selection, std::vector<std::string> matrices = {k_smoke}) {
    return make_plan(matrices, selection, images_);
  }

  std::string sentence(const SelectionOptions& selection) {
    try {
      plan(selection);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "no error";
  }

  static constexpr const char* k_smoke = KDT_SOURCE_DIR "/matrices/smoke.yaml";
  TempDir cache_{"kdt-test"};
  image::Images images_{cache_.path(), KDT_SOURCE_DIR};
};

} // namespace

TEST_F(PlanTest, SmokeHasFourCellsWithRules) {
  auto all = plan({});
  EXPECT_EQ(all.cells.size(), 4U);
  EXPECT_FALSE(all.cells.front().expectations->rules.rules.empty());
  EXPECT_EQ(all.kernel_facts.size(), 2U);
}

TEST_F(PlanTest, SelectionsNarrowAndTyposAreNamed) {
  EXPECT_EQ(plan({.only = {"zone_dma=on"}}).cells.size(), 2U);
  EXPECT_EQ(plan({.skip = {"rodata=on"}}).cells.size(), 2U);
  EXPECT_NE(sentence({.only = {"rodate=on"}}).find("did you mean 'rodata'"), std::string::npos);
}

TEST_F(PlanTest, NightlyStandsForItsMatrices) {
  auto nightly = plan({}, {KDT_SOURCE_DIR "/matrices/nightly.yaml"});
  EXPECT_EQ(nightly.cells.front().cell.id.substr(0, 6), "arm64:");
  std::map<std::string, std::size_t> cells;
  for (const auto& planned : nightly.cells) ++cells[planned.cell.id.substr(0, planned.cell.id.find(':'))];
  for (const char* name : {"arm64", "edges", "kernels", "triggers", "loaders", "dumps"})
    EXPECT_EQ(cells[name], plan({}, {fmt::format("{}/matrices/{}.yaml", KDT_SOURCE_DIR, name)}).cells.size()) << name;
}

TEST_F(PlanTest, ACellThatNoGuestCanBeIsRefusedWithItsPlace) {
  TempDir place("kdt-test");
  auto refused = [&](const std::string& include) -> std::string {
    write_file(place.path() / "m.yaml", "kernels: [v6.1-dma]\ninclude:\n- {" + include + "}\n");
    try {
      plan({}, {(place.path() / "m.yaml").string()});
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return std::string(error.what()).substr(place.path().string().size() + 1);
    }
    return "accepted";
  };
  EXPECT_TRUE(refused("memory: 16T").starts_with("m.yaml:3:12: memory 16T: cortex-a57 addresses 44 bits"));
  EXPECT_TRUE(refused("cpus: 17").starts_with("m.yaml:3:10: cpus 17: kernel v6.1-dma is built for at most 16 CPUs"));
  EXPECT_TRUE(refused("memory: 1G, cpu: cortex-a75").starts_with("m.yaml:3:21: cpu cortex-a75: "));
  EXPECT_TRUE(refused("trigger: sysrq-d").starts_with("m.yaml:3:13: trigger: 'sysrq-d' is unknown (did you mean"));
  EXPECT_TRUE(refused("capture_trigger: bugg").starts_with("m.yaml:3:21: capture_trigger: 'bugg' is unknown"));
  EXPECT_EQ(refused("crashkernel: 512G"), "accepted"); // the kernel refuses it: an experiment
}

TEST_F(PlanTest, OwnKernelsTakeThePlaceOfTheMatrixs) {
  TempDir place("kdt-test");
  make_directories(place.path() / "linux/arch/arm64");
  write_file(place.path() / "linux/Makefile", "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n");
  for (const char* file : {"Kconfig", "arch/arm64/Kconfig"}) write_file(place.path() / "linux" / file, "");
  images_.add_own({.files = {}, .texts = {"base=" + (place.path() / "linux").string() + ",zone_dma=both"}});
  auto own = plan({});
  ASSERT_EQ(own.cells.size(), 4U);
  EXPECT_EQ(own.cells.front().cell.id, "kernel=base-dma/rodata=full");
  EXPECT_EQ(own.kernel_facts.at("base-nodma").at("zone_dma"), Value(false));
  EXPECT_EQ(own.kernel_facts.at("base-dma").at("version"), Value(std::string("6.12")));
  EXPECT_TRUE(own.kernel_facts.at("base-dma").contains("origin"));
}

TEST_F(PlanTest, SeveralMatricesAreToldApartByName) {
  TempDir place("kdt-test");
  write_file(place.path() / "other.yaml", "name: other\nkernels: [v6.1-dma]\naxes:\n  kernel: [v6.1-dma]\n");
  auto both = plan({}, {k_smoke, (place.path() / "other.yaml").string()});
  ASSERT_EQ(both.cells.size(), 5U);
  EXPECT_TRUE(both.cells.front().cell.id.starts_with("smoke:"));
  EXPECT_EQ(both.cells.back().cell.id, "other:kernel=v6.1-dma");
  for (const auto& rule : both.cells.back().expectations->rules.rules) // the triggers' own
    EXPECT_TRUE(rule.id.starts_with("T-")) << rule.id;
  EXPECT_THROW(plan({}, {k_smoke, k_smoke}), Error);
}

} // namespace kdt::cli
