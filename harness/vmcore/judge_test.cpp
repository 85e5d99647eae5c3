#include "vmcore/judge.hpp"

#include <gmock/gmock.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr std::string_view k_log = "[    1.000000] kdt: nonce abc\n[    2.000000] Kernel panic - not syncing: x\n";

Contents good() {
  Contents c;
  c.format = Format::flattened;
  c.shape = {.format = Format::kdump,
             .aarch64 = true,
             .file_bytes = 100,
             .needed_bytes = 100,
             .incomplete = false,
             .pages = 3,
             .holes = 0,
             .memory = {{{0}, {4096}}}};
  c.opened = true;
  c.pages = {.present = 3, .read = 3, .bad = 0, .first_bad = {}, .stopped = {}};
  c.release = "6.1.0";
  c.build_id = "aa";
  c.cpus = {{.pc = 1, .sp = 1, .lr = 0, .pstate = 0, .pid = 0}, {.pc = 2, .sp = 2, .lr = 0, .pstate = 0, .pid = 0}};
  return c;
}

Expectation all() {
  Expectation e;
  e.release = "6.1.0";
  e.build_id = "aa";
  e.nonce = "abc";
  e.cpus = 2;
  return e;
}

std::vector<std::string> codes(const Contents& c, std::string_view log = k_log, const Expectation& e = all()) {
  std::vector<std::string> codes;
  for (const auto& finding : judge(c, log, e)) codes.push_back(finding.code);
  return codes;
}

template <typename Change>
Contents with(Change change) {
  auto c = good();
  change(c);
  return c;
}

} // namespace

TEST(VmcoreJudge, AcceptsADumpThatIsAsExpected) {
  EXPECT_THAT(codes(good()), IsEmpty());
  EXPECT_THAT(codes(good(), k_log, {}), IsEmpty());
}

TEST(VmcoreJudge, AnUnusableFileHasOneFindingOnly) {
  EXPECT_THAT(codes(with([](auto& c) { c.format = c.shape.format = Format::empty; })),
              ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes(with([](auto& c) { c.format = c.shape.format = Format::blank; })),
              ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes(with([](auto& c) { c.format = c.shape.format = Format::unknown; })),
              ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes(with([](auto& c) { c.stream_stopped = "the stream has no end marker"; })),
              ElementsAre("vmcore-truncated"));
  EXPECT_THAT(codes(with([](auto& c) { c.shape.needed_bytes = 101; })), ElementsAre("vmcore-truncated"));
  EXPECT_THAT(codes(with([](auto& c) { c.shape.incomplete = true; })), ElementsAre("vmcore-truncated"));
  EXPECT_THAT(codes(with([](auto& c) { c.shape.holes = 1; })), ElementsAre("vmcore-truncated"));
  EXPECT_THAT(codes(with([](auto& c) { c.shape.aarch64 = false; })), ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes(with([](auto& c) { c.unreadable = "no"; })), ElementsAre("vmcore-unreadable"));
}

TEST(VmcoreJudge, NamesAnotherKernelByReleaseOrBuildId) {
  EXPECT_THAT(codes(with([](auto& c) { c.release = "6.1.1"; })), ElementsAre("vmcore-wrong-kernel"));
  EXPECT_THAT(codes(with([](auto& c) { c.build_id = "ab"; })), ElementsAre("vmcore-wrong-kernel"));
  EXPECT_THAT(codes(with([](auto& c) { c.build_id = ""; })), IsEmpty());
}

TEST(VmcoreJudge, WantsTheWholeNonce) {
  EXPECT_THAT(codes(good(), "kdt: nonce abcd\nKernel panic - not syncing\n"), ElementsAre("vmcore-other-run"));
  EXPECT_THAT(codes(good(), "kdt: nonce abc\nInternal error: Oops\n"), IsEmpty());
}

TEST(VmcoreJudge, WantsThePanicAndALog) {
  EXPECT_THAT(codes(good(), "kdt: nonce abc\n"), ElementsAre("vmcore-no-panic"));
  EXPECT_THAT(codes(with([](auto& c) { c.log_problem = "gone"; }), ""), ElementsAre("vmcore-no-log"));
}

TEST(VmcoreJudge, WantsTheRegistersOfEveryCpu) {
  EXPECT_THAT(codes(with([](auto& c) { c.cpus.pop_back(); })), ElementsAre("vmcore-cpus"));
  EXPECT_THAT(codes(with([](auto& c) { c.cpus[1] = {}; })), ElementsAre("vmcore-cpus"));
  EXPECT_THAT(codes(with([](auto& c) { c.cpus.push_back(c.cpus[0]); })), ElementsAre("vmcore-cpus"));
  EXPECT_THAT(codes(with([](auto& c) { c.cpus.clear(); }), k_log, {}), ElementsAre("vmcore-cpus"));
}

TEST(VmcoreJudge, NamesPagesThatCannotBeRead) {
  EXPECT_THAT(codes(with([](auto& c) { c.pages.bad = 1; })), ElementsAre("vmcore-damaged"));
}

TEST(VmcoreJudge, PagesThatNobodyReadAreProvenByNobody) {
  auto late = with([](auto& c) {
    c.pages.read = 2;
    c.pages.stopped = "the time for it was over";
  });
  auto findings = judge(late, k_log, all());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "vmcore-unproven");
  EXPECT_EQ(findings[0].blame, Blame::infra);
  EXPECT_EQ(findings[0].text, "only 2 of 3 stored pages were read: the time for it was over");
  EXPECT_EQ(std::get<std::int64_t>(observe(late, k_log, all()).at("vmcore.pages_read")), 2);
  // The file holds more pages than the library knows of.
  EXPECT_THAT(
      codes(with([](auto& c) { c.pages = {.present = 2, .read = 2, .bad = 0, .first_bad = {}, .stopped = {}}; })),
      ElementsAre("vmcore-unproven"));
  EXPECT_THAT(codes(with([](auto& c) {
                c.opened = false;
                c.pages = {.present = 0, .read = 0, .bad = 0, .first_bad = {}, .stopped = "too large"};
              })),
              ElementsAre("vmcore-unproven"));
  // What is false of the pages that were read is false.
  late.pages.bad = 1;
  EXPECT_THAT(codes(late), ElementsAre("vmcore-damaged"));
  late = with([](auto& c) { c.pages = {}; });
  EXPECT_THAT(codes(late, "kdt: nonce abc\n"), ElementsAre("vmcore-no-panic"));
  // Plain bytes have no form that reading them would show.
  late.shape.format = Format::elf;
  EXPECT_THAT(codes(late), IsEmpty());
  EXPECT_FALSE(observe(late, k_log, all()).contains("vmcore.pages_read"));
}

TEST(VmcoreJudge, WantsSomethingOfEachPieceThatTheKernelOwns) {
  auto expected = all();
  expected.system_ram = {{{0}, {0x4000000}}};
  expected.crash_regions = {{{0x1000000}, {0x2000000}}, {{0x2010000}, {0x3000000}}};
  EXPECT_THAT(pieces_of_the_kernel(expected), IsEmpty()); // nobody planted canaries
  expected.canaries = {{"kernel", {0x800000}}};
  EXPECT_THAT(pieces_of_the_kernel(expected), ElementsAre(PhysRange{{0x3000000}, {0x4000000}}));
  auto lost = with([&](auto& c) {
    c.shape.memory = {{{0}, {0x1000000}}, {{0x2000000}, {0x2010000}}, {{0x3000000}, {0x4000000}}};
    c.page_size = 4096;
    c.canaries = {{.address = {0x800000}, .state = Sighting::State::intact}};
    c.empty_pieces = pieces_of_the_kernel(expected);
  });
  expected.filter = 31;
  EXPECT_THAT(codes(lost, k_log, expected), ElementsAre("vmcore-memory-missing"));
  // Where canaries could be planted differs from run to run, and so does what had to be the kernel's.
  EXPECT_THAT(codes(lost, "kdt: nonce old\nKernel panic - not syncing: x\n", expected),
              ElementsAre("vmcore-other-run"));
  lost.empty_pieces.clear();
  EXPECT_THAT(codes(lost, k_log, expected), IsEmpty());
}

TEST(VmcoreJudge, SaysWhatIsNotJudged) {
  EXPECT_EQ(not_judged({}).size(), 6u);
  EXPECT_EQ(not_judged(all()).size(), 4u);
}

TEST(VmcoreJudge, ObservesOnlyWhatIsKnown) {
  auto facts = observe(good(), k_log, all());
  EXPECT_EQ(std::get<bool>(facts.at("vmcore.nonce")), true);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.cpus")), 2);
  EXPECT_EQ(observe(good(), k_log, {}).count("vmcore.nonce"), 0u);
  EXPECT_EQ(observe(with([](auto& c) { c.shape.incomplete = true; }), k_log, all()).size(), 2u);
}
