// The examples of docs/ci.md: the shell in them runs here, in the order in which a CI system would run it, with the
// real kdt. Only the matrix is another one, whose cells no host holds: each is a skip, and no guest starts.

#include "base/process.hpp"
#include "base/text.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <sys/stat.h>

namespace kdt::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// The text of the block that begins with "```" and this.
std::string block(const std::string& kind) {
  auto text = read_file(fs::path(KDT_SOURCE_DIR) / "docs/ci.md");
  auto begin = text.find("\n```" + kind + "\n");
  EXPECT_NE(begin, std::string::npos) << kind;
  begin += kind.size() + 5;
  return text.substr(begin, text.find("\n```", begin) + 1 - begin);
}

using Environment = std::map<std::string, std::string>;

/// A checkout: `kdt` runs the real one on another matrix, and ends with $PRETEND instead, if that is set and it would
/// have ended well; `mail` keeps what it was given. Cells run with the real cache, whichever was named: that is kept in
/// the file `caches`.
class CiDoc : public ::testing::Test {
protected:
  CiDoc() {
    place_.write("large.yaml", "name: nightly\nkernels: [v6.1-dma]\ndefaults: {kernel: v6.1-dma, crashkernel: 256M}\n"
                               "axes: {memory: [8T, 9T, 10T, 11T, 12T]}\n");
    make_directories(place_.path() / "bin");
    script("kdt", "#!/bin/bash\n"
                  "[ ! -e stop ] || exit 2\n"
                  "words=()\n"
                  "for word; do [ \"$word\" != matrices/nightly.yaml ] || word=large.yaml; words+=(\"$word\"); done\n"
                  "echo \"$*\" >>calls\n"
                  "case $1 in run | merge)\n"
                  "  echo \"$1 ${XDG_CACHE_HOME-}\" >>caches\n"
                  "  unset XDG_CACHE_HOME\n"
                  "  [ -z \"$REAL_CACHE\" ] || export XDG_CACHE_HOME=\"$REAL_CACHE\" ;;\n"
                  "esac\n"
                  "\"$REAL_KDT\" \"${words[@]}\" || exit\n"
                  "case $1 in run | merge) exit \"${PRETEND:-0}\" ;; esac\n");
    script("bin/mail", "#!/bin/bash\n{ echo \"$*\"; cat; } >mail\n");
  }

  void script(const std::string& name, const std::string& text) {
    auto file = place_.write(name, text);
    ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  }
  /// Runs a text with a shell in the checkout; its exit status.
  int shell(std::vector<std::string> argv, const std::string& text, Environment environment = {}) {
    argv.push_back(place_.write("step", text).string());
    const char* cache = std::getenv("XDG_CACHE_HOME");
    environment.merge(Environment{{"REAL_KDT", KDT_PROGRAM},
                                  {"REAL_CACHE", cache == nullptr ? "" : cache},
                                  {"KDT_ROOT", KDT_SOURCE_DIR},
                                  {"TMPDIR", place_.tmp().string()},
                                  {k_place_variable, place_.path().string()},
                                  {"KDT_HISTORY", (place_.path() / "history").string()},
                                  {"PATH", (place_.path() / "bin").string() + ":" + std::getenv("PATH")}});
    auto done = run_program({.argv = std::move(argv), .environment = environment, .directory = place_.path()},
                            Deadline::after(std::chrono::minutes(5)));
    said_ = done.out + done.err;
    return done.status.code;
  }
  bool there(const std::string& file) const { return fs::exists(place_.path() / file); }
  std::string content(const std::string& file) const { return read_file(place_.path() / file); }

  Place place_;
  std::string said_;
};

class GitHub : public CiDoc {
protected:
  /// The steps of a job that are shell, with what GitHub puts into its variables.
  int job(const std::string& name, int index, const std::string& pretend = "0") {
    auto workflow = YAML::Load(block("yaml github"));
    EXPECT_EQ(workflow["defaults"]["run"]["shell"].as<std::string>(), "bash");
    Environment environment{{"GITHUB_STEP_SUMMARY", (place_.path() / "page.md").string()},
                            {"GITHUB_WORKSPACE", place_.path().string()},
                            {"PRETEND", pretend}};
    for (const auto& variable : workflow["jobs"][name]["env"])
      if (variable.second.as<std::string>() == "${{ matrix.index }}")
        environment[variable.first.as<std::string>()] = std::to_string(index);
    int status = 0;
    for (const auto& step : workflow["jobs"][name]["steps"])
      if (step["run"] && status == 0)
        status =
            shell({"bash", "--noprofile", "--norc", "-eo", "pipefail"}, step["run"].as<std::string>(), environment);
    return status;
  }
};

TEST_F(GitHub, FourShardsBecomeOneRunAndTomorrowIsComparedWithIt) {
  for (int index = 1; index <= 4; ++index)
    EXPECT_EQ(job("shard", index, index == 2 ? "1" : "0"), 0) << "the report says that a cell is red" << said_;
  EXPECT_EQ(job("report", 0), 0) << said_;
  auto cache = (place_.path() / ".cache").string();
  EXPECT_THAT(split(content("caches"), '\n'),
              ElementsAre("run " + cache, "run " + cache, "run " + cache, "run " + cache, "merge " + cache, ""))
      << "what actions/cache keeps is the path .cache of the workspace";
  EXPECT_EQ(read_run(place_.path() / "runs/whole").cells.size(), 5U);
  EXPECT_THAT(content("page.md"), HasSubstr("# large: 5 skip"));
  EXPECT_TRUE(there("last/run.json"));
  fs::remove_all(place_.path() / "runs/whole");
  EXPECT_EQ(job("report", 0, "1"), 1) << "a red cell makes a red job";
  EXPECT_THAT(content("page.md"), HasSubstr("## Since run whole"));
}

/// In a job with `container:`, ${{ github.workspace }} and its like are paths of the host.
TEST_F(GitHub, ContainersAreToldNoPathOfTheHost) {
  auto workflow = YAML::Load(block("yaml github"));
  for (const auto& each : workflow["jobs"])
    for (const auto& variable : each.second["env"])
      EXPECT_THAT(variable.second.as<std::string>(), Not(HasSubstr("github.workspace"))) << each.first;
}

TEST_F(GitHub, AKdtThatCannotRunMakesARedShard) {
  place_.write("stop", "");
  EXPECT_EQ(job("shard", 1), 2);
}

TEST_F(CiDoc, GitLabsJobsDoTheSame) {
  auto pipeline = YAML::Load(block("yaml gitlab"));
  auto job = [&](const std::string& name, Environment environment) {
    std::string text;
    for (const auto& line : pipeline[name]["script"]) text += line.as<std::string>() + "\n";
    return shell({"bash", "-eo", "pipefail"}, text, std::move(environment));
  };
  for (const char* name : {"shard", "whole"})
    EXPECT_EQ(pipeline[name]["rules"][0]["if"].as<std::string>(), "$CI_PIPELINE_SOURCE == \"schedule\"") << name;
  EXPECT_EQ(pipeline["shard"]["cache"]["when"].as<std::string>(), "always");
  EXPECT_EQ(pipeline["whole"]["rules"][0]["when"].as<std::string>(), "always") << "also when a shard was red";
  auto count = pipeline["shard"]["parallel"].as<int>();
  for (int index = 1; index <= count; ++index)
    EXPECT_EQ(job("shard", {{"CI_NODE_INDEX", std::to_string(index)}, {"CI_NODE_TOTAL", std::to_string(count)}}), 0)
        << said_;
  EXPECT_EQ(job("whole", {}), 0) << said_;
  EXPECT_EQ(read_run(place_.path() / "runs/whole").cells.size(), 5U);
  EXPECT_TRUE(there(pipeline["whole"]["artifacts"]["reports"]["junit"].as<std::string>()));
  fs::remove_all(place_.path() / "runs/whole");
  EXPECT_EQ(job("whole", {{"PRETEND", "3"}}), 3);
  EXPECT_THAT(said_, HasSubstr("since whole"));
}

/// The texts between ''' and '''.
std::vector<std::string> groovy_shell(const std::string& text) {
  std::vector<std::string> scripts;
  for (std::size_t at = text.find("'''"); at != std::string::npos;) {
    auto end = text.find("'''", at + 3);
    scripts.push_back(text.substr(at + 3, end - at - 3));
    at = text.find("'''", end + 3);
  }
  return scripts;
}

TEST_F(CiDoc, JenkinsShellRunsAndCleansUp) {
  auto scripts = groovy_shell(block("groovy"));
  ASSERT_EQ(scripts.size(), 2U);
  EXPECT_EQ(shell({"sh", "-xe"}, scripts[0], {{"BUILD_NUMBER", "7"}}), 0) << said_;
  EXPECT_TRUE(there("runs/7/junit.xml"));
  EXPECT_EQ(shell({"sh", "-xe"}, scripts[0], {{"BUILD_NUMBER", "8"}, {"PRETEND", "1"}}), 1);
  EXPECT_THAT(said_, HasSubstr("since 7 ("));
  auto old = fs::file_time_type::clock::now() - std::chrono::hours(24 * 40);
  fs::last_write_time(place_.path() / "runs/7", old);
  TempDir empty("kdt-test"); // the real cache is not ours to clean up
  EXPECT_EQ(shell({"sh", "-xe"}, scripts[1], {{"XDG_CACHE_HOME", empty.path().string()}}), 0) << said_;
  EXPECT_FALSE(there("runs/7"));
  EXPECT_TRUE(there("runs/8"));
}

TEST_F(CiDoc, CronWritesAMailOnlyWhenSomethingIsWrong) {
  // The cache must stay the real one for the run: what cleans it up is left out.
  script("kdt", "#!/bin/bash\n"
                "[ \"$1 $2\" != 'images gc' ] || { echo cleaned >>calls; exit 0; }\n"
                "words=(\"${@/#matrices\\/nightly.yaml/large.yaml}\")\n"
                "\"$REAL_KDT\" \"${words[@]}\" || exit\n"
                "exit \"${PRETEND:-0}\"\n");
  auto text = block("sh cron");
  EXPECT_EQ(shell({"bash"}, text), 0) << said_;
  EXPECT_FALSE(there("mail"));
  EXPECT_EQ(content("calls"), "cleaned\n");
  for (const auto& entry : fs::directory_iterator(place_.path() / "runs")) fs::remove_all(entry);
  EXPECT_EQ(shell({"bash"}, text, {{"PRETEND", "1"}, {"MAILTO", "lab"}}), 1);
  EXPECT_THAT(content("mail"), HasSubstr("-s kdt: exit status 1, runs/"));
  EXPECT_THAT(content("mail"), HasSubstr("# large: 5 skip"));
}

TEST_F(CiDoc, NamesNoHost) {
  auto text = read_file(fs::path(KDT_SOURCE_DIR) / "docs/ci.md");
  EXPECT_EQ(text.find("://"), std::string::npos);
}

} // namespace
} // namespace kdt::e2e
