#include "base/error.hpp"
#include "base/file.hpp"
#include "image/build_step.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class BuildStepsTest : public testing::Test {
protected:
  TempDir place{"kdt-steps-test"};
  std::vector<Progress> told;
  Observer observer = [this](const Progress& progress) { told.push_back(progress); };
  std::stop_source stop;
  BuildSteps steps{"kernel a", place.path() / "a.log", observer, stop.get_token()};

  static Command shell(const std::string& script) { return {.argv = {"sh", "-c", script}}; }
};

TEST_F(BuildStepsTest, OutputGoesToTheLog) {
  steps.run("compiling", shell("echo out; echo err >&2"));
  EXPECT_THAT(read_file(place.path() / "a.log"), AllOf(HasSubstr("\nout\n"), HasSubstr("\nerr\n")));
}

TEST_F(BuildStepsTest, ProgressCountsBuildLinesAndNeverReachesOneEarly) {
  steps.run("compiling", shell("for i in 1 2 3 4; do echo '  CC      x.o'; echo noise; done"), 2);
  ASSERT_THAT(told, testing::SizeIs(6));
  EXPECT_EQ(told[0].what, "kernel a: compiling");
  EXPECT_DOUBLE_EQ(*told[1].fraction, 0.5);
  EXPECT_TRUE(told[1].left.has_value());
  EXPECT_DOUBLE_EQ(*told[4].fraction, 0.99);
  EXPECT_FALSE(told[4].done);
  EXPECT_TRUE(told[5].done);
}

TEST_F(BuildStepsTest, FailureNamesTheFirstErrorAndTheLog) {
  auto failing = shell("echo 'x.c:1: error: no such thing' >&2; echo 'make: *** [x.o] Error 1'; exit 2");
  EXPECT_THAT([&] { steps.run("compiling", failing); },
              ThrowsMessage<Error>(AllOf(HasSubstr("kernel a: compiling failed (exit status 2)"),
                                         HasSubstr("x.c:1: error: no such thing"), HasSubstr("a.log"))));
  EXPECT_FALSE(told.back().done);
}

TEST_F(BuildStepsTest, StopEndsTheProgram) {
  Observer ask = [&](const Progress& progress) {
    if (progress.fraction > 0) stop.request_stop();
  };
  BuildSteps stoppable("kernel a", place.path() / "b.log", ask, stop.get_token());
  EXPECT_THROW(stoppable.run("compiling", shell("echo '  CC      x.o'; exec tail -f /dev/null"), 10), Interrupted);
}

TEST(FirstError, PrefersTheCompilerToMake) {
  EXPECT_EQ(first_error("  CC a.o\na.c:1: error: x\nmake: *** Error 1\n"), "a.c:1: error: x");
  EXPECT_EQ(first_error("make: *** Error 1\na.c:1: error: x\n"), "a.c:1: error: x");
  EXPECT_EQ(first_error("can't open file \"K\"\nmake[1]: *** [x] Error 1\n"), "can't open file \"K\"");
  EXPECT_EQ(first_error("one\ntwo\n"), "two");
  EXPECT_EQ(first_error(""), "no output");
}

TEST(IsShortage, TellsTheHostsFaultFromTheSources) {
  EXPECT_TRUE(is_shortage("mm/init.c:1: fatal error: error writing to /x.s: No space left on device"));
  EXPECT_TRUE(is_shortage("gcc: fatal error: Killed signal terminated program cc1"));
  EXPECT_FALSE(is_shortage("mm/init.c:1: error: 'x' undeclared"));
}

TEST(Space, TooLittleSaysHowToMendIt) {
  TempDir place("kdt-space-test");
  EXPECT_NO_THROW(require_space(place.path(), ByteSize{1}, "it"));
  EXPECT_THAT([&] { require_space(place.path(), ByteSize::gib(1u << 30), "kernel a"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("kernel a needs"), HasSubstr("./kdt images gc"))));
}

} // namespace
} // namespace kdt::image
