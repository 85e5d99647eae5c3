#include "base/file.hpp"
#include "matrix/expand.hpp"
#include "matrix/own_kernels.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {
namespace {

using testing::ElementsAre;

std::vector<std::string> ids(const std::string& yaml, const std::vector<std::string>& names) {
  TempDir place("kdt-own-kernels-test");
  write_file(place.path() / "m.yaml", yaml);
  auto matrix = load_matrix(place.path() / "m.yaml", {});
  use_kernels(matrix, names);
  std::vector<std::string> found;
  for (const auto& cell : expand(matrix)) found.push_back(cell.id);
  return found;
}

TEST(OwnKernels, TakeThePlaceOfTheAxis) {
  EXPECT_THAT(ids("axes: {kernel: [a, b], rodata: [full, on]}\n", {"base", "series"}),
              ElementsAre("kernel=base/rodata=full", "kernel=base/rodata=on", "kernel=series/rodata=full",
                          "kernel=series/rodata=on"));
}

TEST(OwnKernels, AreAnAxisWhereThereWasNone) {
  EXPECT_THAT(ids("kernels: [a]\naxes: {rodata: [full, on]}\n", {"base"}),
              ElementsAre("kernel=base/rodata=full", "kernel=base/rodata=on"));
}

TEST(OwnKernels, ThatTheMatrixNamesChangeNothing) {
  EXPECT_THAT(ids("axes: {kernel: [a, base]}\n", {"base"}), ElementsAre("kernel=a", "kernel=base"));
  EXPECT_THAT(ids("axes: {kernel: [a, base]}\n", {"base", "series"}), ElementsAre("kernel=base", "kernel=series"));
}

TEST(OwnKernels, EachIncludeIsACellOfEveryOne) {
  EXPECT_THAT(ids("include: [{kernel: a, memory: 1G}, {kernel: b, memory: 1G}, {kernel: b, memory: 2G}]\n", {"x", "y"}),
              ElementsAre("kernel=x/memory=1G", "kernel=x/memory=2G", "kernel=y/memory=1G", "kernel=y/memory=2G"));
  EXPECT_THAT(ids("kernels: [a]\ninclude: [{memory: 1G}]\n", {"x"}), ElementsAre("kernel=x/memory=1G"));
}

TEST(OwnKernels, CellsThatBecomeTheSameAreOne) {
  EXPECT_THAT(
      ids("kernels: [a, b]\naxes: {kernel: [a], rodata: [full]}\ninclude: [{kernel: b, rodata: full}]\n", {"x"}),
      ElementsAre("kernel=x/rodata=full"));
}

TEST(OwnKernels, AnExcludeThatNamesAKernelGoes) {
  EXPECT_THAT(
      ids("axes: {kernel: [a, b], rodata: [full, on]}\nexclude: [{kernel: a, rodata: full}, {rodata: on}]\n", {"x"}),
      ElementsAre("kernel=x/rodata=full"));
}

} // namespace
} // namespace kdt::matrix
