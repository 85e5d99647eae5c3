#include "base/error.hpp"
#include "base/file.hpp"
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

TEST(BareCell, ItsInitSavesAndLoadsAsItIsTold) {
  auto init = bare_init(KDT_SOURCE_DIR, {.save = "A=b makedumpfile -d 31", .capture_cmdline = "quiet nr_cpus=1"});
  EXPECT_NE(init.find("\n  A=b makedumpfile -d 31 -F /proc/vmcore >\"$dump\""), std::string::npos);
  EXPECT_NE(init.find("--append='quiet nr_cpus=1'\n"), std::string::npos);
  EXPECT_THROW(bare_init("/nonexistent", {}), Error);
}

TEST(BareCell, AnInitWithoutItsMarksIsRefused) {
  TempDir place("kdt-test");
  make_directories(place.path() / "bench");
  write_file(place.path() / "bench/bare-init.sh", "@SAVE@ -F /proc/vmcore\n");
  EXPECT_THROW(bare_init(place.path(), {}), Error);
  write_file(place.path() / "bench/bare-init.sh", "# @SAVE@\n@SAVE@ to @CAPTURE@\n");
  EXPECT_EQ(bare_init(place.path(), {.save = "s", .capture_cmdline = "c"}), "# @SAVE@\ns to c\n");
}

TEST(BareCell, DoesByHandWhatACellOfKdtDoes) {
  CellParameters parameters;
  parameters.memory = ByteSize::gib(4);
  EXPECT_EQ(by_hand(parameters).memory, "4G");
  EXPECT_EQ(by_hand(parameters).save, "makedumpfile -l -d 31");
  parameters.dump.compression = "none";
  parameters.dump.filter = 17;
  EXPECT_EQ(by_hand(parameters).save, "makedumpfile -d 17");
  parameters.dump.compression = "zstd";
  EXPECT_THROW(by_hand(parameters), Error);
}

} // namespace kdt::bench
