#include "base/file.hpp"
#include "run/learnt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace kdt::run {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Need k_guess{.memory = ByteSize::gib(2), .disk = ByteSize::gib(1), .seconds = 5};

class LearntTest : public testing::Test {
protected:
  Learnt open() {
    return Learnt(file_, [this](const std::string& sentence) { warnings_.push_back(sentence); });
  }
  static Measured measured(double seconds, std::uint64_t mib, const std::string& of_class = "a") {
    return {.cell_class = of_class, .size_class = "size", .seconds = seconds, .memory = ByteSize::mib(mib)};
  }
  TempDir place_{"kdt-test"};
  fs::path file_ = place_.path() / "cache" / "learnt.sqlite";
  std::vector<std::string> warnings_;
};

} // namespace

TEST_F(LearntTest, KnowsTheMostMemoryAndTheMedianTimeInTheNextRun) {
  {
    auto learnt = open();
    EXPECT_EQ(learnt.better(k_guess, "a", "size"), k_guess);
    for (auto [seconds, mib] : {std::pair{10.0, 1000U}, {30.0, 4000U}, {11.0, 900U}})
      learnt.add(measured(seconds, mib));
  }
  auto need = open().better(k_guess, "a", "size");
  EXPECT_EQ(need.seconds, 11);
  EXPECT_EQ(need.memory, ByteSize::mib(4400 + 32));
  EXPECT_EQ(need.disk, k_guess.disk);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(LearntTest, AnotherCellOfTheSameSizeNeverLowersTheGuessOfMemory) {
  auto learnt = open();
  learnt.add(measured(40, 100));
  auto need = learnt.better(k_guess, "b", "size");
  EXPECT_EQ(need.seconds, 40);
  EXPECT_EQ(need.memory, k_guess.memory);
  learnt.add(measured(40, 9000, "c"));
  EXPECT_GT(learnt.better(k_guess, "b", "size").memory, ByteSize::mib(9000));
  EXPECT_EQ(learnt.better(k_guess, "b", "another size"), k_guess);
}

TEST_F(LearntTest, WhatIsOldIsForgotten) {
  auto learnt = open();
  learnt.add(measured(1000, 9000));
  for (int i = 0; i < 10; ++i) learnt.add(measured(1, 1));
  EXPECT_EQ(learnt.better(k_guess, "a", "size").memory,
            ByteSize{ByteSize::mib(33).bytes + ByteSize::mib(1).bytes / 10});
}

TEST_F(LearntTest, AFileThatIsNoDatabaseIsAWarningAndStaysAsItIs) {
  make_directories(file_.parent_path());
  write_file(file_, std::string(4096, 'x'));
  auto learnt = open();
  learnt.add(measured(1, 1));
  EXPECT_EQ(learnt.better(k_guess, "a", "size"), k_guess);
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr(file_.string()));
  EXPECT_EQ(read_file(file_), std::string(4096, 'x'));
}

TEST_F(LearntTest, ADatabaseWithDamageInsideIsAWarning) {
  {
    auto learnt = open();
    for (int i = 0; i < 200; ++i) learnt.add(measured(1, 1, std::string(100, 'c') + std::to_string(i)));
  }
  auto text = read_file(file_);
  ASSERT_GT(text.size(), 16384U);
  write_file(file_, text.substr(0, 4096) + std::string(text.size() - 4096, '\xff'));
  EXPECT_EQ(open().better(k_guess, "a", "size"), k_guess);
  EXPECT_THAT(warnings_, SizeIs(1));
}

TEST_F(LearntTest, APlaceThatCannotBeWrittenToIsAWarning) {
  write_file(place_.path() / "cache", "a file where the directory should be");
  EXPECT_EQ(open().better(k_guess, "a", "size"), k_guess);
  EXPECT_THAT(warnings_, SizeIs(1));
}

TEST_F(LearntTest, WithoutAFileNothingIsKeptAndNobodyWarned) {
  file_.clear();
  auto learnt = open();
  learnt.add(measured(1, 1));
  EXPECT_EQ(learnt.better(k_guess, "a", "size"), k_guess);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(LearntTest, SeveralRunsWriteAtOnce) {
  constexpr int k_runs = 4;
  constexpr int k_cells = 20;
  std::vector<std::string> warned[k_runs];
  {
    std::vector<std::jthread> threads;
    for (int run = 0; run < k_runs; ++run)
      threads.emplace_back([&, run] {
        Learnt learnt(file_, [&](const std::string& sentence) { warned[run].push_back(sentence); });
        for (int i = 0; i < k_cells; ++i) learnt.add(measured(7, 1, std::to_string(run * k_cells + i)));
      });
  }
  for (const auto& each : warned) EXPECT_THAT(each, IsEmpty());
  auto learnt = open();
  for (int i = 0; i < k_runs * k_cells; ++i) EXPECT_EQ(learnt.better(k_guess, std::to_string(i), "").seconds, 7) << i;
}

} // namespace kdt::run
