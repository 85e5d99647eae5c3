// Dumps made to hurt their reader. Any finding will do; what counts is that verify() comes back with one, without
// taking the disk or the memory of the host. verify_test.cpp holds main().

#include "base/file.hpp"
#include "vmcore/tiny_vmcore.hpp"
#include "vmcore/verify.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace kdt::vmcore {

namespace {

const tiny::Memory k_memory = tiny::kernel({"kdt: nonce abc", "Kernel panic - not syncing: test"});

/// 64 KiB of zeros, as zlib packs them.
constexpr unsigned char k_bomb[] = {0x78, 0xda, 0xed, 0xc1, 0x01, 0x01, 0x00, 0x00, 0x00, 0x80, 0x90, 0xfe, 0xaf, 0xee,
                                    0x08, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6a, 0x00, 0x0f, 0x00, 0x01};

template <typename T>
void put(std::string& dump, std::size_t at, T value) {
  std::memcpy(dump.data() + at, &value, sizeof value);
}

class Hostile : public testing::Test {
protected:
  std::vector<std::string> codes(const std::string& bytes) {
    subject_.vmcore = directory_.path() / "vmcore";
    subject_.page_budget = Seconds(30);
    write_file(subject_.vmcore, bytes);
    Expectation expectation;
    expectation.nonce = "abc";
    std::vector<std::string> codes;
    auto limits = verify_limits(subject_);
    limits.file_size = limit_;
    for (const auto& finding : verify(subject_, expectation, limits, Deadline::after(std::chrono::minutes(4))).findings)
      codes.push_back(finding.code);
    std::error_code none;
    for (const auto& file : fs::directory_iterator(directory_.path()))
      EXPECT_LE(fs::file_size(file, none), limit_.bytes) << file.path();
    return codes;
  }

  ByteSize limit_ = ByteSize::mib(64); ///< of a file's length
  TempDir directory_{"kdt-hostile"};
  Subject subject_;
};

} // namespace

TEST_F(Hostile, APageThatUnpacksToMoreThanAPage) {
  auto dump = tiny::kdump(k_memory);
  auto at = tiny::k_pages_at + 15 * tiny::k_page;
  std::memcpy(dump.data() + at, k_bomb, sizeof k_bomb);
  put<std::uint32_t>(dump, tiny::k_descriptors_at + 15 * 24 + 8, sizeof k_bomb);
  put<std::uint32_t>(dump, tiny::k_descriptors_at + 15 * 24 + 12, 1); // zlib
  EXPECT_THAT(codes(dump), testing::ElementsAre("vmcore-damaged"));
}

TEST_F(Hostile, APageThatClaimsFourGigabytes) {
  auto dump = tiny::kdump(k_memory);
  put<std::uint32_t>(dump, tiny::k_descriptors_at + 15 * 24 + 8, 0xffffffff);
  EXPECT_THAT(codes(dump), testing::ElementsAre("vmcore-truncated"));
}

TEST_F(Hostile, HeadersThatClaimTheMemoryOfTheWorld) {
  for (auto at : {432, 436, 440, 460}) { // sub header, bitmaps, pages, CPUs
    auto dump = tiny::kdump(k_memory);
    put<std::uint32_t>(dump, static_cast<std::size_t>(at), 0x7fffffff);
    codes(dump);
  }
  for (auto field : {48, 56, 96}) { // notes: place and size; pages
    auto dump = tiny::kdump(k_memory);
    put<std::uint64_t>(dump, tiny::k_page + static_cast<std::size_t>(field), std::uint64_t{1} << 60);
    codes(dump);
  }
}

TEST_F(Hostile, SegmentsThatClaimTheMemoryOfTheWorld) {
  for (auto field : {8, 32, 40}) { // p_offset, p_filesz, p_memsz of the two program headers
    for (auto header : {64, 64 + 56}) {
      auto dump = tiny::elf(k_memory);
      put<std::uint64_t>(dump, static_cast<std::size_t>(header + field), std::uint64_t{1} << 61);
      codes(dump);
    }
  }
}

TEST_F(Hostile, AStreamThatWantsToWriteFarAway) {
  auto stream = tiny::flattened(tiny::kdump(k_memory));
  put<std::uint64_t>(stream, 4096, 0x00000000ffffff00); // big-endian: far beyond what the disk may be taken for
  EXPECT_THAT(codes(stream), testing::ElementsAre("vmcore-truncated"));
}

TEST_F(Hostile, AStreamOfSomeKilobytesThatMakesATerabyte) {
  auto begin = Clock::now();
  limit_ = ByteSize::gib(1024); // as verify_limits() has it
  EXPECT_THAT(codes(tiny::stream_of_a_terabyte(std::uint64_t{1} << 60)), testing::ElementsAre("vmcore-unreadable"));
  // A machine may have such addresses, and the library would take gigabytes for them.
  EXPECT_THAT(codes(tiny::stream_of_a_terabyte(std::uint64_t{1} << 34)), testing::ElementsAre("vmcore-unproven"));
  EXPECT_LT(Clock::now() - begin, std::chrono::minutes(1));
}

TEST_F(Hostile, ANameOfEveryFormatAndThenNoise) {
  std::mt19937_64 random(11);
  for (std::string_view magic : {"makedumpfile", "KDUMP   ", "\177ELF\2\1\1", ""}) {
    std::string noise(60'000, '\0');
    std::ranges::generate(noise, [&] { return static_cast<char>(random()); });
    std::copy(magic.begin(), magic.end(), noise.begin());
    EXPECT_FALSE(codes(noise).empty()) << magic;
  }
}

} // namespace kdt::vmcore
