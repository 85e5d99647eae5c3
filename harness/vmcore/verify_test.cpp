#include "base/file.hpp"
#include "vmcore/tiny_vmcore.hpp"
#include "vmcore/verify.hpp"

#include <gmock/gmock.h>

#include <random>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const tiny::Memory k_memory = tiny::kernel({"kdt: nonce abc", "Kernel panic - not syncing: test"});

class Verify : public testing::Test {
protected:
  Report report(const std::string& bytes, Limits limits = {.address_space = ByteSize::gib(4),
                                                           .file_size = ByteSize::mib(64),
                                                           .cpu_time = std::chrono::seconds(60),
                                                           .open_files = 64}) {
    subject_.vmcore = directory_.path() / "disk";
    write_file(subject_.vmcore, bytes);
    Expectation expectation;
    expectation.release = "6.1.0-tiny";
    expectation.build_id = "00112233445566778899aabbccddeeff00112233";
    expectation.nonce = "abc";
    expectation.cpus = 2;
    return verify(subject_, expectation, limits, Deadline::after(std::chrono::seconds(120)));
  }

  std::vector<std::string> codes(const std::string& bytes) {
    std::vector<std::string> codes;
    for (const auto& finding : report(bytes).findings) codes.push_back(finding.code);
    return codes;
  }

  TempDir directory_{"kdt-verify"};
  Subject subject_;
};

} // namespace

TEST_F(Verify, AcceptsEveryFormatOfAWholeDump) {
  for (const auto& dump : {tiny::elf(k_memory), tiny::kdump(k_memory), tiny::flattened(tiny::kdump(k_memory)),
                           tiny::flattened(tiny::elf(k_memory)) + std::string(50000, '\0')}) {
    auto seen = report(dump);
    EXPECT_THAT(seen.findings, IsEmpty()) << (seen.findings.empty() ? "" : seen.findings[0].text);
    EXPECT_EQ(read_file(seen.log), "[    1.000001] kdt: nonce abc\n[    2.000002] Kernel panic - not syncing: test\n");
  }
}

TEST_F(Verify, ReadsEveryStoredPage) {
  auto facts = report(tiny::kdump(k_memory)).facts;
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.pages_read")), 16);
  EXPECT_EQ(std::get<std::int64_t>(facts.at("vmcore.memory")), 16 * 4096);
}

TEST_F(Verify, FindsACutOffDumpInEveryFormat) {
  for (const auto& dump : {tiny::elf(k_memory), tiny::kdump(k_memory), tiny::flattened(tiny::kdump(k_memory))}) {
    for (auto left : {dump.size() - 4096, dump.size() / 2, std::size_t{4096}})
      EXPECT_THAT(codes(dump.substr(0, left)), ElementsAre("vmcore-truncated")) << left;
    EXPECT_THAT(codes(""), ElementsAre("vmcore-unreadable"));
  }
}

TEST_F(Verify, FindsAPageThatDoesNotUncompress) {
  auto dump = tiny::kdump(k_memory);
  dump[tiny::k_descriptors_at + 15 * 24 + 12] = 1; // zlib, which plain bytes are not
  EXPECT_THAT(codes(dump), ElementsAre("vmcore-damaged"));
}

TEST_F(Verify, FindsAStaleDumpAndAnotherKernel) {
  EXPECT_THAT(codes(tiny::kdump(tiny::kernel({"kdt: nonce xyz", "Kernel panic - not syncing"}))),
              ElementsAre("vmcore-other-run"));
  EXPECT_THAT(codes(tiny::kdump(tiny::kernel({"kdt: nonce abc", "Kernel panic - not syncing"}, "6.1.1-other"))),
              ElementsAre("vmcore-wrong-kernel"));
  EXPECT_THAT(codes(tiny::kdump(tiny::kernel({}))), ElementsAre("vmcore-no-log"));
}

TEST_F(Verify, CountsCpusByTheirNotes) {
  EXPECT_THAT(codes(tiny::elf(k_memory, {1})), ElementsAre("vmcore-cpus"));
  EXPECT_THAT(codes(tiny::kdump(k_memory, {1, 0})), ElementsAre("vmcore-cpus"));
}

TEST_F(Verify, RefusesForeignFiles) {
  EXPECT_THAT(codes(tiny::elf(k_memory, {1, 2}, 62)), ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes("#!/bin/sh\n"), ElementsAre("vmcore-unreadable"));
  EXPECT_THAT(codes(std::string(100000, '\0')), ElementsAre("vmcore-unreadable"));
}

TEST_F(Verify, AChildThatRunsOverItsLimitsIsAFinding) {
  auto seen = report(tiny::flattened(tiny::kdump(k_memory)),
                     {.address_space = {}, .file_size = {}, .cpu_time = {}, .open_files = 0});
  ASSERT_EQ(seen.findings.size(), 1u);
  EXPECT_EQ(seen.findings[0].code, "verify-crashed");
}

TEST_F(Verify, WhatWasNotReadInTimeIsNotFoundGood) {
  subject_.page_budget = Seconds(0);
  auto seen = report(tiny::kdump(k_memory));
  ASSERT_EQ(seen.findings.size(), 1u);
  EXPECT_EQ(seen.findings[0].code, "vmcore-unproven");
  EXPECT_EQ(seen.findings[0].text, "only 0 of 16 stored pages were read: the time for it was over");
  EXPECT_THAT(report(tiny::elf(k_memory)).findings, IsEmpty()); // which has nothing to unpack
}

TEST_F(Verify, TellsWhatReadingTook) {
  for (const auto& dump : {tiny::kdump(k_memory), std::string("no vmcore")}) {
    auto facts = report(dump).facts;
    EXPECT_GT(std::get<std::int64_t>(facts.at("verify.peak_memory")), 1 << 20);
    EXPECT_LT(std::get<std::int64_t>(facts.at("verify.peak_memory")), 1 << 30);
    EXPECT_GT(std::get<double>(facts.at("verify.cpu_seconds")), 0);
    EXPECT_LT(std::get<double>(facts.at("verify.cpu_seconds")), 60);
  }
}

TEST_F(Verify, IsOverAtItsDeadline) {
  subject_.vmcore = directory_.path() / "disk";
  write_file(subject_.vmcore, tiny::kdump(k_memory));
  auto seen = verify(subject_, {}, verify_limits(subject_), Deadline::after(Clock::duration::zero()));
  ASSERT_EQ(seen.findings.size(), 1u);
  EXPECT_EQ(seen.findings[0].code, "verify-crashed");
  EXPECT_EQ(seen.findings[0].blame, Blame::infra);
}

TEST_F(Verify, AMissingFileIsAnErrorAndNotAFinding) {
  subject_.vmcore = directory_.path() / "absent";
  EXPECT_THROW(verify(subject_, {}, verify_limits(subject_), Deadline::after(std::chrono::seconds(60))), Error);
}

TEST_F(Verify, AnOldLogDoesNotPassForThisDumps) {
  report(tiny::kdump(k_memory));
  EXPECT_TRUE(report("junk").log.empty());
  EXPECT_FALSE(fs::exists(subject_.vmcore.string() + "-dmesg.txt"));
}

TEST_F(Verify, FlippedAndRandomBytesNeverCrashOrHangIt) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    auto dump = round % 2 == 0 ? tiny::kdump(k_memory) : tiny::elf(k_memory);
    for (int i = 0; i < 8; ++i) dump[random() % (round % 4 < 2 ? 512 : dump.size())] = static_cast<char>(random());
    report(dump); // any finding will do, but it returns
  }
}

/// verify() starts /proc/self/exe, which is this program.
int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == k_verify_command) return verify_child_main(argc, argv);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
