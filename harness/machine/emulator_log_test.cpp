#include "machine/emulator_log.hpp"

#include <gtest/gtest.h>

namespace kdt::machine {

TEST(EmulatorLog, HoldsWhatQemuSaidInItsLastLife) {
  EXPECT_EQ(words_of_emulator("2026-11-27 12:25:12.544+0000: starting up libvirt version: 9.0.0\n"
                              "LC_ALL=C \\\n"
                              "/usr/bin/qemu-system-aarch64 \\\n"
                              "-msg timestamp=on\n"
                              "qemu: of an earlier life\n"
                              "2026-11-27 12:25:12.544+0000: shutting down, reason=failed\n"
                              "2026-11-27 12:25:19.576+0000: starting up libvirt version: 9.0.0\n"
                              "LC_ALL=C \\\n"
                              "-msg timestamp=on\n"
                              "2026-11-27 12:25:19.576+0000: Domain id=1 is tainted: custom-argv\n"
                              "char device redirected to /dev/pts/0 (label charserial0)\n"
                              "2026-11-27T12:25:19.985992Z qemu-system-aarch64: terminating on signal 15\n"
                              "**\n"
                              "2026-11-27 12:25:21.594+0000: shutting down, reason=destroyed\n"),
            "qemu-system-aarch64: terminating on signal 15\n**\n");
}

TEST(EmulatorLog, MayBeEmptyOrOfAnotherKind) {
  EXPECT_EQ(words_of_emulator(""), "");
  EXPECT_EQ(words_of_emulator("no stamp at all"), "no stamp at all\n");
}

TEST(EmulatorLog, AStartThatFailedIsToldInQemusWords) {
  EXPECT_EQ(words_of_failed_start("internal error: process exited while connecting to monitor: "
                                  "2026-11-27T12:25:19.985992Z qemu-system-aarch64: no memory"),
            "qemu-system-aarch64: no memory");
  EXPECT_EQ(words_of_failed_start("internal error: process exited while connecting to monitor"), "");
  EXPECT_EQ(words_of_failed_start("unsupported configuration: CPU model x"), std::nullopt);
}

TEST(EmulatorLog, ARefusalIsToldInQemusWords) {
  EXPECT_EQ(words_of_refusal("internal error: unable to execute QEMU command 'inject-nmi': not supported"),
            "not supported");
  EXPECT_EQ(words_of_refusal("Requested operation is not valid"), "Requested operation is not valid");
}

} // namespace kdt::machine
