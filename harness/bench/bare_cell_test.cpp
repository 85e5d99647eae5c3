#include "base/error.hpp"
#include "bench/bare_cell.hpp"

#include <gtest/gtest.h>

namespace kdt::bench {

TEST(BareCell, SavingLastsFromTheCaptureKernelsFirstWordUntilTheDumpIsFlushed) {
  EXPECT_DOUBLE_EQ(saved_in("[ 1.0] x\nbare: capture kernel up at 0.50\r\nCopying\nbare: saved 0 at 2.75\r\n").count(),
                   2.25);
}

TEST(BareCell, AGuestThatSavedNothingIsAnError) {
  EXPECT_THROW(saved_in(""), Error);
  EXPECT_THROW(saved_in("bare: capture kernel up at 0.50\n"), Error);
  EXPECT_THROW(saved_in("bare: capture kernel up at 0.50\nbare: saved 1 at 2.75\n"), Error);
  EXPECT_THROW(saved_in("bare: saved 0 at 2.75\n"), Error);
}

TEST(BareCell, ItsInitSavesAsItIsTold) {
  auto init = bare_init(KDT_SOURCE_DIR, "-l -d 31");
  EXPECT_NE(init.find("makedumpfile -l -d 31 -F /proc/vmcore >\"$dump\""), std::string::npos);
  EXPECT_THROW(bare_init("/nonexistent", ""), Error);
}

} // namespace kdt::bench
