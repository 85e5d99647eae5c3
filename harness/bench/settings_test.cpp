#include "base/error.hpp"
#include "bench/settings.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kdt::bench {

namespace {

/// In how much two guests differ.
int differences(const BareSettings& a, const BareSettings& b) {
  return (a.memory != b.memory) + (a.crashkernel != b.crashkernel) + (a.save != b.save) +
         (a.accelerator != b.accelerator) + (a.drive != b.drive) + (a.cmdline != b.cmdline) +
         (a.capture_cmdline != b.capture_cmdline);
}

const Choice k_drive{.name = "drive",
                     .stretch = Stretch::cell,
                     .settings = {{.name = "fast", .guest = {.drive = "fast"}},
                                  {.name = "slow", .guest = {.drive = "slow"}},
                                  {.name = "other", .guest = {.drive = "other"}}}};

} // namespace

TEST(Settings, OfAChoiceDifferFromItsBaseInThatAlone) {
  std::set<std::string> names;
  for (const auto& choice : choices()) {
    const auto& base = choice.settings.at(0).guest;
    EXPECT_EQ(base.accelerator, "tcg,thread=single") << choice.name;
    EXPECT_EQ(base.memory, "4G");
    EXPECT_GE(choice.settings.size(), 2U) << choice.name;
    for (const auto& setting : choice.settings) {
      EXPECT_TRUE(names.insert(choice.name + " " + setting.name).second) << setting.name;
      EXPECT_EQ(differences(setting.guest, base), &setting == &choice.settings.front() ? 0 : 1) << setting.name;
    }
  }
}

TEST(Settings, AreHeldAgainstTheBaseOfTheirRound) {
  double base = 1; // a machine that gets slower from round to round
  Results results;
  measure_choices(
      {k_drive}, 3,
      [&](const BareSettings& guest) -> BareCell {
        if (guest.drive == "fast") return {.measured = {.status = {}, .wall = Seconds(base *= 2)}};
        return {.measured = {.status = {}, .wall = Seconds(guest.drive == "slow" ? 16 : 8)}};
      },
      results);
  EXPECT_EQ(find(results, "settings", "drive fast, the cell")->value.median, 4);
  const auto* slow = find(results, "settings", "drive slow / fast");
  EXPECT_EQ(slow->value.most, 8); // 16/2, 16/4, 16/8
  EXPECT_EQ(slow->value.median, 4);
  EXPECT_EQ(slow->value.least, 2);
  EXPECT_EQ(find(results, "settings", "drive other / fast")->value.median, 2);
}

TEST(Settings, OfSavingAreTakenFromTheGuest) {
  auto choice = k_drive;
  choice.stretch = Stretch::save;
  Results results;
  measure_choices(
      {choice}, 1,
      [](const BareSettings&) -> BareCell {
        return {.measured = {.status = {}, .wall = Seconds(9)}, .save = Seconds(3)};
      },
      results);
  EXPECT_EQ(find(results, "settings", "drive fast, the save")->value.median, 3);
}

TEST(Settings, OneThatDoesNotRunIsNotMeasuredAndTheOthersAre) {
  int tries = 0;
  auto run = [&](const BareSettings& guest) -> BareCell {
    if (guest.drive != "slow") return {.measured = {.status = {}, .wall = Seconds(1)}};
    if (++tries == 1) return {.measured = {.status = {}, .wall = Seconds(1)}};
    throw Error(Blame::infra, "no O_DIRECT");
  };
  Results results;
  measure_choices({k_drive}, 4, run, results);
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(find(results, "settings", "drive slow / fast"), nullptr);
  EXPECT_EQ(find(results, "settings", "drive other / fast")->value.count, 4U);
  EXPECT_EQ(results.not_measured.at("settings/drive slow"), "no O_DIRECT");
}

TEST(Settings, WithoutTheBaseThereIsNothingToSay) {
  Results results;
  EXPECT_THROW(
      measure_choices(
          {k_drive}, 1, [](const BareSettings&) -> BareCell { throw Error(Blame::infra, "no QEMU"); }, results),
      Error);
}

} // namespace kdt::bench
