#include "e2e/program.hpp"

#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

/// What every other test needs: with an empty cache the first run would build, and all deadlines would be wrong.
class Images : public ::testing::Environment {
public:
  void SetUp() override {
    Place place;
    auto built = run_kdt(place, {"images", "build", "v6.1-dma", "v6.1-nodma"}, k_build_budget);
    ASSERT_TRUE(built.status.success()) << to_string(built.status) << "\n" << built.err;
    EXPECT_EQ(files_below(place.tmp()), std::vector<std::string>{});
  }
};

[[maybe_unused]] const auto* const k_images = ::testing::AddGlobalTestEnvironment(new Images);

TEST(E2eImages, ASecondBuildHasNothingToDo) {
  Place place;
  auto again = run_kdt(place, {"images", "build", "v6.1-dma", "v6.1-nodma"});
  EXPECT_TRUE(again.status.success()) << again.err;
  EXPECT_LT(again.seconds.count(), 20);
}

} // namespace
} // namespace kdt::e2e
