#include "base/error.hpp"
#include "base/file.hpp"
#include "vmcore/flattened.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gmock/gmock.h>

#include <fcntl.h>

using namespace kdt;
using namespace kdt::vmcore;
using testing::HasSubstr;

namespace {

struct Outcome {
  Reassembled result;
  std::string bytes;
};

Outcome reassembled(const std::string& stream, std::uint64_t limit = 1 << 30) {
  TempDir directory("kdt-flattened");
  write_file(directory.path() / "in", stream);
  auto from = open_file(directory.path() / "in", O_RDONLY);
  auto to = open_file(directory.path() / "out", O_RDWR | O_CREAT);
  auto result = reassemble(from.get(), to.get(), limit);
  return {result, read_file(directory.path() / "out")};
}

const std::string k_dump = tiny::kdump(tiny::kernel({"x"}));

} // namespace

TEST(Flattened, PutsEveryRecordInItsPlace) {
  auto stream = tiny::flattened(k_dump);
  auto [result, bytes] = reassembled(stream);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.stream_bytes, stream.size());
  EXPECT_EQ(bytes, k_dump);
}

TEST(Flattened, EndsAtTheMarkerAndNotAtTheDisks) {
  auto [result, bytes] = reassembled(tiny::flattened(k_dump) + std::string(100000, '\xaa'));
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(bytes, k_dump);
}

TEST(Flattened, AStreamWithoutItsEndMarkerIsCutOff) {
  auto [result, bytes] = reassembled(tiny::flattened(k_dump, 5000, false));
  EXPECT_FALSE(result.complete);
  EXPECT_THAT(result.stopped, HasSubstr("no end marker"));
}

TEST(Flattened, ZerosAfterACutStreamAreNoRecords) {
  auto stream = tiny::flattened(k_dump, 5000, false) + std::string(100000, '\0');
  EXPECT_THAT(reassembled(stream).result.stopped, HasSubstr("is no record"));
}

TEST(Flattened, ACutInsideARecordIsCutOff) {
  auto stream = tiny::flattened(k_dump);
  EXPECT_THAT(reassembled(stream.substr(0, stream.size() / 2)).result.stopped, HasSubstr("longer than what is left"));
  EXPECT_FALSE(reassembled(stream.substr(0, 4096)).result.complete);
  EXPECT_FALSE(reassembled(stream.substr(0, 10)).result.complete);
}

TEST(Flattened, WritesNothingBeyondItsLimit) {
  auto [result, bytes] = reassembled(tiny::flattened(k_dump), 20000);
  EXPECT_FALSE(result.complete);
  EXPECT_LE(bytes.size(), 20000u);
}
