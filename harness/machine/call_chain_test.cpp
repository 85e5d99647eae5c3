#include "machine/call_chain.hpp"

#include <gtest/gtest.h>

#include <map>

namespace kdt::machine {

namespace {

constexpr const char* k_registers = " PC=ffff800008010020 X00=0\nX28=0 X29=ffff800009fe3ec0 X30=ffff800008020030\n"
                                    "PSTATE=600003c5 -ZC- EL1h\n";

/// A guest of a few words: what it does not hold is not mapped.
struct Memory {
  std::map<std::string, std::string> answers;
  int asked = 0;
  CpuMonitor monitor() {
    return [this](const std::string& command) {
      ++asked;
      auto found = answers.find(command);
      return found == answers.end() ? std::string("Cannot access memory\r\n") : found->second;
    };
  }
};

std::vector<std::uint64_t> addresses(const std::vector<CodeAddress>& chain) {
  std::vector<std::uint64_t> found;
  for (const auto& place : chain) found.push_back(place.address);
  return found;
}

CpuRegisters at(std::uint64_t pc, std::string text = k_registers) {
  return {.cpu = 0, .pc = pc, .text = std::move(text)};
}

} // namespace

TEST(CallChain, FollowsFrameRecords) {
  Memory memory{{{"gva2gpa 0xffff800008010020", "gpa: 0x40210020\r\n"},
                 {"x /2gx 0xffff800009fe3ec0", "ffff800009fe3ec0: 0xffff800009fe3ee0 0xffff800008020030\r\n"},
                 {"x /2gx 0xffff800009fe3ee0", "ffff800009fe3ee0: 0x0000000000000000 0xffff800008030040\r\n"}}};
  auto chain = call_chain(at(0xffff800008010020), memory.monitor());
  EXPECT_EQ(addresses(chain), (std::vector<std::uint64_t>{0xffff800008010020, 0xffff800008020030, 0xffff800008030040}));
  EXPECT_EQ(chain[0].physical, 0x40210020U);
  EXPECT_FALSE(chain[1].physical);
}

TEST(CallChain, EndsInAFrameThatPointsToItselfOrNowhere) {
  Memory loop{{{"x /2gx 0xffff800009fe3ec0", "ffff800009fe3ec0: 0xffff800009fe3ec0 0xffff800008040040\r\n"}}};
  EXPECT_EQ(call_chain(at(1), loop.monitor()).size(), 3U);
  Memory nothing;
  EXPECT_EQ(call_chain(at(1), nothing.monitor()).size(), 2U);
}

TEST(CallChain, ACircleOfFramesHasAnEnd) {
  Memory circle{{{"x /2gx 0xffff800009fe3ec0", "ffff800009fe3ec0: 0xffff800009fe3ee0 0xffff800008040040\r\n"},
                 {"x /2gx 0xffff800009fe3ee0", "ffff800009fe3ee0: 0xffff800009fe3ec0 0xffff800008050040\r\n"}}};
  EXPECT_LT(call_chain(at(1), circle.monitor()).size(), 100U);
}

TEST(CallChain, TakesSignaturesOffReturnAddresses) {
  Memory memory{{{"gva2gpa 0xffff800008020030", "gpa: 0x40220030\r\n"}}};
  auto registers = at(0xffff800008010020, " PC=0 X29=0 X30=2bd5800008020030\nPSTATE=600003c5 -ZC- EL1h\n");
  auto chain = call_chain(registers, memory.monitor());
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[1].address, 0xffff800008020030U);
  EXPECT_EQ(chain[1].physical, 0x40220030U);
}

TEST(CallChain, OfUserSpaceIsItsCounterAlone) {
  Memory memory;
  EXPECT_EQ(call_chain(at(0x400123, "X29=7f0 X30=400100\nPSTATE=00000000 ---- EL0t\n"), memory.monitor()).size(), 1U);
}

TEST(StandsBehindWait, KnowsWfiAndWfe) {
  Memory memory{{{"x /1wx 0x1ffc", "0000000000001ffc: 0xd503207f\r\n"},
                 {"x /1wx 0x2ffc", "0000000000002ffc: 0xd503205f\r\n"},
                 {"x /1wx 0x3ffc", "0000000000003ffc: 0x14000000\r\n"}}};
  EXPECT_TRUE(stands_behind_wait(at(0x2000), memory.monitor()));
  EXPECT_TRUE(stands_behind_wait(at(0x3000), memory.monitor()));
  EXPECT_FALSE(stands_behind_wait(at(0x4000), memory.monitor()));
  EXPECT_FALSE(stands_behind_wait(at(0x9000), memory.monitor())); // not mapped
  EXPECT_FALSE(stands_behind_wait(at(0), memory.monitor()));
}

} // namespace kdt::machine
