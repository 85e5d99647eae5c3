#include "base/file.hpp"
#include "matrix/rules.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
Rules rules_of(const std::string& body) {
  TempDir directory("kdt-rules");
  std::string text = "rules:\n";
  for (std::size_t at = 0; at < body.size();) {
    auto end = body.find('\n', at);
    text += "- {" + body.substr(at, end - at) + ", because: why, source: where}\n";
    at = end == std::string::npos ? body.size() : end + 1;
  }
  write_file(directory.path() / "r.yaml", text);
  return load_expectations(directory.path() / "r.yaml");
}

std::vector<std::string> ids(const std::vector<const Rule*>& rules) {
  std::vector<std::string> found;
  for (const auto* rule : rules) found.push_back(rule->id);
  return found;
}
} // namespace

TEST(Applicable, TakesTheFirstOfAGroupAndAllWithoutOne) {
  auto rules = rules_of("id: A, group: G, when: {version: \"<6.0\"}, expect: {load.loaded: true}\n"
                        "id: B, group: G, when: {version: \"<6.4\"}, expect: {load.loaded: true}\n"
                        "id: C, group: G, expect: {load.loaded: true}\n"
                        "id: D, expect: {load.loaded: true}");
  EXPECT_THAT(ids(applicable(rules, {{"version", std::string("6.1")}})), testing::ElementsAre("B", "D"));
  EXPECT_THAT(ids(applicable(rules, {{"version", std::string("6.4")}})), testing::ElementsAre("C", "D"));
}

TEST(Applicable, ListsOpenConditionsBeforeTheRunAndDropsThemAfter) {
  auto rules = rules_of("id: A, group: G, when: {load.loaded: true}, expect: {probe.rest: lands}\n"
                        "id: B, group: G, expect: {probe.rest: lands}");
  EXPECT_THAT(ids(applicable(rules, {})), testing::ElementsAre("A", "B"));
  EXPECT_THAT(ids(applicable(rules, {}, {{"load.loaded", true}})), testing::ElementsAre("A"));
  EXPECT_THAT(ids(applicable(rules, {}, {{"load.loaded", false}})), testing::ElementsAre("B"));
  EXPECT_THAT(ids(applicable(rules, {}, {})), testing::ElementsAre("B"));
}

TEST(Complete, DerivesInOrder) {
  auto rules = rules_of("group: R, when: {rodata: [on, off]}, derive: {rodata_full: false}\n"
                        "group: R, derive: {rodata_full: rodata_full_default}\n"
                        "group: M, when: {rodata_full: true}, derive: {linear_map: pages, region_map: linear_map}\n"
                        "group: M, derive: {linear_map: blocks}\n"
                        "derive: {reserved_size: \"roundup(crashkernel.size, page_size)\"}");
  auto facts = complete(rules, {{"rodata", std::string("unset")},
                                {"rodata_full_default", true},
                                {"crashkernel.size", std::int64_t{5000}},
                                {"page_size", std::int64_t{4096}}});
  EXPECT_EQ(facts.at("rodata_full"), Value(true));
  EXPECT_EQ(facts.at("linear_map"), Value(std::string("pages")));
  EXPECT_EQ(facts.at("region_map"), Value(std::string("pages")));
  EXPECT_EQ(facts.at("reserved_size"), Value(std::int64_t{8192}));
  facts = complete(rules, {{"rodata", std::string("off")}});
  EXPECT_EQ(facts.at("linear_map"), Value(std::string("blocks")));
  EXPECT_FALSE(facts.contains("reserved_size"));
}

TEST(ExpectedValue, SpeaksOnlyWhenItIsSure) {
  auto rules = rules_of("when: {crashkernel.form: none}, expect: {reservation.present: off}\n"
                        "when: {load.loaded: true}, expect: {capture.reached: true}");
  EXPECT_EQ(expected_value(rules, {{"crashkernel.form", std::string("none")}}, "reservation.present"), "false");
  EXPECT_EQ(expected_value(rules, {{"crashkernel.form", std::string("plain")}}, "reservation.present"), std::nullopt);
  EXPECT_EQ(expected_value(rules, {}, "capture.reached"), std::nullopt);
}

TEST(Describe, IsOneLine) {
  auto rules = rules_of(
      "id: X-OLD, when: {version: \"<6.4\", load.loaded: true}, expect: {probe.segments: faults, probe.rest: lands}\n"
      "id: D, derive: {linear_map: pages}");
  EXPECT_EQ(describe(rules.rules[0]),
            "X-OLD: probe.segments: faults, probe.rest: lands when version: <6.4, load.loaded: true");
  EXPECT_EQ(describe(rules.rules[1]), "D: linear_map is pages");
}

TEST(LoadExpectations, NamesRulesWithoutAnIdByTheirLine) {
  EXPECT_EQ(rules_of("expect: {load.loaded: true}").rules[0].id, "r.yaml:2");
}

TEST(Applicable, LeavesOutRulesAboutWhatTheCellDoesNotHave) {
  auto rules = rules_of("id: A, group: G, when: {shrink: \"> 4096\"}, expect: {shrink.error: none}\n"
                        "id: B, group: G, when: {shrink: absent}, expect: {shrink.error: absent}\n"
                        "id: C, when: {zone_dma: true}, expect: {load.loaded: true}");
  EXPECT_THAT(ids(applicable(rules, {})), testing::ElementsAre("B", "C")); // a kernel's fact may still come
  EXPECT_THAT(ids(applicable(rules, {{"shrink", std::int64_t{8192}}})), testing::ElementsAre("A", "C"));
}

TEST(Unexplained, AreThePromisedObservationsOfWhichNoRuleSpeaks) {
  TempDir directory("kdt-rules");
  write_file(
      directory.path() / "r.yaml",
      "must_explain: [map.all, load.loaded]\n"
      "rules: [{when: {version: \"6.1\"}, expect: {map.all: pages}, because: b, source: s, validated: false}]\n");
  auto rules = load_expectations(directory.path() / "r.yaml");
  EXPECT_TRUE(rules.must_explain("map.all"));
  EXPECT_FALSE(rules.must_explain("map.region"));
  EXPECT_FALSE(rules.rules[0].confirmed);
  auto names = [&](const Facts& facts) {
    std::string text;
    for (const auto* name : unexplained(rules, applicable(rules, facts))) text += fmt::format("{} ", name->name);
    return text;
  };
  EXPECT_EQ(names({{"version", std::string("6.1")}}), "load.loaded ");
  EXPECT_EQ(names({{"version", std::string("5.10")}}), "map.all load.loaded ");
}

TEST(Deriving, NamesTheRulesThatFactsCameFrom) {
  auto rules = rules_of("id: A, group: R, when: {rodata: full}, derive: {rodata_full: true}\n"
                        "id: B, group: R, derive: {rodata_full: false}\n"
                        "id: C, group: M, when: {rodata_full: true}, derive: {linear_map: pages}");
  auto of = [&](const char* rodata) {
    return ids(deriving(rules, complete(rules, {{"rodata", std::string(rodata)}})));
  };
  EXPECT_THAT(of("full"), testing::ElementsAre("A", "C"));
  EXPECT_THAT(of("on"), testing::ElementsAre("B"));
}

} // namespace kdt::matrix
