#include "base/text.hpp"
#include "cli/application.hpp"
#include "cli/command_help.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::cli {

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

class CommandHelpTest : public testing::Test {
protected:
  const CommandHelp& find(const std::string& path) const {
    for (const auto* command : all_commands(help_))
      if (command->path == path) return *command;
    throw std::runtime_error(path);
  }
  Context context_{.repository = {}, .stop = {}};
  Application application_{context_};
  CommandHelp help_ = describe(application_.app());
};

/// The words of a command line as a shell takes them: quotes of one kind, no escapes; what follows | or > is the
/// shell's.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false, any = false;
  for (char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && (c == '|' || c == '>')) {
      break;
    } else if (c == ' ' && !quoted) {
      if (any) words.push_back(word);
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) words.push_back(word);
  return words;
}

TEST_F(CommandHelpTest, HoldsCommandsOptionsAndValues) {
  EXPECT_EQ(help_.name, "kdt");
  const auto& run = find("kdt run");
  EXPECT_EQ(run.about, "run the cells of a matrix");
  ASSERT_EQ(run.positionals.size(), 1U);
  EXPECT_THAT(run.positionals[0].names, ElementsAre("MATRIX"));
  bool seen = false;
  for (const auto& option : run.options) {
    if (option.names.back() == "--jobs") {
      EXPECT_THAT(option.names, ElementsAre("-j", "--jobs"));
    }
    if (option.names.back() == "--fail-fast") {
      EXPECT_FALSE(option.takes_value);
    }
    if (option.names.back() != "--keep") continue;
    seen = true;
    EXPECT_TRUE(option.takes_value);
    EXPECT_THAT(option.values, ElementsAre("all", "failed", "none"));
    EXPECT_NE(option.about.find("(default: failed)"), std::string::npos);
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(find("kdt images build").name, "build");
}

TEST_F(CommandHelpTest, KnowsWhatMustBeGivenAndWhatMoreThanOnce) {
  const auto& matrix = find("kdt run").positionals.at(0);
  EXPECT_TRUE(matrix.required && matrix.many);
  const auto& cell = find("kdt repro").positionals.at(0);
  EXPECT_TRUE(cell.required && !cell.many);
  const auto& code = find("kdt explain").positionals.at(0);
  EXPECT_TRUE(!code.required && !code.many);
  EXPECT_TRUE(find("kdt").needs_command);
  EXPECT_FALSE(find("kdt images").needs_command);
}

TEST_F(CommandHelpTest, EveryCommandSaysWhatItIsForAndShowsExamples) {
  for (const auto* command : all_commands(help_)) {
    EXPECT_FALSE(command->about.empty()) << command->path;
    for (const auto& option : command->options) EXPECT_FALSE(option.about.empty()) << command->path << option.names[0];
    EXPECT_FALSE(command->examples.empty()) << command->path;
  }
}

TEST_F(CommandHelpTest, EveryExampleIsACommandLineThatKdtTakes) {
  for (const auto* command : all_commands(help_))
    for (const auto& example : command->examples) {
      auto words = words_of(example);
      ASSERT_GE(words.size(), 2U) << example;
      EXPECT_EQ(words[0], "./kdt") << example;
      if (command->path != "kdt") {
        EXPECT_TRUE(example.starts_with("./" + command->path)) << example << " shows another command";
      }
      words.erase(words.begin());
      std::ranges::reverse(words);
      Application fresh(context_);
      try {
        fresh.app().parse(words);
      } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) continue; // --help
        ADD_FAILURE() << example << ": " << usage_sentence(fresh.app(), error);
      }
    }
}

TEST_F(CommandHelpTest, NotesAndExamplesOfAFooterAreToldApart) {
  CLI::App app("about", "x");
  app.footer("one\nparagraph\n\nanother\n\nExamples:\n  ./x a\n  ./x b");
  auto help = describe(app);
  EXPECT_THAT(help.notes, ElementsAre("one paragraph", "another"));
  EXPECT_THAT(help.examples, ElementsAre("./x a", "./x b"));
}

} // namespace
} // namespace kdt::cli
