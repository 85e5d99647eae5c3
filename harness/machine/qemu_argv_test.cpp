#include "base/file.hpp"
#include "base/process.hpp"
#include "machine/qemu_argv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace kdt::machine {

namespace {
MachineSpec example() {
  return {.name = "kdt-cell",
          .kernel = "/images/Image",
          .initramfs = "/images/initramfs.cpio",
          .cmdline = "console=ttyAMA0 crashkernel=256M",
          .drives = {{.serial = "kdt-dump", .file = "/run/dump.img", .read_only = false},
                     {.serial = "kdt-image", .file = "/images/a,b/Image", .read_only = true}},
          .error_log = "/run/qemu.stderr"};
}

bool has_pair(const std::vector<std::string>& argv, const std::string& option, const std::string& value) {
  for (std::size_t i = 0; i + 1 < argv.size(); ++i)
    if (argv[i] == option && argv[i + 1] == value) return true;
  return false;
}
} // namespace

TEST(QemuArgv, MatchesTheGoldenFile) {
  std::string text;
  for (const auto& word : qemu_argv(example(), channels_by_fd(3, 4, 5))) text += word + "\n";
  EXPECT_EQ(text, read_file(KDT_TESTDATA "/qemu_argv.golden"));
}

TEST(QemuArgv, UnderTcgAThreadForEachCpuIsThereWhenItIsAskedFor) {
  auto spec = example();
  EXPECT_TRUE(has_pair(qemu_argv(spec, channels_by_fd(3, 4, 5)), "-accel", "tcg,thread=single"));
  spec.thread_per_cpu = true;
  EXPECT_TRUE(has_pair(qemu_argv(spec, channels_by_fd(3, 4, 5)), "-accel", "tcg,thread=multi"));
}

TEST(QemuArgv, KvmUsesTheHostsCpu) {
  auto spec = example();
  spec.thread_per_cpu = true; // as KVM has it anyway
  spec.accelerator = Accelerator::kvm;
  auto argv = qemu_argv(spec, channels_by_fd(3, 4, 5));
  EXPECT_TRUE(has_pair(argv, "-cpu", "host"));
  EXPECT_TRUE(has_pair(argv, "-accel", "kvm"));
}

TEST(QemuArgv, AServiceIsTheOnlyReasonForANetwork) {
  auto spec = example();
  auto count = [&](const std::string& option) {
    return std::ranges::count(qemu_argv(spec, channels_by_fd(3, 4, 5)), option);
  };
  EXPECT_EQ(count("-netdev"), 0);
  spec.service = Service{.peer = 7};
  EXPECT_EQ(count("-netdev"), 1);
  auto argv = qemu_argv(spec, channels_by_fd(3, 4, 5));
  EXPECT_TRUE(has_pair(argv, "-chardev", "socket,id=service,fd=7"));
  EXPECT_TRUE(has_pair(argv, "-netdev", "user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:22-chardev:service"));
}

TEST(QemuArgv, AGuestThatIsDebuggedWaitsAndListensOnThisHostOnly) {
  auto spec = example();
  EXPECT_EQ(std::ranges::count(qemu_argv(spec, channels_by_fd(3, 4, 5)), "-S"), 0);
  spec.gdb_port = 1234;
  auto argv = qemu_argv(spec, channels_by_fd(3, 4, 5));
  EXPECT_TRUE(has_pair(argv, "-gdb", "tcp:127.0.0.1:1234"));
  EXPECT_EQ(std::ranges::count(argv, "-S"), 1);
}

TEST(QemuArgv, ATemplateSharesItsRamFileAndAForkCopiesItAsItWrites) {
  auto spec = example();
  auto ram = [&] {
    auto argv = qemu_argv(spec, channels_by_fd(3, 4, 5));
    return *(std::ranges::find(argv, "-object") + 1);
  };
  EXPECT_EQ(ram(), "memory-backend-ram,id=ram,size=2147483648,reserve=off");
  spec.ram_file = "/proc/1/fd/9";
  EXPECT_EQ(ram(), "memory-backend-file,mem-path=/proc/1/fd/9,share=on,id=ram,size=2147483648,reserve=off");
  EXPECT_EQ(std::ranges::count(qemu_argv(spec, channels_by_fd(3, 4, 5)), "-incoming"), 0);
  spec.state_file = "/proc/1/fd/10";
  EXPECT_EQ(ram(), "memory-backend-file,mem-path=/proc/1/fd/9,share=off,id=ram,size=2147483648,reserve=off");
  EXPECT_TRUE(has_pair(qemu_argv(spec, channels_by_fd(3, 4, 5)), "-incoming", "defer"));
}

TEST(QemuArgv, IsDescribedAsOneWouldTypeIt) {
  auto description = describe_qemu(example());
  EXPECT_EQ(description.file, "qemu.args");
  EXPECT_EQ(description.text, shell_line(qemu_argv(example(), channels_by_fd(3, 4, 5))) + "\n");
}

TEST(QemuArgv, AConsoleToWhichNothingIsTypedIsAPipe) {
  auto spec = example();
  EXPECT_THAT(describe_qemu(spec).text, testing::HasSubstr("-chardev socket,id=console,fd=3 "));
  spec.console_input = false;
  EXPECT_THAT(describe_qemu(spec).text,
              testing::HasSubstr("-add-fd set=1,fd=3 -chardev file,id=console,path=/dev/fdset/1,append=on "));
}

TEST(QemuArgv, WithoutAMonitorThereIsNoQmp) {
  Channels channels{.console = "stdio", .agent = "null", .monitor = ""};
  auto argv = qemu_argv(example(), channels);
  EXPECT_EQ(std::ranges::count(argv, "-mon"), 0);
  EXPECT_TRUE(has_pair(argv, "-chardev", "stdio,id=console"));
}

} // namespace kdt::machine
