#include "base/error.hpp"
#include "base/file.hpp"
#include "matrix/expand.hpp"
#include "matrix/selection.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
const KernelFacts k_kernels{
    {"a", {{"zone_dma", true}, {"version", std::string("6.1.192")}, {"page_size", std::int64_t{4096}}}},
    {"b", {{"zone_dma", false}, {"version", std::string("6.12.1")}, {"page_size", std::int64_t{4096}}}}};

const std::vector<Cell>& all() {
  static const auto cells = [] {
    TempDir directory("kdt-selection");
    write_file(
        directory.path() / "m.yaml",
        "axes: {kernel: [a, b], memory: [1G, 2G], crashkernel: [256M, \"512M,high\", [\"512M,high\", \"64M,low\"]]}\n");
    return expand(load_matrix(directory.path() / "m.yaml", {}));
  }();
  return cells;
}

std::size_t count(const Selection& selection) {
  return select(all(), selection, k_kernels).size();
}

std::string complaint(const Selection& selection) {
  try {
    select(all(), selection, k_kernels);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}
} // namespace

TEST(Select, ByAxisListGlobAndId) {
  EXPECT_EQ(count({}), 12U);
  EXPECT_EQ(count({.only = {"memory=2048M"}}), 6U);
  EXPECT_EQ(count({.only = {"memory=1G,2G"}}), 12U);
  EXPECT_EQ(count({.only = {"kernel=a", "memory=1G"}}), 3U);
  EXPECT_EQ(count({.only = {"kernel=*"}, .skip = {"kernel=b"}}), 6U);
  EXPECT_EQ(count({.only = {"kernel=a/memory=1G/*"}}), 3U);
  EXPECT_EQ(count({.only = {"*crashkernel=256M"}}), 4U);
  EXPECT_EQ(count({.only = {all()[5].id}}), 1U);
  EXPECT_EQ(count({.only = {"loader=kexec_file_load"}}), 12U);
}

TEST(Select, UnderstandsCommasAndPlusesInsideValues) {
  EXPECT_EQ(count({.only = {"crashkernel=512M,high"}}), 4U);
  EXPECT_EQ(count({.only = {"crashkernel=256M,512M,high"}}), 8U);
  EXPECT_EQ(count({.only = {"crashkernel=512M,high+64M,low"}}), 4U);
}

TEST(Select, ByFacts) {
  EXPECT_EQ(count({.only = {"zone_dma=off"}}), 6U);
  EXPECT_EQ(count({.only = {"zone_dma=false"}}), 6U);
  EXPECT_EQ(count({.only = {"zone_dma=on"}}), 6U);
  EXPECT_EQ(count({.only = {"version=6.1"}}), 6U);
  EXPECT_EQ(count({.only = {"version=>=6.2"}}), 6U);
  EXPECT_EQ(count({.only = {"crashkernel.form=high"}}), 4U);
  EXPECT_EQ(count({.only = {"page_size=4K"}}), 12U);
}

TEST(Select, SaysWhatIsWrongAndWhatIsNear) {
  EXPECT_EQ(complaint({.only = {"memroy=2G"}}), "--only: there is no axis or fact 'memroy' (did you mean 'memory'?)");
  EXPECT_EQ(complaint({.skip = {"zone_dm=on"}}),
            "--skip: there is no axis or fact 'zone_dm' (did you mean 'zone_dma'?)");
  EXPECT_EQ(complaint({.only = {"memory=3G"}}), "--only: no cell has memory '3G' (did you mean '1G'?)");
  EXPECT_THAT(complaint({.only = {"kernel=a/memory=1G/crashkernel=257M"}}),
              testing::HasSubstr("did you mean 'kernel=a/memory=1G/crashkernel=256M'?"));
  EXPECT_EQ(complaint({.only = {"nothing*"}}), "--only 'nothing*': no cell matches");
  EXPECT_EQ(complaint({.only = {"version=<6.0"}}), "--only 'version=<6.0': no cell matches");
  EXPECT_EQ(complaint({.only = {"kernel=a"}, .skip = {"kernel=a"}}), "the selection leaves no cell");
  EXPECT_EQ(complaint({.only = {"kernel=a", "zone_dma=off"}}), "the selection leaves no cell");
}

} // namespace kdt::matrix
