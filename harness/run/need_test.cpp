#include "run/need.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {
CellParameters guest(std::uint64_t gib) {
  CellParameters parameters;
  parameters.kernel = "k";
  parameters.memory = ByteSize::gib(gib);
  return parameters;
}

Need tcg(const CellParameters& parameters) {
  return first_guess(parameters, machine::Accelerator::tcg);
}
} // namespace

TEST(FirstGuess, CoversWhatWasMeasured) {
  EXPECT_GT(tcg(guest(4)).memory.bytes, 230'000'000U);
  EXPECT_GT(tcg(guest(64)).memory.bytes, 1'460'000'000U);
  EXPECT_GT(tcg(guest(256)).memory.bytes, 5'200'000'000U);
  EXPECT_LT(tcg(guest(256)).memory.bytes, 8'000'000'000U);
  EXPECT_GT(tcg(guest(256)).seconds, 100);
  EXPECT_LT(first_guess(guest(256), machine::Accelerator::kvm).seconds, 100);
}

TEST(FirstGuess, CountsTheCrashRegionWhichTheProbeTouches) {
  auto none = tcg(guest(8));
  auto parameters = guest(8);
  parameters.crashkernel = "1G";
  EXPECT_EQ(tcg(parameters).memory, none.memory + ByteSize::gib(1));
  parameters.crashkernel = "1G,high 128M,low";
  EXPECT_EQ(tcg(parameters).memory, none.memory + ByteSize::gib(1) + ByteSize::mib(128));
  parameters.crashkernel = "1G,high";
  EXPECT_GT(tcg(parameters).memory, none.memory + ByteSize::gib(1));
  parameters.crashkernel = "1G-4G:64M,4G-:512M";
  EXPECT_EQ(tcg(parameters).memory, none.memory + ByteSize::mib(512));
  parameters.crashkernel = "64G"; // refused
  EXPECT_EQ(tcg(parameters).memory, none.memory);
}

TEST(FirstGuess, AGuestOfManyProcessorsTakesMoreSlotsWhereEachIsAThread) {
  auto parameters = guest(1);
  for (auto [cpus, slots] : {std::pair{1U, 1U}, {2U, 1U}, {3U, 2U}, {8U, 4U}}) {
    parameters.cpus = cpus;
    EXPECT_EQ(first_guess(parameters, machine::Accelerator::kvm).slots, slots);
    EXPECT_EQ(tcg(parameters).slots, 1U);
    auto threads = parameters;
    threads.tcg_threads = "multi";
    EXPECT_EQ(tcg(threads).slots, slots);
  }
}

TEST(FirstGuess, AWholeDumpNeedsTheGuestsSizeOnDisk) {
  auto parameters = guest(4);
  auto filtered = tcg(parameters).disk;
  EXPECT_LT(filtered, ByteSize::gib(1));
  parameters.dump.filter = 0;
  EXPECT_GT(tcg(parameters).disk, ByteSize::gib(4));
  parameters.dump.filter = 31;
  parameters.dump.format = "copy";
  EXPECT_GT(tcg(parameters).disk, ByteSize::gib(4));
}

TEST(FirstGuess, ADumpThatIsCopiedOutOrPutTogetherIsThereTwice) {
  auto plain = guest(4), ext4 = plain, split = plain;
  ext4.dump.target = "ext4";
  split.dump.split = 2;
  EXPECT_EQ(dump_space_needed(ext4).bytes, 2 * dump_space_needed(plain).bytes);
  EXPECT_EQ(dump_space_needed(split).bytes, 2 * dump_space_needed(plain).bytes);
}

TEST(CellClass, TellsApartWhatTakesMoreAndNothingElse) {
  auto plain = guest(4);
  auto of = [](const CellParameters& parameters) { return cell_class(parameters, machine::Accelerator::tcg); };
  EXPECT_EQ(of(plain), of(guest(4)));
  EXPECT_NE(of(plain), of(guest(8)));
  EXPECT_NE(of(plain), cell_class(plain, machine::Accelerator::kvm));
  auto apart = plain;
  apart.tcg_threads = "multi";
  EXPECT_NE(of(plain), of(apart));
  auto other = plain;
  other.rodata = "full";
  EXPECT_NE(of(plain), of(other));
  EXPECT_EQ(size_class(plain, machine::Accelerator::tcg), size_class(other, machine::Accelerator::tcg));
  auto shrunk = plain;
  shrunk.shrink = ByteSize{};
  EXPECT_NE(of(plain), of(shrunk));
  auto threads = plain;
  threads.dump.threads = 2;
  EXPECT_NE(of(plain), of(threads));
  other.dump.filter = 0;
  EXPECT_NE(size_class(plain, machine::Accelerator::tcg), size_class(other, machine::Accelerator::tcg));
}

TEST(Need, AForkThatDumpsAllMakesItsTemplatesFileGrow) {
  CellParameters parameters;
  parameters.memory = ByteSize::gib(4);
  EXPECT_EQ(fork_growth(parameters, ByteSize::gib(20)), ByteSize{});
  parameters.dump.filter = 1;
  EXPECT_EQ(fork_growth(parameters, ByteSize::gib(20)), ByteSize::gib(4));
  EXPECT_EQ(fork_growth(parameters, ByteSize::gib(6)), ByteSize{}); // the file is on disk
  EXPECT_NE(fork_class(Phase::probe), fork_class(Phase::capture));
}

} // namespace kdt::run
