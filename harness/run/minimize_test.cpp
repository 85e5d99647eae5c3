#include "run/minimize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kdt::run {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<Difference> letters(const std::string& names) {
  std::vector<Difference> list;
  for (char name : names) list.push_back({std::string(1, name), "bad", "good"});
  return list;
}

std::vector<std::string> names(const std::vector<Difference>& list) {
  std::vector<std::string> names;
  for (const auto& difference : list) names.push_back(difference.parameter);
  return names;
}

/// Which of the letters are set as in the passing cell.
struct Set {
  const std::vector<Difference>& list;
  bool has(const char* name) const { return std::ranges::find(list, name, &Difference::parameter) != list.end(); }
};

class Minimize : public ::testing::Test {
protected:
  Minimum run(const std::string& all, const std::function<Outcome(const Set&)>& outcome, int most = 100) {
    return minimize(letters(all), most, [&](const std::vector<Difference>& as_passing) {
      ++tries_;
      return outcome(Set{as_passing});
    });
  }
  int tries_ = 0;
};

TEST_F(Minimize, FindsTheOneThatMatters) {
  for (const char* matters : {"a", "d", "h"}) {
    tries_ = 0;
    auto found = run("abcdefgh", [&](const Set& set) { return set.has(matters) ? Outcome::passes : Outcome::fails; });
    EXPECT_THAT(names(found.differences), ElementsAre(matters));
    EXPECT_FALSE(found.out_of_tries);
    EXPECT_LE(tries_, 8);
  }
}

TEST_F(Minimize, OneDifferenceNeedsNoTry) {
  auto found = run("a", [](const Set&) { return Outcome::other; });
  EXPECT_THAT(names(found.differences), ElementsAre("a"));
  EXPECT_EQ(tries_, 0);
}

TEST_F(Minimize, OfTwoThatMustBeSetBothOneIsEnoughFromTheNearestCellThatFails) {
  auto found =
      run("abcdefgh", [](const Set& set) { return set.has("b") && set.has("g") ? Outcome::passes : Outcome::fails; });
  EXPECT_EQ(found.differences.size(), 1U);
  EXPECT_EQ(found.differences.size() + found.as_passing.size() <= 8, true);
}

TEST_F(Minimize, KeepsTogetherWhatOnlyWorksTogether) {
  auto found = run("abcd", [](const Set& set) {
    if (set.has("b") != set.has("c")) return Outcome::other; // no guest can be that
    return set.has("b") ? Outcome::passes : Outcome::fails;
  });
  EXPECT_THAT(names(found.differences), UnorderedElementsAre("b", "c"));
  EXPECT_FALSE(found.out_of_tries);
}

TEST_F(Minimize, EndsWhenNothingElseIsEitherGoodOrBad) {
  auto found = run("abcdef", [](const Set&) { return Outcome::other; });
  EXPECT_EQ(found.differences.size(), 6U);
  EXPECT_LE(tries_, 40);
}

TEST_F(Minimize, TriesNoMoreThanItMay) {
  auto found = run(
      "abcdefgh", [](const Set& set) { return set.has("c") ? Outcome::passes : Outcome::fails; }, 2);
  EXPECT_EQ(tries_, 2);
  EXPECT_TRUE(found.out_of_tries);
  EXPECT_GT(found.differences.size(), 1U);
}

TEST(Differences, AreThoseOfParametersAndCanBeSet) {
  CellParameters failing;
  CellParameters passing;
  EXPECT_THAT(differences(failing, passing), IsEmpty());
  failing.rodata = "full";
  failing.crashkernel = "256M,high";
  failing.memory = ByteSize::gib(1);
  passing.dump.format = "elf";
  auto all = differences(failing, passing);
  EXPECT_THAT(names(all), ElementsAre("memory", "rodata", "crashkernel", "dump.format"));
  EXPECT_EQ(with_passing(failing, all), passing);
  EXPECT_EQ(with_passing(failing, {}), failing);
}

} // namespace
} // namespace kdt::run
