#include "run/template_plan.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>

namespace kdt::run {

namespace {

/// Cells of one guest, each bent by a test.
class Cells {
public:
  using Bend = std::function<void(CellParameters&)>;

  Cell& add(const Bend& bend, const std::string& id = "") {
    Cell cell;
    cell.id = id.empty() ? "cell=" + std::to_string(cells_.size()) : id;
    cell.parameters.kernel = "k";
    cell.parameters.crashkernel = "256M";
    bend(cell.parameters);
    return cells_.emplace_back(std::move(cell));
  }

  TemplatePlan plan() const {
    std::vector<const Cell*> all;
    for (const auto& cell : cells_) all.push_back(&cell);
    return plan_templates(all);
  }

private:
  std::deque<Cell> cells_;
};

Cells::Bend trigger(const std::string& name) {
  return [=](CellParameters& parameters) { parameters.trigger = name; };
}

Cells::Bend filter(int level) {
  return [=](CellParameters& parameters) { parameters.dump.filter = level; };
}

using Numbers = std::vector<std::size_t>;

} // namespace

TEST(TemplatePlan, CellsThatDifferInTheTriggerShareAProbedGuest) {
  Cells cells;
  cells.add(trigger("panic"));
  cells.add([](CellParameters& parameters) { parameters.memory = ByteSize::gib(4); });
  cells.add(trigger("bug"));
  cells.add([](CellParameters& parameters) { parameters.trigger_cpu = 1; });
  cells.add([](CellParameters& parameters) { parameters.capture_trigger = "bug"; });
  auto plan = cells.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].after, Phase::probe);
  EXPECT_EQ(plan.groups[0].cells, (Numbers{0, 2, 3, 4}));
  EXPECT_EQ(plan.group_of[2], 0U);
  EXPECT_EQ(plan.group_of[1], std::nullopt); // nobody else has 4 GiB
  EXPECT_TRUE(plan.groups[0].name.starts_with("probe-"));
  EXPECT_EQ(plan.groups[0].name, cells.plan().groups[0].name);
}

TEST(TemplatePlan, CellsThatDifferInTheDumpOnlyShareACaptureKernel) {
  Cells cells;
  for (int level : {0, 1, 31}) cells.add(filter(level));
  auto plan = cells.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].after, Phase::capture);
  EXPECT_EQ(plan.groups[0].cells, (Numbers{0, 1, 2}));
}

TEST(TemplatePlan, AnythingThatDecidesHowTheGuestBootsTellsApart) {
  const std::vector<Cells::Bend> bends{
      [](auto& parameters) { parameters.kernel = "other"; },
      [](auto& parameters) { parameters.cpus = 4; },
      [](auto& parameters) { parameters.cpu = "max"; },
      [](auto& parameters) { parameters.rodata = "on"; },
      [](auto& parameters) { parameters.crashkernel = "512M"; },
      [](auto& parameters) { parameters.cmdline = "quiet"; },
      [](auto& parameters) { parameters.loader = "kexec_load"; },
      [](auto& parameters) { parameters.loads = "load unload load"; },
      [](auto& parameters) { parameters.initramfs_size = ByteSize::mib(64); },
      [](auto& parameters) { parameters.capture_cmdline = "quiet"; },
      [](auto& parameters) { parameters.shrink = ByteSize::mib(128); },
      [](auto& parameters) { parameters.dtb_randomness = false; },
      [](auto& parameters) { parameters.tcg_threads = "multi"; },
      [](auto& parameters) { parameters.dump.split = 2; }, // another disk
  };
  for (std::size_t i = 0; i < bends.size(); ++i) {
    Cells cells;
    cells.add(trigger("panic"));
    cells.add(bends[i]);
    EXPECT_TRUE(cells.plan().groups.empty()) << i;
  }
}

TEST(TemplatePlan, ADiskIsADiskWhateverIsToBeOnIt) {
  Cells cells;
  cells.add([](auto& parameters) { parameters.dump.target = "ext4"; });
  cells.add([](auto& parameters) { parameters.dump = {.format = "kdump", .target = "ext4", .split = 3}; });
  cells.add(filter(31));
  auto plan = cells.plan();
  ASSERT_EQ(plan.groups.size(), 1U);
  EXPECT_EQ(plan.groups[0].after, Phase::capture);
  EXPECT_EQ(plan.groups[0].cells.size(), 3U);
}

TEST(TemplatePlan, AFewDumpsOfEachTriggerShareTheProbedGuestManyShareTheirPanic) {
  Cells cells;
  for (const auto* name : {"panic", "bug"})
    for (int level : {0, 31})
      cells.add([=](auto& parameters) { parameters.trigger = name, parameters.dump.filter = level; });
  ASSERT_EQ(cells.plan().groups.size(), 1U);
  EXPECT_EQ(cells.plan().groups[0].after, Phase::probe);
  for (int level : {1, 2, 4, 8}) cells.add(filter(level));
  auto plan = cells.plan();
  ASSERT_EQ(plan.groups.size(), 2U);
  EXPECT_EQ(plan.groups[0].after, Phase::capture);
  EXPECT_EQ(plan.groups[0].cells, (Numbers{4, 5, 6, 7}));
  EXPECT_EQ(plan.groups[1].cells, (Numbers{0, 1, 2, 3}));
}

TEST(TemplatePlan, ACaptureKernelThatPanicsIsNoneToFreeze) {
  Cells cells;
  for (int i = 0; i < 5; ++i)
    cells.add([=](auto& parameters) { parameters.capture_trigger = "bug", parameters.dump.filter = i; });
  ASSERT_EQ(cells.plan().groups.size(), 1U);
  EXPECT_EQ(cells.plan().groups[0].after, Phase::probe);
}

TEST(TemplatePlan, WhoCannotOrShallNotBeAForkRunsCold) {
  Cells cells;
  cells.add(trigger("panic"));
  cells.add([](auto& parameters) { parameters.loader = "none"; });
  cells.add([](auto& parameters) { parameters.loader = "none", parameters.trigger = "bug"; });
  cells.add([](auto& parameters) { parameters.crashkernel.reset(); });
  cells.add([](auto& parameters) { parameters.crashkernel.reset(), parameters.trigger = "bug"; });
  cells.add([](auto& parameters) { parameters.dump.target = "ssh"; });
  cells.add([](auto& parameters) { parameters.dump = {.filter = 1, .target = "ssh"}; });
  cells.add(trigger("bug"), "a"); // each boot of a repeat counts
  cells.add(trigger("bug"), "a#2");
  EXPECT_TRUE(cells.plan().groups.empty());
}

TEST(TemplatePlan, WhatIsNotToRunIsNotCounted) {
  Cells cells;
  std::vector<const Cell*> some{&cells.add(trigger("panic")), nullptr};
  EXPECT_TRUE(plan_templates(some).groups.empty());
}

} // namespace kdt::run
