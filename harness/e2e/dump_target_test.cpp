// Dumps that do not come as one stream on one disk: a real guest saves them, the host makes one file of them.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

constexpr const char* k_matrix = R"(
name: parts
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full, format: kdump}
include:
- {split: 2}
- {compression: zstd}
)";

TEST(DumpTargets, PartsOnTwoDisksBecomeOneDumpAndWhatTheToolLacksIsSkipped) {
  Place place;
  auto matrix = place.write("parts.yaml", k_matrix).string();
  auto outcome = run_kdt(place, {"run", matrix, "-j", "2", "--keep", "all", "--out", "run"}, k_run_budget);
  EXPECT_TRUE(outcome.status.success()) << outcome.out << outcome.err;
  auto run = read_run(place.path() / "run");
  const auto& split = cell_with(run, "split=2");
  EXPECT_EQ(split.verdict, Verdict::pass) << findings_text(run);
  EXPECT_EQ(cell_with(run, "zstd").verdict, Verdict::skip) << findings_text(run);
  auto directory = place.path() / "run/cells" / split.cell.slug;
  EXPECT_EQ(size_of_file(directory / "vmcore").bytes,
            static_cast<std::uint64_t>(std::get<std::int64_t>(split.observed.at("vmcore.size"))));
  EXPECT_EQ(run_kdt(place, {"verify", (directory / "vmcore").string(), "--facts", (directory / "cell.json").string()},
                    k_run_budget)
                .status.code,
            0);
}

} // namespace
} // namespace kdt::e2e
