#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/qemu_machine.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace kdt::machine {

using namespace std::chrono_literals;

namespace {

/// A program that stands in for QEMU: a shell script at the front of PATH. Descriptors come as fd=N in its arguments.
class FakeQemu {
public:
  explicit FakeQemu(const std::string& script) : old_path_(std::getenv("PATH")) {
    auto program = directory_.path() / "qemu-system-aarch64";
    write_file(program,
               "#!/bin/bash\nfd() { sed -n \"s/.*id=$1,fd=\\([0-9]*\\).*/\\1/p\" <<< \"$args\"; }\nargs=\"$*\"\n" +
                   script);
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", (directory_.path().string() + ":" + old_path_).c_str(), 1);
  }
  ~FakeQemu() { ::setenv("PATH", old_path_.c_str(), 1); }

  MachineSpec spec() const { return {.name = "fake", .error_log = directory_.path() / "stderr"}; }

private:
  TempDir directory_{"kdt-test"};
  std::string old_path_;
};

template <typename Wanted>
Wanted wait_for(Machine& machine) {
  for (;;) {
    auto event = machine.next_event(Deadline::after(30s));
    if (auto* wanted = std::get_if<Wanted>(&event)) return *wanted;
    if (std::holds_alternative<TimedOut>(event)) throw std::runtime_error("timed out");
  }
}

} // namespace

TEST(QemuMachine, HandsOutConsoleAgentAndEndInOrder) {
  FakeQemu fake("echo console >&$(fd console); echo '{\"event\":\"hello\"}' >&$(fd agent); echo bad >&2; exit 5");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_EQ(wait_for<ConsoleOutput>(machine).bytes, "console\n");
  EXPECT_EQ(wait_for<AgentLine>(machine).text, R"({"event":"hello"})");
  auto ended = wait_for<Ended>(machine);
  EXPECT_EQ(ended.status.code, 5);
  EXPECT_EQ(ended.words, "bad");
}

TEST(QemuMachine, SendsLinesToTheAgent) {
  FakeQemu fake("read -r line <&$(fd agent); echo \"got $line\" >&$(fd agent)");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  machine.send("ping");
  EXPECT_EQ(wait_for<AgentLine>(machine).text, "got ping");
}

TEST(QemuMachine, SpeaksQmp) {
  FakeQemu fake("m=$(fd monitor); echo '{\"QMP\":{}}' >&$m; read -r a <&$m; echo '{\"return\":{},\"id\":1}' >&$m\n"
                "read -r b <&$m; echo '{\"return\":\"CPU#0\\r\\n PC=0000000000000010 X00=0\\r\\n\",\"id\":2}' >&$m\n"
                "read -r c <&$m; echo '{\"return\":\"000000000000000c: 0xd503207f\\r\\n\",\"id\":3}' >&$m; sleep 1000");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  auto registers = machine.registers(Depth::counters, Deadline::after(30s));
  ASSERT_EQ(registers.size(), 1U);
  EXPECT_EQ(registers[0].pc, 0x10U);
  EXPECT_TRUE(registers[0].waits);
}

TEST(QemuMachine, AMonitorThatIsMuteIsAnInfraErrorAtTheDeadline) {
  FakeQemu fake("sleep 1000");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_THROW(machine.registers(Depth::counters, Deadline::after(100ms)), Error);
}

TEST(QemuMachine, ReportsTheSignalThatKilledIt) {
  FakeQemu fake("kill -KILL $$");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_EQ(wait_for<Ended>(machine).status.signal, SIGKILL);
}

TEST(QemuMachine, TimesOutWhenNothingHappens) {
  FakeQemu fake("sleep 1000");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_TRUE(std::holds_alternative<TimedOut>(machine.next_event(Deadline::after(50ms))));
}

TEST(QemuMachine, StopRequestWakesAWaitingThread) {
  FakeQemu fake("echo up >&$(fd console); sleep 1000");
  std::stop_source source;
  QemuMachine machine(fake.spec(), source.get_token());
  machine.start();
  wait_for<ConsoleOutput>(machine);
  std::thread asker([&] { source.request_stop(); });
  EXPECT_THROW(machine.next_event(Deadline::after(30s)), Interrupted);
  asker.join();
}

TEST(QemuMachine, SaysWhichPackageIsMissing) {
  std::string old_path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  EXPECT_THROW(qemu_version(), Error);
  ::setenv("PATH", old_path.c_str(), 1);
}

} // namespace kdt::machine
