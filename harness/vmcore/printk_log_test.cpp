#include "vmcore/printk_log.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gmock/gmock.h>

#include <random>

using namespace kdt::vmcore;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

PrintkLog log_of(const tiny::Memory& memory) {
  return read_printk_log(VmcoreInfo(memory.vmcoreinfo),
                         [&](std::uint64_t at, void* to, std::size_t n) { return memory.read(at, to, n); });
}

tiny::Memory without(tiny::Memory memory, std::string_view line) {
  auto at = memory.vmcoreinfo.find(line);
  EXPECT_NE(at, std::string::npos);
  memory.vmcoreinfo.erase(at, memory.vmcoreinfo.find('\n', at) - at + 1);
  return memory;
}

} // namespace

TEST(PrintkLog, PrintsLinesAsTheConsoleDoes) {
  EXPECT_THAT(log_of(tiny::kernel({"Booting", "kdt: nonce 1"})).lines,
              ElementsAre("[    1.000001] Booting", "[    2.000002] kdt: nonce 1"));
}

TEST(PrintkLog, KnowsTheLevelOfEachLineInBothForms) {
  auto memory = tiny::kernel({"one\ntwo", "three"});
  auto slot = (0 - (1u << tiny::k_count_bits)) % (1u << tiny::k_count_bits); // of the first record
  memory.put<std::uint8_t>(tiny::k_infos + slot * 88 + 19, 6 << 5 | 2);
  EXPECT_EQ(log_of(memory).levels, "660");
  auto old = tiny::old_kernel({"one"}, 0);
  old.put<std::uint8_t>(tiny::k_text + 15, 4 << 5);
  EXPECT_EQ(log_of(old).levels, "4");
}

TEST(PrintkLog, RepeatsThePrefixOnEveryLineOfARecord) {
  EXPECT_THAT(log_of(tiny::kernel({"one\ntwo"})).lines, ElementsAre("[    1.000001] one", "[    1.000001] two"));
}

TEST(PrintkLog, FollowsRecordsAndTextAroundTheEndOfTheRing) {
  for (unsigned count : {1u, 15u, 16u, 17u, 40u, 100u}) {
    std::vector<std::string> messages;
    for (unsigned i = 0; i < count; ++i)
      messages.push_back("message " + std::to_string(i) + std::string(i * 7 % 40, 'x'));
    auto log = log_of(tiny::kernel(messages));
    ASSERT_EQ(log.problem, "");
    EXPECT_EQ(log.damaged, 0u);
    ASSERT_FALSE(log.lines.empty());
    for (std::size_t back = 1; back <= log.lines.size(); ++back) // the newest ones, in order, without a gap
      EXPECT_THAT(log.lines[log.lines.size() - back], testing::EndsWith(messages[messages.size() - back]));
    if (count == 100) {
      EXPECT_GE(log.lines.size(), 8u);
    }
  }
}

TEST(PrintkLog, LeavesOutARecordThatIsStillBeingWritten) {
  auto memory = tiny::kernel({"whole", "half"});
  memory.put<std::uint64_t>(tiny::k_descs + 24, ~std::uint64_t{0} >> 2 & (0 - std::uint64_t{15})); // reserved
  EXPECT_THAT(log_of(memory).lines, ElementsAre("[    1.000001] whole"));
}

TEST(PrintkLog, CountsARecordWhoseTextIsOutsideTheRing) {
  auto memory = tiny::kernel({"good", "bad"});
  memory.put<std::uint64_t>(tiny::k_descs + 24 + 16, 0x123456789000);
  auto log = log_of(memory);
  EXPECT_EQ(log.damaged, 1u);
  EXPECT_THAT(log.lines, ElementsAre("[    1.000001] good"));
}

TEST(PrintkLog, RefusesAbsurdSizesAndLoops) {
  auto many = tiny::kernel({"x"});
  many.put<std::uint32_t>(tiny::k_ring, 60);
  EXPECT_THAT(log_of(many).problem, HasSubstr("absurd"));
  auto large = tiny::kernel({"x"});
  large.put<std::uint32_t>(tiny::k_ring + 48, 40);
  EXPECT_THAT(log_of(large).problem, HasSubstr("absurd"));
  auto nothing = tiny::kernel({"x"}); // found by fuzzing
  nothing.vmcoreinfo.replace(nothing.vmcoreinfo.find("SIZE(prb_desc)=24"), 17, "SIZE(prb_desc)=0");
  EXPECT_THAT(log_of(nothing).problem, HasSubstr("no size"));
  auto endless = tiny::kernel({"x"});
  endless.put<std::uint64_t>(tiny::k_ring + 32, 5);
  EXPECT_THAT(log_of(endless).problem, HasSubstr("claims"));
}

TEST(PrintkLog, SaysWhatIsMissing) {
  EXPECT_THAT(log_of(without(tiny::kernel({"x"}), "SYMBOL(prb)")).problem, HasSubstr("neither prb nor log_buf"));
  EXPECT_THAT(log_of(without(tiny::kernel({"x"}), "SIZE(prb_desc)")).problem, HasSubstr("SIZE(prb_desc)"));
  auto gone = tiny::kernel({"x"});
  gone.put<std::uint64_t>(tiny::k_ring + 56, 0xdead0000);
  EXPECT_THAT(log_of(gone).problem, HasSubstr("text ring"));
  EXPECT_EQ(log_of(tiny::kernel({})).problem, "the log is empty");
}

TEST(PrintkLog, ReadsTheOldBufferAndItsWrap) {
  EXPECT_THAT(log_of(tiny::old_kernel({"one", "two"}, 0)).lines,
              ElementsAre("[    2.500000] one", "[    2.500000] two"));
  EXPECT_THAT(log_of(tiny::old_kernel({"one", "two", "three"}, 452)).lines,
              ElementsAre("[    2.500000] one", "[    2.500000] two", "[    2.500000] three"));
}

TEST(PrintkLog, StopsAtADamagedRecordOfTheOldBuffer) {
  auto memory = tiny::old_kernel({"one", "two"}, 0);
  memory.put<std::uint16_t>(tiny::k_text + 20 + 8, 5);
  auto log = log_of(memory);
  EXPECT_EQ(log.lines.size(), 1u);
  EXPECT_EQ(log.damaged, 1u);
}

TEST(PrintkLog, SurvivesRandomMemory) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    auto memory = round % 2 == 0 ? tiny::kernel({"a", "b", "c"}) : tiny::old_kernel({"a", "b", "c"}, 480);
    for (int i = 0; i < 6; ++i)
      memory.bytes[tiny::k_prb_pointer + random() % 192] = static_cast<unsigned char>(random());
    for (int i = 0; i < 20; ++i) memory.bytes[tiny::k_descs + random() % 400] = static_cast<unsigned char>(random());
    for (int i = 0; i < 20; ++i) memory.bytes[tiny::k_text + random() % 512] = static_cast<unsigned char>(random());
    auto log = log_of(memory);
    EXPECT_LE(log.records, 1024u);
  }
}
