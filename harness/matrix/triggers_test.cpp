#include "base/file.hpp"
#include "matrix/judge.hpp"
#include "matrix/triggers.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <set>

namespace kdt::matrix {

namespace {

const Triggers& shipped() {
  static const auto loaded = load_triggers(KDT_SOURCE_DIR "/matrices/triggers/linux.yaml");
  return loaded;
}

Rules shipped_rules() {
  Rules rules;
  add_rules(shipped(), rules);
  return rules;
}

std::string complaint_about(const std::string& text) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "t.yaml", text);
  try {
    load_triggers(directory.path() / "t.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    std::string sentence = error.what();
    return sentence.substr(sentence.find("t.yaml"));
  }
  return "none";
}

constexpr const char* k_rules = ", rules: [{expect: {panic.line: x}, because: b, source: s, finding: wrong-panic}]}}\n";

std::string one(const std::string& body) {
  return "triggers: {kick: {does: it" + body + k_rules;
}

/// What a guest showed (recorded), as observations.
struct Seen {
  std::string trigger;
  Facts facts;
  Facts observed;
};

std::vector<Seen> recorded() {
  std::vector<Seen> all;
  for (const auto& item : nlohmann::json::parse(read_file(KDT_TESTDATA "/panics.json"))) {
    Seen seen{.trigger = item.at("trigger"), .facts = {{"version", std::string("6.1")}}, .observed = {}};
    seen.facts["loader"] = item.at("loader").get<std::string>();
    for (const auto& [name, value] : item.at("observed").items()) {
      if (value.is_array())
        seen.observed[name] = value.get<std::vector<std::string>>();
      else if (value.is_boolean())
        seen.observed[name] = value.get<bool>();
      else
        seen.observed[name] = value.get<std::string>();
    }
    all.push_back(std::move(seen));
  }
  return all;
}

/// The findings when this was shown by a cell with that trigger.
std::vector<std::string> judged(const Seen& seen, const std::string& trigger) {
  auto facts = seen.facts;
  facts["trigger"] = trigger;
  std::vector<std::string> found;
  for (const auto& finding : judge(shipped_rules(), {}, facts, seen.observed, {}, today()).findings)
    found.push_back(finding.code + ": " + finding.text);
  return found;
}

} // namespace

TEST(Triggers, ReadsWhatIsDoneAndWhatMustBeSeen) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "t.yaml", one(", settings: {/proc/a: 1}, loads: [disk], needs: [CONFIG_X], "
                                              "steps: [{/proc/b: \"null\"}, exhaust-memory]"));
  auto triggers = load_triggers(directory.path() / "t.yaml");
  const auto* kick = triggers.find("kick");
  ASSERT_NE(kick, nullptr);
  EXPECT_EQ(kick->settings.at(0).file, "/proc/a");
  EXPECT_EQ(kick->steps.at(0).text, "null");
  EXPECT_EQ(kick->steps.at(1).act, "exhaust-memory");
  EXPECT_EQ(kick->needs, std::vector<std::string>{"CONFIG_X"});
  EXPECT_EQ(triggers.find("kiss"), nullptr);
  EXPECT_EQ(triggers.names(), std::vector<std::string>{"kick"});
}

TEST(Triggers, TheirRulesCountInTheirCellsOnlyAndOncePanicked) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "t.yaml", one(", machine: nmi"));
  Rules rules;
  add_rules(load_triggers(directory.path() / "t.yaml"), rules);
  auto findings = [&](const std::string& trigger, bool seen) {
    return judge(rules, {}, {{"trigger", trigger}}, {{"panic.seen", seen}, {"panic.line", std::string("y")}}, {},
                 today())
        .findings;
  };
  ASSERT_EQ(findings("kick", true).size(), 1U);
  EXPECT_EQ(findings("kick", true)[0].code, "wrong-panic");
  EXPECT_EQ(findings("kick", true)[0].blame, Blame::kernel);
  EXPECT_TRUE(findings("kick", false).empty());
  EXPECT_TRUE(findings("other", true).empty());
}

TEST(Triggers, SayWhatIsWrongAndWhere) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint_about(one("")), HasSubstr("t.yaml:1:18: a trigger has either 'steps'"));
  EXPECT_THAT(complaint_about(one(", machine: nmj")), HasSubstr("machine: 'nmj' is unknown (did you mean 'nmi'?)"));
  EXPECT_THAT(complaint_about(one(", machine: nmi, steps: [exhaust-memory]")), HasSubstr("either 'steps'"));
  EXPECT_THAT(complaint_about(one(", steps: [{proc: 1}]")), HasSubstr("'proc' is no path"));
  EXPECT_THAT(complaint_about(one(", steps: [sleep]")), HasSubstr("steps: 'sleep' is unknown"));
  EXPECT_THAT(complaint_about(one(", machine: nmi, needs: [X]")), HasSubstr("'X' is no CONFIG_ option"));
  EXPECT_THAT(complaint_about(one(", machine: nmi, loads: [net]")), HasSubstr("loads: 'net' is unknown"));
  EXPECT_THAT(complaint_about("triggers: {Kick: {}}\n"), HasSubstr("not a trigger's name"));
  EXPECT_THAT(complaint_about("triggers: {kick: {does: it, machine: nmi, rules: []}}\n"),
              HasSubstr("nothing is expected of kick"));
  EXPECT_THAT(complaint_about("triggers: {kick: {does: it, machine: nmi, rules: [{expect: {panic.line: x}, because: "
                              "b, source: s, finding: wrong-panick}]}}\n"),
              HasSubstr("did you mean 'wrong-panic'?"));
}

TEST(Triggers, EachIsMetByWhatItsGuestShowed) {
  for (const auto& seen : recorded()) EXPECT_THAT(judged(seen, seen.trigger), testing::IsEmpty()) << seen.trigger;
}

TEST(Triggers, NoneIsMetByWhatAnotherShowed) {
  // These panic alike. That a panic which should be seen is not seen, the runner says.
  const std::set<std::string> alike{"sysrq-c", "sysrq-break", "under-load", "dma"};
  for (const auto& seen : recorded()) {
    if (seen.observed.at("panic.seen") == Value(false)) continue;
    for (const auto& trigger : shipped().triggers) {
      bool same = trigger.name == seen.trigger || (alike.contains(trigger.name) && alike.contains(seen.trigger));
      if (same && !(trigger.name == "dma" && seen.trigger != "dma")) continue;
      EXPECT_THAT(judged(seen, trigger.name), testing::Contains(testing::StartsWith("wrong-panic: ")))
          << seen.trigger << " passes for " << trigger.name;
    }
  }
}

TEST(Triggers, APanicInAnotherPlaceOrTaskIsFound) {
  const auto stack = [](const Seen& seen) { return seen.observed.find("vmcore.crash_stack"); };
  for (const auto& seen : recorded()) {
    if (stack(seen) == seen.observed.end()) continue;
    auto elsewhere = seen;
    elsewhere.observed["vmcore.crash_stack"] = std::vector<std::string>{"panic+0x140", "do_exit+0x8b4"};
    EXPECT_THAT(judged(elsewhere, seen.trigger), testing::Contains(testing::StartsWith("panic-elsewhere: ")))
        << seen.trigger;
    if (seen.trigger == "panic-irq" || seen.trigger == "rcu-stall") continue; // an interrupt comes to any task
    auto other_task = seen;
    other_task.observed["vmcore.crashed_task"] = std::string("init");
    EXPECT_THAT(judged(other_task, seen.trigger), testing::ElementsAre(testing::StartsWith("panic-elsewhere: ")))
        << seen.trigger;
  }
}

TEST(Triggers, AStackOverflowThatIsSeenOrThatTheLogCallsOtherwiseIsWrong) {
  for (auto seen : recorded()) {
    if (seen.trigger != "overflow") continue;
    seen.observed["vmcore.panic_line"] = std::string("Kernel panic - not syncing: sysrq triggered crash");
    EXPECT_THAT(judged(seen, "overflow"), testing::SizeIs(1));
    seen.observed["panic.seen"] = true;
    EXPECT_THAT(judged(seen, "overflow"), testing::SizeIs(2));
  }
}

} // namespace kdt::matrix
