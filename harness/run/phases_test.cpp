// What prepare() leaves behind; cell_runner_test plays every phase and its failures.

#include "run/cell_runner_fixture.hpp"

namespace kdt::run {

TEST_F(CellRunnerTest, TellsWhatRanTheGuestAndAsWhat) {
  backend_ = "libvirt";
  auto result = run();
  EXPECT_EQ(result.backend, "libvirt");
  EXPECT_EQ(result.artifacts.at("emulator_arguments"), "machine.txt");
  EXPECT_EQ(read_file(directory_.path() / "cell/machine.txt"), "kdt-kernel=k");
}

} // namespace kdt::run
