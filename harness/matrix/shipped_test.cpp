// The files under matrices/ as they are shipped, held against what guests showed (kernel-facts: observed cells
// of 6.1.192).
#include "base/file.hpp"
#include "matrix/derive.hpp"
#include "matrix/expand.hpp"
#include "matrix/judge.hpp"

#include <gmock/gmock.h>

#include <set>

namespace kdt::matrix {

namespace {
const fs::path k_matrices = fs::path(KDT_SOURCE_DIR) / "matrices";

const Rules& rules() {
  static const auto loaded = load_expectations(k_matrices / "expectations/arm64.yaml");
  return loaded;
}

Facts kernel(const std::string& version, bool zone_dma) {
  return {{"version", version},      {"zone_dma", zone_dma},         {"page_size", std::int64_t{4096}},
          {"cma", std::int64_t{0}},  {"rodata_full_default", true},  {"kexec_load", true},
          {"kexec_file_load", true}, {"kfence", std::string("off")}, {"debug_pagealloc", false}};
}

Facts facts_of(const CellParameters& cell, const std::string& version, bool zone_dma) {
  return complete(rules(), derive(cell, kernel(version, zone_dma)));
}

struct Row {
  const char* memory;
  const char* crashkernel;
  bool zone_dma;
  std::int64_t start; ///< 0: nothing reserved
  std::int64_t size;
  std::int64_t low_start = 0;
  std::int64_t low_size = 0;
  const char* message = "";
};

Facts observed_of(const Row& row) {
  Facts observed{{"reservation.present", row.start != 0},
                 {"reservation.low.present", row.low_start != 0},
                 {"reservation.kexec_crash_size", row.start != 0 ? row.size : std::int64_t{0}},
                 {"load.loaded", row.size > 4 << 20},
                 {"load.exit_status", std::int64_t{0}},
                 {"map.all", std::string("pages")}};
  std::vector<std::string> dmesg;
  if (*row.message != '\0') dmesg.emplace_back(row.message);
  if (row.start != 0) {
    observed["reservation.start"] = row.start;
    observed["reservation.end"] = row.start + row.size;
    observed["reservation.size"] = row.size;
    dmesg.push_back(fmt::format("crashkernel reserved: 0x{:016x} - 0x{:016x} ({} MB)", row.start, row.start + row.size,
                                row.size >> 20));
  }
  if (row.low_start != 0) {
    observed["reservation.low.start"] = row.low_start;
    observed["reservation.low.end"] = row.low_start + row.low_size;
    observed["reservation.low.size"] = row.low_size;
    dmesg.push_back(fmt::format("crashkernel low memory reserved: 0x{:08x} - 0x{:08x} ({} MB)", row.low_start,
                                row.low_start + row.low_size, row.low_size >> 20));
  }
  observed["reservation.dmesg"] = dmesg;
  return observed;
}

constexpr std::int64_t M = 1 << 20;
constexpr std::int64_t G = 1 << 30;
const std::vector<Row> k_seen_on_61{
    {"1G", "256M", true, 0x6ec00000, 256 * M},
    {"1G", "256M", false, 0x70000000, 256 * M},
    {"2G", "256M", true, 0xada00000, 256 * M},
    {"2G", "256M", false, 0xb0000000, 256 * M},
    {"2G", "256M,high", true, 0xada00000, 256 * M},
    {"2G", "256M,high 64M,low", true, 0xada00000, 256 * M},
    {"4G", "256M", true, 0xf0000000, 256 * M},
    {"4G", "256M", false, 0x130000000, 256 * M},
    {"4G", "256M,high", true, 0x12b600000, 256 * M},
    {"4G", "256M,high 64M,low", true, 0x12b600000, 256 * M, 0xfc000000, 64 * M},
    {"8G", "256M,high 64M,low", false, 0x230000000, 256 * M},
    {"8G", "256M,high 128M", true, 0xf8000000, 128 * M},
    {"64G", "4G", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x100000000)"},
    {"64G", "4G", false, 0xf40000000, 4 * G},
    {"64G", "4G,high 512M,low", true, 0xef7e00000, 4 * G, 0xe0000000, 512 * M},
    {"3G", "1G-4G:256M", true, 0xec800000, 256 * M},
    {"4G", "1G-4G:256M", true, 0, 0, 0, 0, "crashkernel size resulted in zero bytes"},
    {"4G", "1G-4G:256M,4G-:512M", false, 0x120000000, 512 * M},
    {"4G", "1G-:256M@0x80000000", true, 0x80000000, 256 * M},
    {"1G", "512M-:128M", true, 0x76c00000, 128 * M},
    {"4G", "256M@0x60000000", false, 0x60000000, 256 * M},
    {"4G", "256M@0x60100000", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x10000000)"},
    {"4G", "256M@0x200000000", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x10000000)"},
    {"8G", "256M@0x150000000", true, 0x150000000, 256 * M},
    {"4G", "3G", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0xc0000000)"},
    {"4G", "3G", false, 0x80000000, 3 * G},
    {"4G", "5G", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x140000000)"},
    {"4G", "2G,high", true, 0xbb600000, 2 * G},
    {"4G", "100K", true, 0xffe00000, 0x19000},
    {"4G", "1M", true, 0xffe00000, M},
    {"4G", "0", true, 0, 0},
    {"4G", "256M,low", true, 0, 0},
    {"4G", "256M,foo", true, 0, 0, 0, 0, "crashkernel: unrecognized char: ,"},
    {"4G", "256M,cma", true, 0, 0, 0, 0, "crashkernel: unrecognized char: ,"},
    {"4G", "auto", true, 0, 0, 0, 0, "crashkernel: memory value expected"},
    // What no plan can know: both happened.
    {"1G", "700M", true, 0x52c00000, 700 * M},
    {"1G", "256M@0x70000000", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x10000000)"},
    {"1G", "256M@0x4f000000", true, 0x4f000000, 256 * M},
    {"5G", "2900M", true, 0x4ac00000, 2900 * M},
    {"3200M", "256M,high", true, 0xf4600000, 256 * M}, // straddles the limit
    {"1G", "32M", true, 0x7cc00000, 32 * M},
    // Larger than any hole.
    {"1G", "900M", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x38400000)"},
    {"1G", "900M", false, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x38400000)"},
    {"1G", "99999999999999999999", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x6bc75e2d63100000)"},
    // Odd, and legal.
    {"1G", "256M@0", true, 0x6ec00000, 256 * M},
    {"1G", "1G-:256M@0", true, 0x6ec00000, 256 * M},
    {"1G", "2M@0", true, 0x7ea00000, 2 * M},
    {"1G", "0400M", true, 0x6ec00000, 256 * M},
    {"1G", "256M@", true, 0x6ec00000, 256 * M},
    {"1G", "256M@-1", true, 0x6ec00000, 256 * M},
    {"1G", "256M@0x60000000@0x40000000", true, 0x60000000, 256 * M},
    {"1G", "256M@060000000", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x10000000)"},
    // What the kernel cannot read.
    {"1G", "1G-2G:256M,high", true, 0, 0, 0, 0, "crashkernel: unrecognized char: -"},
    {"1G", "256M@0x60000000,high", true, 0, 0, 0, 0, "crashkernel: unrecognized char: @"},
    {"1G", "256MB", true, 0, 0, 0, 0, "crashkernel: unrecognized char: B"},
    {"1G", "256M,", true, 0, 0, 0, 0, "crashkernel: unrecognized char: ,"},
    {"1G", "-2G:128M", true, 0, 0, 0, 0, "crashkernel: Memory value expected"},
    {"1G", "4G-2G:256M", true, 0, 0, 0, 0, "crashkernel: end <= start"},
    {"1G", "1G-:", true, 0, 0, 0, 0, "Memory value expected"},
};

std::vector<std::string> broken(const Facts& facts, const Facts& observed, std::string_view prefix) {
  std::vector<std::string> found;
  for (const auto& expected : judge(rules(), {}, facts, observed, {}, today()).expectations)
    if (expected.observation.starts_with(prefix) && !expected.held)
      found.push_back(fmt::format("{} {}: {} saw {}", expected.rule, expected.observation, expected.expected,
                                  expected.observed.value_or("-")));
  return found;
}

CellParameters cell_of(const Row& row) {
  CellParameters cell;
  EXPECT_FALSE(find_parameter("memory")->set(cell, row.memory));
  EXPECT_FALSE(find_parameter("crashkernel")->set(cell, row.crashkernel));
  return cell;
}
} // namespace

TEST(Shipped, PlacementRulesAgreeWithWhatGuestsShowed) {
  for (const auto& row : k_seen_on_61) {
    auto facts = facts_of(cell_of(row), "6.1", row.zone_dma);
    EXPECT_THAT(broken(facts, observed_of(row), "reservation."), testing::IsEmpty())
        << row.memory << " " << row.crashkernel << " " << row.zone_dma;
    auto expected = expected_value(rules(), facts, "reservation.present");
    if (expected) {
      EXPECT_EQ(*expected, row.start != 0 ? "true" : "false") << row.memory << " " << row.crashkernel;
    }
    EXPECT_THAT(broken(facts, observed_of(row), "load."), testing::IsEmpty()) << row.memory << " " << row.crashkernel;
  }
}

TEST(Shipped, PlacementRulesNoticeAWrongRegion) {
  for (const auto& row : k_seen_on_61) {
    auto facts = facts_of(cell_of(row), "6.1", row.zone_dma);
    auto wrong = observed_of(row);
    if (row.start == 0) {
      wrong["reservation.kexec_crash_size"] = M;
    } else {
      wrong["reservation.start"] = row.start + 4096;
    }
    EXPECT_THAT(broken(facts, wrong, "reservation."), testing::Not(testing::IsEmpty()))
        << row.memory << " " << row.crashkernel;
  }
}

TEST(Shipped, ARefusalInOtherWordsIsNoticed) {
  for (auto row : k_seen_on_61) {
    if (*row.message == '\0') continue;
    auto facts = facts_of(cell_of(row), "6.1", row.zone_dma);
    row.message = "";
    EXPECT_THAT(broken(facts, observed_of(row), "reservation.dmesg"), testing::SizeIs(1))
        << row.memory << " " << row.crashkernel;
  }
}

TEST(Shipped, ARequestThatSurelyFitsMayNotBeRefusedNorOneThatSurelyDoesNotBeGranted) {
  auto expected = [](const char* memory, const char* crashkernel, bool zone_dma = true) {
    auto facts = facts_of(cell_of({memory, crashkernel, zone_dma, 0, 0}), "6.1", zone_dma);
    return expected_value(rules(), facts, "reservation.present").value_or("open");
  };
  EXPECT_EQ(expected("1G", "640M"), "true");
  EXPECT_EQ(expected("1G", "700M"), "open");
  EXPECT_EQ(expected("1G", "900M"), "false");
  EXPECT_EQ(expected("1G", "900M", false), "false");
  EXPECT_EQ(expected("768M", "512M"), "open");
  EXPECT_EQ(expected("512M", "256M,high"), "open");
  EXPECT_EQ(expected("3328M", "256M,high 64M,low"), "open");
  EXPECT_EQ(expected("5G", "2900M"), "open");
  EXPECT_EQ(expected("1G", "256M@0x70000000"), "open");
}

/// What the load of a region of this size may show.
std::vector<std::string> load_broken(const char* crashkernel, const char* loader, bool loaded, const char* output) {
  auto row = Row{"1G", crashkernel, true, 0x7cc00000, 32 * M};
  auto cell = cell_of(row);
  cell.loader = loader;
  auto observed = observed_of(row);
  observed["load.loaded"] = loaded;
  observed["load.exit_status"] = std::int64_t{loaded ? 0 : 255};
  observed["load.output"] = std::vector<std::string>{output};
  auto facts = facts_of(cell, "6.1", true);
  auto found = broken(facts, observed, "load.");
  for (const auto& finding : judge(rules(), {}, facts, observed, {}, today()).findings)
    if (finding.code == "unexplained" && finding.text.starts_with("load.")) found.push_back(finding.text);
  return found;
}

TEST(Shipped, ASmallRegionIsLoadedOrRefusedInTheKernelsWords) {
  constexpr const char* k_words = "kexec_file_load failed: Cannot assign requested address";
  EXPECT_THAT(load_broken("32M", "kexec_file_load", true, ""), testing::IsEmpty());
  EXPECT_THAT(load_broken("32M", "kexec_file_load", false, k_words), testing::IsEmpty());
  EXPECT_THAT(load_broken("32M", "kexec_load", false, "locate_hole failed"), testing::IsEmpty());
  EXPECT_THAT(load_broken("32M", "kexec_file_load", false, "Segmentation fault"), testing::SizeIs(1));
  EXPECT_THAT(load_broken("64M", "kexec_file_load", false, k_words), testing::SizeIs(2));
}

TEST(Shipped, NothingReservedIsNothingLoaded) {
  auto row = Row{"1G", "900M", true, 0, 0, 0, 0, "cannot allocate crashkernel (size:0x38400000)"};
  auto observed = observed_of(row);
  auto facts = facts_of(cell_of(row), "6.1", true);
  observed["load.loaded"] = false;
  EXPECT_THAT(broken(facts, observed, "load."), testing::IsEmpty());
  observed["load.loaded"] = true;
  EXPECT_THAT(broken(facts, observed, "load."), testing::SizeIs(1));
}

TEST(Shipped, LinearMapRulesAgreeWithTheTablesOfKernelFacts) { // kernel-facts 2.3 and 2.4: 4 GiB, 256M
  struct Seen {
    const char* version;
    bool zone_dma;
    const char* crashkernel;
    const char* rodata;
    const char* linear;
    const char* region;
  };
  for (const auto& seen : std::vector<Seen>{{"6.1", true, "256M", "full", "pages", "pages"},
                                            {"6.1", true, "256M", "on", "pages", "pages"},
                                            {"6.1", true, "none", "on", "blocks", "blocks"},
                                            {"6.1", true, "none", "noalias", "pages", "pages"},
                                            {"6.1", false, "256M", "full", "pages", "pages"},
                                            {"6.1", false, "256M", "on", "blocks", "pages"},
                                            {"6.1", false, "256M", "off", "blocks", "pages"},
                                            {"6.1", true, "auto", "on", "pages", "pages"},
                                            {"5.10", true, "256M", "on", "pages", "pages"},
                                            {"5.10", true, "none", "noalias", "blocks", "blocks"},
                                            {"5.10", true, "none", "unset", "pages", "pages"},
                                            {"6.12", true, "256M", "on", "blocks", "blocks"},
                                            {"6.12", true, "256M", "noalias", "pages", "pages"},
                                            {"7.2", true, "256M", "on", "pages", "pages"},
                                            {"7.2", true, "256M", "full", "pages", "pages"},
                                            {"7.2", true, "256M", "off", "blocks", "blocks"},
                                            {"7.2", true, "256M", "noalias", "blocks", "blocks"}}) {
    CellParameters cell;
    cell.memory = ByteSize::gib(4);
    ASSERT_FALSE(find_parameter("rodata")->set(cell, seen.rodata));
    ASSERT_FALSE(find_parameter("crashkernel")->set(cell, seen.crashkernel));
    auto facts = facts_of(cell, seen.version, seen.zone_dma);
    EXPECT_EQ(to_string(facts.at("linear_map")), seen.linear)
        << seen.version << seen.zone_dma << seen.crashkernel << seen.rodata;
    EXPECT_EQ(to_string(facts.at("region_map")), seen.region)
        << seen.version << seen.zone_dma << seen.crashkernel << seen.rodata;
  }
}

/// Every pair of values that some cell has, as "axis=value axis=value".
std::set<std::string> pairs_of(const std::vector<Cell>& cells) {
  std::set<std::string> pairs;
  for (const auto& cell : cells)
    for (std::size_t a = 0; a < cell.axes.size(); ++a)
      for (std::size_t b = a + 1; b < cell.axes.size(); ++b)
        pairs.insert(fmt::format("{}={} {}={}", cell.axes[a].first, cell.axes[a].second, cell.axes[b].first,
                                 cell.axes[b].second));
  return pairs;
}

TEST(Shipped, Arm64IsEveryCombinationAndQuickIsEveryPairOfIt) {
  auto cells_of = [](const char* name) { return expand(load_matrix(k_matrices / name, {"v6.1-dma", "v6.1-nodma"})); };
  auto whole = cells_of("arm64.yaml");
  auto quick = cells_of("quick.yaml");
  EXPECT_EQ(whole.size(), 324U);
  EXPECT_EQ(quick.size(), 54U); // no fewer can do: 9 sizes, 6 forms
  EXPECT_EQ(pairs_of(quick), pairs_of(whole));
  EXPECT_EQ(std::ranges::count_if(quick, [](const Cell& cell) { return cell.parameters.memory >= ByteSize::gib(256); }),
            6);
}

TEST(Shipped, SmokeIsFourCellsThatRulesCover) {
  auto matrix = load_matrix(k_matrices / "smoke.yaml", {"v6.1-dma", "v6.1-nodma"});
  auto cells = expand(matrix);
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[0].id, "kernel=v6.1-dma/rodata=full");
  EXPECT_FALSE(matrix.known_issues.empty());
  for (const auto& cell : cells) {
    auto facts = facts_of(cell.parameters, "6.1", cell.parameters.kernel == "v6.1-dma");
    EXPECT_EQ(expected_value(rules(), facts, "reservation.present"), "true") << cell.id;
    std::set<std::string_view> about;
    for (const auto* rule : applicable(rules(), facts))
      for (const auto& matcher : rule->expect) about.insert(matcher.about().name);
    for (const char* name :
         {"reservation.start", "reservation.size", "reservation.dmesg", "reservation.kexec_crash_size", "map.all",
          "map.region", "load.loaded", "probe.before", "probe.segments", "probe.rest", "capture.system_ram"})
      EXPECT_TRUE(about.contains(name)) << cell.id << " " << name;
  }
}

TEST(Shipped, ProtectionChangedIn64) {
  for (const auto& [version, segments] :
       std::vector<std::pair<std::string, std::string>>{{"6.1", "faults"}, {"6.4", "lands"}, {"7.2", "lands"}}) {
    CellParameters cell;
    cell.crashkernel = "256M";
    auto facts = facts_of(cell, version, true);
    Facts observed{{"load.loaded", true}, {"probe.segments", segments}};
    EXPECT_THAT(broken(facts, observed, "probe.segments"), testing::IsEmpty()) << version;
    observed["probe.segments"] = std::string(segments == "lands" ? "faults" : "lands");
    EXPECT_THAT(broken(facts, observed, "probe.segments"), testing::SizeIs(1)) << version;
  }
}

/// How a cell that loads by kexec_load, captures and shows this finding is judged by the shipped list on that day.
Verdict judged(const char* version, Facts kernel_facts, std::vector<Finding> findings, Date day,
               const char* format = "flattened") {
  static const auto file = k_matrices / "known-issues.yaml";
  static const auto issues = load_known_issues(std::span(&file, 1));
  CellParameters cell;
  cell.loader = "kexec_load";
  cell.dump.format = format;
  for (const auto& [name, value] : kernel(version, true)) kernel_facts.try_emplace(name, value);
  kernel_facts["kexec_tools"] = std::string("2.0.25");
  kernel_facts["makedumpfile"] = std::string("1.7.2");
  Facts observed{{"load.loaded", true}, {"capture.reached", true}, {"boot.seconds", 1.0}};
  return judge({}, issues, derive(cell, kernel_facts), observed, std::move(findings), day).verdict;
}

constexpr Date k_while_it_counts = std::chrono::year(2026) / 12 / 31;
constexpr Date k_after_it_expired = std::chrono::year(2027) / 7 / 1;

TEST(Shipped, KexecWithoutTheTextSymbolIsKnownUntilItExpires) {
  Facts debian12{{"kallsyms_all", false}, {"va_bits", std::int64_t{48}}};
  std::vector<Finding> shows{make_finding("kexec-no-text-symbol", "loaded all the same"),
                             make_finding("expectation", "capture.vmcore_ranges: expected two, saw three"),
                             make_finding("kexec-no-text-symbol", "the dump tool ended with exit status 1")};
  EXPECT_EQ(judged("6.1", debian12, shows, k_while_it_counts), Verdict::xfail);
  EXPECT_EQ(judged("6.1", debian12, shows, k_after_it_expired), Verdict::fail);
  EXPECT_EQ(judged("6.1", debian12, {}, k_while_it_counts), Verdict::xpass);
  EXPECT_EQ(judged("6.1", {{"kallsyms_all", true}}, shows, k_while_it_counts), Verdict::fail);
}

TEST(Shipped, MakedumpfileAnd52BitAddressesIsKnownUntilItExpiresAndNotForACopy) {
  Facts debian13{{"kallsyms_all", true}, {"va_bits", std::int64_t{52}}};
  std::vector<Finding> shows{make_finding("dump-tool-va-bits", "the dump tool ended with exit status 1")};
  EXPECT_EQ(judged("6.12", debian13, shows, k_while_it_counts), Verdict::xfail);
  EXPECT_EQ(judged("6.12", debian13, shows, k_after_it_expired), Verdict::fail);
  EXPECT_EQ(judged("6.12", debian13, {}, k_while_it_counts), Verdict::xpass);
  EXPECT_EQ(judged("6.12", debian13, {}, k_while_it_counts, "copy"), Verdict::pass);
  EXPECT_EQ(judged("6.12", debian13, {make_finding("save-failed", "another cause")}, k_while_it_counts), Verdict::fail);
}

} // namespace kdt::matrix
