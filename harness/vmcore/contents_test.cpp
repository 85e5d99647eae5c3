#include "vmcore/contents.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace kdt::vmcore;

TEST(VmcoreContents, SurvivesJson) {
  Contents contents;
  contents.format = Format::flattened;
  contents.release = "6.1.0";
  contents.crash_time = -1;
  contents.cpus = {{.pc = ~std::uint64_t{0}, .sp = 1, .lr = 2, .pstate = 3, .pid = -1, .fp = 4, .registers = {}}};
  contents.crash = {.kernel_offset = 5,
                    .text = {},
                    .banner = "Linux",
                    .panic_cpu = 1,
                    .notes_kept = true,
                    .cpus = {{.stack = {1, 2}, .cpu = 1, .task = "init"}, {}}};
  contents.canaries = {{.address = {4096}, .state = Sighting::State::intact, .at = 0}};
  contents.shape.memory = {{{4096}, {8192}}};
  contents.empty_pieces = {{{8192}, {12288}}};
  contents.pages.stopped = "the time for it was over";
  contents.peak_memory = 1 << 20;
  contents.cpu_seconds = 0.25;
  auto json = to_json(contents);
  auto back = contents_from_json(nlohmann::ordered_json::parse(json.dump()));
  EXPECT_EQ(to_json(back), json);
  EXPECT_EQ(back.cpus.at(0).pc, ~std::uint64_t{0});
  EXPECT_EQ(back.shape.memory, contents.shape.memory);
  EXPECT_EQ(back.empty_pieces, contents.empty_pieces);
  EXPECT_EQ(back.pages.stopped, contents.pages.stopped);
  EXPECT_EQ(back.peak_memory, contents.peak_memory);
  EXPECT_EQ(back.cpu_seconds, contents.cpu_seconds);
}

TEST(VmcoreContents, RefusesWhatItDidNotWrite) {
  EXPECT_THROW(contents_from_json({{"format", 1}}), nlohmann::json::exception);
  EXPECT_THROW(contents_from_json(nlohmann::ordered_json::array()), nlohmann::json::exception);
}
