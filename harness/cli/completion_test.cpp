#include "base/file.hpp"
#include "base/process.hpp"
#include "cli/application.hpp"
#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::HasSubstr;

class CompletionTest : public testing::Test {
protected:
  /// What a shell prints that runs this script; skips the test where there is no such shell.
  std::string shell(const std::string& name, const std::string& completion, const std::string& script) {
    write_file(place_.path() / "_kdt", completion);
    write_file(place_.path() / "script", script);
    auto done = run_program({.argv = {name, (place_.path() / "script").string()},
                             .environment = {{"HOME", place_.path().string()}, {"PLACE", place_.path().string()}},
                             .directory = place_.path()},
                            Deadline::after(std::chrono::minutes(2)));
    EXPECT_TRUE(done.status.success()) << done.err;
    EXPECT_EQ(done.err, "");
    return done.out;
  }
  /// bash's answers to a command line whose last word is being typed.
  std::string bash(const std::string& words, int index) {
    return shell("bash", bash_completion(help_),
                 fmt::format(". \"$PLACE/_kdt\"; COMP_WORDS=({}); COMP_CWORD={}; _kdt; echo \"${{COMPREPLY[*]}}\"\n",
                             words, index));
  }
  TempDir place_{"kdt-test"};
  Context context_{.repository = {}, .stop = {}};
  Application application_{context_};
  CommandHelp help_ = describe(application_.app());
};

TEST_F(CompletionTest, EveryCommandAndOptionIsThere) {
  for (const auto& text : {bash_completion(help_), zsh_completion(help_)})
    for (const auto* command : all_commands(help_)) {
      EXPECT_THAT(text, HasSubstr(command->name));
      for (const auto& option : command->options)
        for (const auto& name : option.names) EXPECT_THAT(text, HasSubstr(name)) << command->path;
    }
  auto fish = fish_completion(help_);
  for (const auto* command : all_commands(help_))
    for (const auto& option : command->options)
      for (const auto& name : option.names)
        EXPECT_THAT(fish, HasSubstr(name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1)));
}

TEST_F(CompletionTest, BashKnowsCommandsOptionsAndValues) {
  EXPECT_EQ(bash("kdt ru", 1), "run\n");
  EXPECT_THAT(bash("kdt ''", 1), HasSubstr("doctor"));
  EXPECT_EQ(bash("kdt run --jo", 2), "--jobs\n");
  EXPECT_EQ(bash("kdt run m.yaml --keep fa", 4), "failed\n");
  EXPECT_EQ(bash("kdt repro a --stop-after ''", 4), "boot load probe capture save\n");
  EXPECT_EQ(bash("kdt repro a --gd", 3), "--gdb --gdb=\n");
  EXPECT_EQ(bash("kdt run m.yaml --out ''", 4), "\n") << "a file: bash's own";
  EXPECT_EQ(bash("kdt images bu", 2), "build\n");
  EXPECT_EQ(bash("kdt images build --re", 3), "--refresh\n");
  EXPECT_EQ(bash("kdt list run --br", 3), "--brief\n") << "a matrix that is called like a command";
}

TEST_F(CompletionTest, FishKnowsCommandsOptionsAndValues) {
  if (!find_program("fish")) GTEST_SKIP() << "no fish here";
  auto answers = [&](const std::string& line) {
    return shell("fish", fish_completion(help_), "source $PLACE/_kdt\ncomplete -C '" + line + "'\n");
  };
  EXPECT_THAT(answers("kdt ru"), HasSubstr("run\trun the cells of a matrix\n"));
  EXPECT_THAT(answers("kdt run --job"), HasSubstr("--jobs\t"));
  EXPECT_THAT(answers("kdt run --keep f"), HasSubstr("failed"));
  EXPECT_THAT(answers("kdt images bu"), HasSubstr("build\t"));
  EXPECT_THAT(answers("kdt images build --re"), HasSubstr("--refresh\t"));
  EXPECT_THAT(answers("kdt list --ref"), ::testing::Not(HasSubstr("--refresh")));
}

TEST_F(CompletionTest, ZshTakesIt) {
  if (!find_program("zsh")) GTEST_SKIP() << "no zsh here";
  // What _arguments and _describe are told, without a terminal to complete on.
  auto answers = [&](const std::string& words, int current) {
    return shell(
        "zsh", zsh_completion(help_),
        fmt::format("compdef() {{ }}\n_arguments() {{ print -r -- \"$words\"; print -rl -- \"$@\" }}\n"
                    "_describe() {{ print -rl -- ${{(P)2}} }}\nsource $PLACE/_kdt\nwords=({}); CURRENT={}\n_kdt\n",
                    words, current));
  };
  EXPECT_THAT(answers("kdt ''", 2), HasSubstr("run:run the cells of a matrix\n"));
  EXPECT_THAT(answers("kdt images bu", 3), HasSubstr("build:"));
  EXPECT_THAT(answers("kdt images build --re", 4), HasSubstr("*--refresh["));
  EXPECT_THAT(answers("kdt repro a --gd", 4), HasSubstr("*--gdb=-["));
  EXPECT_THAT(answers("kdt run m.yaml --keep f", 5), HasSubstr("]:value:(all failed none)\n"));
  EXPECT_THAT(answers("kdt run m.yaml --keep f", 5), HasSubstr("run m.yaml --keep f\n"));
}

} // namespace
} // namespace kdt::cli
