#include "base/text.hpp"
#include "model/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <limits>

namespace kdt {
namespace {

using Json = nlohmann::ordered_json;

/// A cell in which no member has its default.
CellResult full_cell() {
  CellResult result;
  result.cell.id = "kernel=v6.1-dma/memory=2G";
  result.cell.slug = "kernel=v6.1-dma_memory=2G";
  result.cell.axes = {{"memory", "2G"}, {"kernel", "v6.1-dma"}}; // not in alphabetical order
  result.cell.parameters = {
      .kernel = "v6.1-dma",
      .memory = ByteSize::gib(256),
      .cpus = 4,
      .cpu = "max",
      .rodata = "on",
      .crashkernel = "512M,high 64M,low",
      .loader = "kexec_load",
      .trigger = "nmi",
      .trigger_cpu = 3,
      .capture_trigger = "bug",
      .loads = "load unload load",
      .initramfs_size = ByteSize::mib(100),
      .dtb_randomness = false,
      .tcg_threads = "multi",
      .shrink = ByteSize::mib(128),
      .dump = {.filter = 1, .compression = "zstd", .format = "elf", .target = "file", .threads = 2, .split = 3},
      .cmdline = "quiet",
      .capture_cmdline = "irqpoll"};
  result.fingerprint = std::string(64, 'a');
  result.facts = {{"zone_dma", true}, {"page_size", std::int64_t{4096}}};
  result.observed = {{"crashkernel.start", std::int64_t{0xf0000000}},
                     {"boot.seconds", 2.0},
                     {"region.ranges", std::vector<std::string>{"0x60000000-0x6fffffff"}},
                     {"probe.segments", std::string("faults")}};
  result.verdict = Verdict::xfail;
  result.blame = Blame::tool;
  result.phases = {{Phase::boot, Seconds(1.5), "done", true}, {Phase::load, Seconds(0.25), "failed"}};
  result.fork = Fork{.of = "capture-0123abcd", .after = Phase::capture};
  result.not_forked = "the fork did not wake";
  result.expectations = {{"probe.segments", "faults", "lands", false, "R-1", "because", "source"},
                         {"probe.rest", "lands", std::nullopt, true, "R-2", "", ""}};
  result.findings = {make_finding("load-failed", "kexec: cannot load", {"line 1", "line 2"})};
  result.findings[0].blame = Blame::usage;
  result.findings[0].phase = Phase::save;
  result.artifacts = {{"console", "console.log"}};
  result.backend = "libvirt";
  result.accelerator = "tcg";
  result.attempts = 3;
  result.seconds = Seconds(12.5);
  result.known_issue = "debian-6.1-kallsyms";
  return result;
}

RunResult full_run() {
  return {.run_id = "20260101T000000Z-1",
          .matrix = "smoke",
          .kernel_options = {"--kernel", "base=/linux@v6.1"},
          .own_kernels = {"base"},
          .host = {{"cpus", "2"}, {"qemu", "7.2"}},
          .started = "2026-01-01T00:00:00Z",
          .finished = "2026-01-01T00:01:00Z",
          .exit_status = 1,
          .cells = {full_cell(), CellResult{}}};
}

/// As a file keeps it.
Json reread(const Json& json) {
  return Json::parse(json.dump());
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}

TEST(ValueJson, EveryKindOfValueComesBackAsTheSameKind) {
  const std::vector<Value> values{true,
                                  std::int64_t{0},
                                  std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max(),
                                  2.0,
                                  0.1,
                                  -1e300,
                                  std::string("on"),
                                  std::string(""),
                                  std::vector<std::string>{"a", ""},
                                  std::vector<std::string>{}};
  for (const auto& value : values) EXPECT_EQ(value_from_json(reread(to_json(value))), value) << to_string(value);
}

TEST(ValueJson, NumbersThatJsonLacksAreWrittenAsText) {
  EXPECT_EQ(to_json(Value(std::numeric_limits<double>::infinity())), "inf");
  EXPECT_EQ(to_json(Value(std::numeric_limits<double>::quiet_NaN())), "nan");
}

TEST(ValueJson, WhatNoValueCanHoldIsRefused) {
  for (const char* text : {"null", "{}", "[1]", "[[]]", "18446744073709551615"})
    EXPECT_THROW(value_from_json(Json::parse(text)), Error) << text;
}

TEST(FactsJson, IntegersAndRealsStayApart) {
  Facts facts{{"bytes", std::int64_t{268435456}}, {"seconds", 3.0}};
  EXPECT_EQ(to_json(facts).dump(), R"({"bytes":268435456,"seconds":3.0})");
  EXPECT_EQ(facts_from_json(reread(to_json(facts))), facts);
}

TEST(FactsJson, AWrongFactIsNamed) {
  EXPECT_EQ(error_of([] { facts_from_json(Json::parse(R"({"a.b": null})")); }),
            "member 'a.b' is not true, false, a number, a text or a list of texts");
}

TEST(CellJson, EveryMemberComesBack) {
  auto cell = full_cell();
  auto back = cell_from_json(reread(to_json(cell)));
  EXPECT_EQ(back.cell.id, cell.cell.id);
  EXPECT_EQ(back.cell.slug, cell.cell.slug);
  EXPECT_EQ(back.cell.axes, cell.cell.axes);
  EXPECT_EQ(back.cell.parameters, cell.cell.parameters);
  EXPECT_EQ(back.fingerprint, cell.fingerprint);
  EXPECT_EQ(back.facts, cell.facts);
  EXPECT_EQ(back.observed, cell.observed);
  EXPECT_EQ(back.verdict, cell.verdict);
  EXPECT_EQ(back.blame, cell.blame);
  EXPECT_EQ(back.artifacts, cell.artifacts);
  EXPECT_EQ(back.backend, cell.backend);
  EXPECT_EQ(back.accelerator, cell.accelerator);
  EXPECT_EQ(back.attempts, cell.attempts);
  EXPECT_EQ(back.seconds, cell.seconds);
  EXPECT_EQ(back.known_issue, cell.known_issue);
  EXPECT_EQ(back.phases[1].phase, Phase::load);
  EXPECT_EQ(back.expectations[0].observed, "lands");
  EXPECT_EQ(back.expectations[1].observed, std::nullopt);
  EXPECT_EQ(back.findings[0].phase, Phase::save);
  EXPECT_EQ(to_json(back), to_json(cell)); // and with it every member of phases, expected and findings
}

TEST(CellJson, WhatIsNotGivenStaysNotGiven) {
  auto back = cell_from_json(reread(to_json(CellResult{})));
  EXPECT_EQ(back.blame, std::nullopt);
  EXPECT_EQ(back.cell.parameters, CellParameters{});
  EXPECT_TRUE(back.cell.axes.empty());
}

TEST(CellJson, AxesKeepTheOrderOfTheMatrix) {
  EXPECT_EQ(to_json(full_cell())["axes"].dump(), R"({"memory":"2G","kernel":"v6.1-dma"})");
}

TEST(CellJson, UnknownMembersAreTolerated) {
  auto json = to_json(full_cell());
  json["of_the_future"] = {{"a", 1}};
  json["findings"][0]["weight"] = 2;
  EXPECT_EQ(to_json(cell_from_json(json)), to_json(full_cell()));
}

TEST(CellJson, EveryMemberIsNeededAndNamedWhenMissing) {
  auto whole = to_json(full_cell());
  for (const auto& [name, value] : whole.items()) {
    auto json = whole;
    json.erase(name);
    bool may_be_absent = name == "fork" || name == "not_forked";
    auto missing = may_be_absent ? "" : fmt::format("member '{}' is missing", name);
    EXPECT_EQ(error_of([&] { cell_from_json(json); }), missing);
  }
}

TEST(CellJson, AMemberOfTheWrongTypeIsNamedWithItsPlace) {
  auto refuses = [](const char* pointer, const Json& wrong, const char* sentence) {
    auto json = to_json(full_run());
    json[Json::json_pointer(pointer)] = wrong;
    EXPECT_EQ(error_of([&] { run_from_json(json); }), sentence);
  };
  refuses("/cells/0/attempts", "3", "member 'cells[0].attempts' is not a whole number");
  refuses("/cells/0/attempts", 3.5, "member 'cells[0].attempts' is not a whole number");
  refuses("/cells/0/parameters/cpus", -1, "member 'cells[0].parameters.cpus' is not a number of that size");
  refuses("/cells/0/expected/1/held", 1, "member 'cells[0].expected[1].held' is not true or false");
  refuses("/cells/0/verdict", "passed", "member 'cells[0].verdict': 'passed' is not a verdict");
  refuses("/cells/0/findings/0/phase", "x", "member 'cells[0].findings[0].phase': 'x' is not a phase");
  refuses("/cells/0/fork/after", "x", "member 'cells[0].fork.after': 'x' is not a phase");
  refuses("/cells/1/axes", Json::array(), "member 'cells[1].axes' is not an object");
  refuses("/cells", nullptr, "member 'cells' is not a list");
  refuses("/host/cpus", 2, "member 'host.cpus' is not a text");
}

TEST(CellJson, AnotherSchemaIsRefused) {
  auto json = to_json(full_run());
  json["schema"] = k_schema + 1;
  EXPECT_EQ(error_of([&] { run_from_json(json); }),
            fmt::format("member 'schema' is {}, and this kdt reads {} only", k_schema + 1, k_schema));
}

TEST(CellJson, WhatAGuestPrintedCannotBreakTheFile) {
  auto cell = full_cell();
  cell.findings[0].evidence = {"\x1b[31mred\xff\xfe", std::string("nul\0nul", 7)};
  auto back = cell_from_json(reread(to_json(cell)));
  EXPECT_EQ(back.findings[0].evidence, (std::vector<std::string>{R"(\x1b[31mred\xff\xfe)", R"(nul\x00nul)"}));
}

} // namespace
} // namespace kdt
