#include "base/error.hpp"
#include "base/file.hpp"
#include "run/recipe.hpp"
#include "testing/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {
namespace {

using ::testing::HasSubstr;

Recipe sample() {
  return {.kernel = {.name = "v6.1-dma",
                     .image = "/cache/Image",
                     .vmlinux = {},
                     .system_map = "System.map",
                     .config = "/cache/config",
                     .initramfs = "/cache/initramfs.cpio",
                     .facts = {{"version", std::string("6.1")}, {"zone_dma", true}},
                     .build_id = "0123",
                     .release = "6.1.176",
                     .no_probe = "",
                     .fingerprint = "guest-v6.1-dma-1"},
          .rules = {.expectations = {"/m/arm64.yaml"}, .known_issues = {}, .triggers = "/m/linux.yaml"},
          .matrix = "matrices/smoke.yaml",
          .kernel_options = {"--kernel", "a=/src"},
          .emulator_version = "7.2.22",
          .timeout_scale = 2};
}

std::string error_of(const fs::path& directory) {
  try {
    read_recipe(directory);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}

TEST(Recipe, IsReadAsItWasWrittenWithPathsFromItsDirectory) {
  TempDir directory("kdt-test");
  write_file(directory.path() / k_recipe_file, recipe_json(sample()));
  auto recipe = read_recipe(directory.path());
  auto wanted = sample();
  EXPECT_EQ(recipe.kernel.image, wanted.kernel.image);
  EXPECT_EQ(recipe.kernel.vmlinux, "");
  EXPECT_EQ(recipe.kernel.system_map, directory.path() / "System.map");
  EXPECT_EQ(recipe.kernel.facts, wanted.kernel.facts);
  EXPECT_EQ(recipe.kernel.build_id, "0123");
  EXPECT_EQ(recipe.kernel.fingerprint, "guest-v6.1-dma-1");
  EXPECT_EQ(recipe.rules.expectations, wanted.rules.expectations);
  EXPECT_EQ(recipe.rules.triggers, wanted.rules.triggers);
  EXPECT_EQ(recipe.matrix, wanted.matrix);
  EXPECT_EQ(recipe.kernel_options, wanted.kernel_options);
  EXPECT_EQ(recipe.emulator_version, "7.2.22");
  EXPECT_EQ(recipe.timeout_scale, 2);
}

TEST(Recipe, FollowsItsSchema) {
  EXPECT_EQ(kdt::testing::schema_errors(KDT_SOURCE_DIR "/reports/schema/recipe.schema.json", recipe_json(sample())),
            "");
}

TEST(Recipe, SaysWhatIsWrongInWhichFile) {
  TempDir directory("kdt-test");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("recipe.json: no such file"));
  for (const char* text : {"", "[]", "{}", R"({"schema": 1})", R"({"schema": 2})", R"({"schema": "x"})"}) {
    write_file(directory.path() / k_recipe_file, text);
    EXPECT_THAT(error_of(directory.path()), HasSubstr("recipe.json: ")) << text;
  }
  EXPECT_THROW(read_cell(directory.path()), Error);
}

} // namespace
} // namespace kdt::run
