#include <gtest/gtest.h>

namespace {

using Size = unsigned long;

struct Call {
  const unsigned char* from;
  Size size;
  unsigned char* to;
  Size* to_size;
  void* memory;
};

Call seen{};

} // namespace

extern "C" {

int lzo1x_1_compress(const unsigned char* from, Size size, unsigned char* to, Size* to_size, void* memory);

/// Stands in for liblzo2's.
int lzo1x_1_11_compress(const unsigned char* from, Size size, unsigned char* to, Size* to_size, void* memory) {
  seen = {.from = from, .size = size, .to = to, .to_size = to_size, .memory = memory};
  *to_size = 7;
  return -4; // LZO_E_INPUT_OVERRUN: any that is not 0
}
}

TEST(LzoDictionary, TheSmallerOneIsGivenAllAndItsAnswerIsGivenBack) {
  const unsigned char page[16] = {};
  unsigned char room[32];
  char memory[8];
  Size written = 0;
  EXPECT_EQ(lzo1x_1_compress(page, sizeof page, room, &written, memory), -4);
  EXPECT_EQ(seen.from, page);
  EXPECT_EQ(seen.size, sizeof page);
  EXPECT_EQ(seen.to, room);
  EXPECT_EQ(seen.to_size, &written);
  EXPECT_EQ(seen.memory, memory);
  EXPECT_EQ(written, 7U);
}
