// What a user gets who types something wrong, or whose host cannot run guests: one sentence and the right exit status.

#include "base/process.hpp"
#include "base/text.hpp"
#include "e2e/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const std::string k_smoke = std::string(KDT_SOURCE_DIR) + "/matrices/smoke.yaml";

class Usage : public ::testing::Test {
protected:
  Outcome kdt(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {}) {
    auto outcome = run_kdt(place_, arguments, std::chrono::minutes(1), environment);
    EXPECT_THAT(outcome.out, IsEmpty());
    return outcome;
  }
  /// Nothing but the one sentence.
  static void expect_one_line(const Outcome& outcome) {
    EXPECT_THAT(outcome.err, StartsWith("kdt: "));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  }
  Place place_;
};

TEST_F(Usage, AMatrixThatIsNotThere) {
  auto outcome = kdt({"run", "no-such.yaml"});
  EXPECT_EQ(outcome.status.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("no-such.yaml"));
  expect_one_line(outcome);
}

TEST_F(Usage, AnUnknownAxisIsNamedWithItsPlaceAndTheNearest) {
  auto matrix = place_.write("typo.yaml", "name: typo\nkernels: [v6.1-dma]\naxes:\n  kernel: [v6.1-dma]\n"
                                          "  memroy: [1G]\n");
  for (const char* command : {"run", "list"}) {
    auto outcome = kdt({command, matrix.string()});
    EXPECT_EQ(outcome.status.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("typo.yaml:5:3: "));
    EXPECT_THAT(outcome.err, HasSubstr("memroy"));
    EXPECT_THAT(outcome.err, HasSubstr("did you mean 'memory'?"));
    expect_one_line(outcome);
  }
}

TEST_F(Usage, ASizeThatIsNone) {
  auto matrix = place_.write("size.yaml", "name: size\nkernels: [v6.1-dma]\ndefaults: {kernel: v6.1-dma}\n"
                                          "axes: {memory: [1G, 1X]}\n");
  auto outcome = kdt({"run", matrix.string()});
  EXPECT_EQ(outcome.status.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("size.yaml:4:"));
  EXPECT_THAT(outcome.err, HasSubstr("'1X'"));
  expect_one_line(outcome);
}

TEST_F(Usage, ASelectionThatSelectsNothing) {
  auto axis = kdt({"run", k_smoke, "--only", "rodta=full"});
  EXPECT_EQ(axis.status.code, 2);
  EXPECT_THAT(axis.err, HasSubstr("rodata"));
  expect_one_line(axis);
  auto value = kdt({"run", k_smoke, "--only", "rodata=ful"});
  EXPECT_EQ(value.status.code, 2);
  EXPECT_THAT(value.err, HasSubstr("full"));
  auto glob = kdt({"run", k_smoke, "--only", "kernel=*/rodata=never"});
  EXPECT_EQ(glob.status.code, 2);
}

TEST_F(Usage, OptionsThatAreWrong) {
  EXPECT_EQ(kdt({"run", k_smoke, "--no-such-option"}).status.code, 2);
  EXPECT_EQ(kdt({"run", k_smoke, "-j", "0"}).status.code, 2);
  EXPECT_EQ(kdt({"run", k_smoke, "-j", "many"}).status.code, 2);
  EXPECT_EQ(kdt({"run", k_smoke, "--keep", "some"}).status.code, 2);
  EXPECT_EQ(kdt({"run", k_smoke, "--shard", "3/2"}).status.code, 2);
  EXPECT_EQ(kdt({"run"}).status.code, 2);
  EXPECT_EQ(kdt({"dance"}).status.code, 2);
  EXPECT_EQ(kdt({}).status.code, 2);
}

TEST_F(Usage, ADirectoryThatHoldsARunAlreadyIsLeftAlone) {
  make_directories(place_.path() / "run");
  place_.write("run/journal.jsonl", "of an earlier run\n");
  auto outcome = kdt({"run", k_smoke, "--out", "run"});
  EXPECT_EQ(outcome.status.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("holds a run already"));
  expect_one_line(outcome);
  EXPECT_EQ(read_file(place_.path() / "run/journal.jsonl"), "of an earlier run\n");
}

TEST_F(Usage, ADirectoryOfSomebodyElseIsLeftAlone) {
  make_directories(place_.path() / "theirs");
  place_.write("theirs/junit.xml", "theirs");
  auto outcome = kdt({"run", k_smoke, "--out", "theirs"});
  EXPECT_EQ(outcome.status.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("'junit.xml' is there"));
  expect_one_line(outcome);
  EXPECT_EQ(files_below(place_.path() / "theirs"), std::vector<std::string>{"junit.xml"});
  EXPECT_EQ(read_file(place_.path() / "theirs/junit.xml"), "theirs");
}

TEST_F(Usage, NothingToResume) {
  auto outcome = kdt({"run", k_smoke, "--resume", "nowhere"});
  EXPECT_EQ(outcome.status.code, 2);
  expect_one_line(outcome);
}

TEST_F(Usage, AnOutputThatCannotBeWritten) {
  place_.write("file", "");
  auto outcome = kdt({"run", k_smoke, "--out", "file/run"}); // a directory would be made below a file: also for root
  EXPECT_EQ(outcome.status.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("file/run"));
  expect_one_line(outcome);
}

TEST_F(Usage, AnOutputThatIsFull) {
  auto outcome = run_program({.argv = {"/bin/sh", "-c", "\"$0\" list \"$1\" > /dev/full", KDT_PROGRAM, k_smoke},
                              .environment = {{"KDT_ROOT", KDT_SOURCE_DIR}}},
                             Deadline::after(std::chrono::minutes(1)));
  EXPECT_EQ(outcome.status.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("kdt: what was printed could not be written: No space left on device"));
}

TEST_F(Usage, AHostWithoutQemu) {
  make_directories(place_.path() / "bin");
  std::map<std::string, std::string> without{{"PATH", (place_.path() / "bin").string()}};
  auto run = kdt({"run", k_smoke, "--out", "run"}, without);
  EXPECT_EQ(run.status.code, 3);
  EXPECT_THAT(run.err, HasSubstr("qemu-system-arm")); // the package
  EXPECT_THAT(run.err, HasSubstr("apt-get install"));
  expect_one_line(run);
  EXPECT_FALSE(fs::exists(place_.path() / "run")) << "nothing begins on a host that cannot end it";

  auto doctor = run_kdt(place_, {"doctor"}, std::chrono::minutes(1), without);
  EXPECT_EQ(doctor.status.code, 3);
  EXPECT_THAT(doctor.out, HasSubstr("apt-get install qemu-system-arm"));
  EXPECT_THAT(doctor.out, HasSubstr("This host cannot run kdt yet."));
}

TEST_F(Usage, DoctorFindsThisHostAble) {
  auto doctor = run_kdt(place_, {"doctor"});
  EXPECT_EQ(doctor.status.code, 0) << doctor.out;
}

TEST_F(Usage, ACacheThatCannotBeWritten) {
  auto file = place_.write("cache", "");
  auto outcome = kdt({"run", k_smoke, "--out", "run"}, {{"XDG_CACHE_HOME", file.string()}});
  EXPECT_TRUE(outcome.status.code == 2 || outcome.status.code == 3) << outcome.status.code;
  EXPECT_THAT(outcome.err, HasSubstr(file.string()));
  expect_one_line(outcome);
}

} // namespace
} // namespace kdt::e2e
