#include "base/error.hpp"
#include "machine/monitor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::machine {

namespace {
constexpr PhysRange k_ram{k_ram_start, {k_ram_start.value + 0x1000}};

/// Answers gpa2hva for the first and the last byte of k_ram.
HumanMonitor with_ram_at(const std::string& first, const std::string& last) {
  return [=](const std::string& command, unsigned) {
    return fmt::format("Host virtual address for 0x0 (ram) is {}\r\n", command == "gpa2hva 0x40000000" ? first : last);
  };
}
} // namespace

TEST(Monitor, RegistersOfEachCpuAreReadAsThatCpuSeesThem) {
  std::vector<std::pair<std::string, unsigned>> asked;
  auto cpus = read_registers(Depth::counters, [&](const std::string& command, unsigned cpu) {
    asked.emplace_back(command, cpu);
    if (command == "info registers -a")
      return std::string("CPU#0\r\n PC=0000000000000010\r\nCPU#1\r\n PC=0000000000000020\r\n");
    return std::string("000000000000000c: 0xd503207f\r\n");
  });
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[1].pc, 0x20U);
  EXPECT_TRUE(cpus[1].waits);
  EXPECT_TRUE(cpus[1].chain.empty());
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[2].second, 1U);
}

TEST(Monitor, WithoutRegistersThereIsNothingToJudgeBy) {
  EXPECT_THROW(read_registers(Depth::counters, [](const auto&, unsigned) { return std::string("unknown command"); }),
               Error);
}

TEST(Monitor, RamInOnePieceHasAnAddress) {
  EXPECT_EQ(host_address_of(k_ram, with_ram_at("0x7f0000000000", "0x7f0000000fff")), 0x7f0000000000U);
}

TEST(Monitor, RamInPiecesHasNone) {
  EXPECT_EQ(host_address_of(k_ram, with_ram_at("0x7f0000000000", "0x7f0000001fff")), std::nullopt);
  EXPECT_EQ(host_address_of(k_ram, [](const auto&, unsigned) { return std::string("No memory is mapped"); }),
            std::nullopt);
}

} // namespace kdt::machine
