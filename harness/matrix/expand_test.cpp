#include "base/file.hpp"
#include "matrix/derive.hpp"
#include "matrix/expand.hpp"
#include "matrix/rules.hpp"
#include "matrix/selection.hpp"

#include <gmock/gmock.h>

#include <set>

namespace kdt::matrix {

namespace {
std::vector<Cell> cells_of(const std::string& text) {
  TempDir directory("kdt-expand");
  write_file(directory.path() / "m.yaml", text);
  return expand(load_matrix(directory.path() / "m.yaml", {}));
}

std::vector<std::string> ids(const std::vector<Cell>& cells) {
  std::vector<std::string> found;
  for (const auto& cell : cells) found.push_back(cell.id);
  return found;
}
} // namespace

TEST(Expand, KeepsTheDeclaredOrderAndTheWrittenValues) {
  auto cells = cells_of("axes: {kernel: [b, a], memory: [2048M], rodata: [full, on]}\n");
  EXPECT_THAT(ids(cells), testing::ElementsAre("kernel=b/memory=2048M/rodata=full", "kernel=b/memory=2048M/rodata=on",
                                               "kernel=a/memory=2048M/rodata=full", "kernel=a/memory=2048M/rodata=on"));
  EXPECT_EQ(cells[1].slug, "kernel=b_memory=2048M_rodata=on");
  EXPECT_EQ(cells[1].parameters.memory, ByteSize::gib(2));
  EXPECT_EQ(cells[1].parameters.rodata, "on");
}

TEST(Expand, ExcludesByMeaningAndIncludesWithTheIdOfAllAxes) {
  auto cells = cells_of("axes: {kernel: [a], memory: [1G, 2G], crashkernel: [256M, [\"512M,high\", \"64M,low\"]]}\n"
                        "exclude: [{memory: 1024M, crashkernel: [[\"512M,high\", \"64M,low\"]]}]\n"
                        "include: [{kernel: a, memory: 1024M, crashkernel: none, cpus: 4}]\n");
  EXPECT_THAT(ids(cells),
              testing::ElementsAre("kernel=a/memory=1G/crashkernel=256M", "kernel=a/memory=2G/crashkernel=256M",
                                   "kernel=a/memory=2G/crashkernel=512M,high+64M,low",
                                   "kernel=a/memory=1G/crashkernel=none/cpus=4"));
  EXPECT_EQ(cells[3].parameters.crashkernel, std::nullopt);
  EXPECT_EQ(cells[2].parameters.crashkernel, "512M,high 64M,low");
}

TEST(Expand, PairwiseNeedsFarFewerCellsAndStillMeetsEveryPair) {
  auto cells = cells_of(
      "axes: {kernel: [a, b], memory: [1G, 2G, 4G, 8G], rodata: [full, on, off], cpus: [1, 2, 4]}\ncover: pairwise\n"
      "exclude: [{kernel: a, memory: 8G}]\n");
  EXPECT_LE(cells.size(), 18U);
  std::set<std::string> pairs;
  for (const auto& cell : cells)
    for (const auto& [a, x] : cell.axes)
      for (const auto& [b, y] : cell.axes)
        if (a < b) pairs.insert(a + x + b + y);
  EXPECT_EQ(pairs.size(), 2U * 4 + 2 * 3 + 2 * 3 + 4 * 3 + 4 * 3 + 3 * 3 - 1); // all but the excluded pair
}

TEST(SlugOf, IsAFileNameAndTellsIdsApart) {
  EXPECT_EQ(slug_of("kernel=a/crashkernel=256M@0x60000000"), "kernel=a_crashkernel=256M@0x60000000");
  auto odd = slug_of("kernel=a/crashkernel=1G-:256M");
  EXPECT_THAT(odd, testing::StartsWith("kernel=a_crashkernel=1G-_256M-"));
  EXPECT_NE(odd, slug_of("kernel=a/crashkernel=1G-;256M"));
  EXPECT_EQ(slug_of(std::string(500, 'a')).size(), 200U);
  EXPECT_NE(slug_of(std::string(500, 'a')), slug_of(std::string(501, 'a')));
  EXPECT_EQ(slug_of("../x").find('/'), std::string::npos);
  EXPECT_NE(slug_of("..")[0], '.');
}

TEST(Expand, AThousandCellsAreSelectedAndJudgedByRules) {
  std::string values;
  for (int i = 1; i <= 100; ++i) values += (i == 1 ? "" : ", ") + std::to_string(i * 128) + "M";
  std::string cpus;
  for (int i = 1; i <= 5; ++i) cpus += (i == 1 ? "" : ", ") + std::to_string(i);
  auto cells = cells_of("kernels: [v]\naxes: {memory: [" + values + "], cpus: [" + cpus +
                        "], rodata: [on, full]}\ndefaults: {crashkernel: 256M}\n");
  ASSERT_EQ(cells.size(), 1'000U);
  auto rules = load_expectations(fs::path(KDT_SOURCE_DIR) / "matrices/expectations/arm64.yaml");
  Facts kernel{{"version", std::string("6.1")}, {"zone_dma", true}, {"page_size", std::int64_t{4096}}};
  auto chosen = select(cells, {.only = {"zone_dma=on", "memory=128M,1G"}, .skip = {"*cpus=4/*"}}, {{"v", kernel}});
  EXPECT_EQ(chosen.size(), 2U * 4 * 2);
  std::size_t listed = 0;
  for (const auto& cell : cells) listed += applicable(rules, complete(rules, derive(cell.parameters, kernel))).size();
  EXPECT_GT(listed, 1'000U);
}

} // namespace kdt::matrix
