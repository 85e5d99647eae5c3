#include "base/error.hpp"
#include "base/file.hpp"
#include "base/scratch_file.hpp"
#include "machine/qemu_machine.hpp"

#include <gmock/gmock.h>
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

  std::string asked() const { return read_file(directory_.path() / "asked"); }
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

TEST(QemuMachine, HandsOutInOrderWhatAConsoleBringsToWhichNothingIsTyped) {
  FakeQemu fake("c=$(sed -n 's/.*set=1,fd=\\([0-9]*\\).*/\\1/p' <<< \"$args\"); echo con >&$c; echo sole >&$c\n"
                "echo '{\"event\":\"hello\"}' >&$(fd agent); echo last >&$c; exit 5");
  auto spec = fake.spec();
  spec.console_input = false;
  QemuMachine machine(spec, {});
  machine.start();
  std::string console;
  std::vector<std::string> others;
  for (bool ended = false; !ended;) {
    auto event = machine.next_event(Deadline::after(30s));
    if (auto* output = std::get_if<ConsoleOutput>(&event)) console += output->bytes;
    if (auto* line = std::get_if<AgentLine>(&event)) others.push_back(console + line->text);
    ended = std::holds_alternative<Ended>(event);
    ASSERT_FALSE(std::holds_alternative<TimedOut>(event));
  }
  EXPECT_EQ(console, "con\nsole\nlast\n");
  EXPECT_THAT(others, testing::ElementsAre(testing::StartsWith("con\nsole\n")));
}

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

namespace {
/// Answers each line of QMP and notes its name in the file "asked"; `gpa2hva` is what it does with that command.
std::string monitor_script(const std::string& gpa2hva, const std::string& migration = "completed") {
  return R"sh(m=$(fd monitor); asked=$(dirname "$0")/asked
while read -r line <&$m; do
  id=$(sed -n 's/.*"id":\([0-9]*\).*/\1/p' <<< "$line"); value='{}'
  sed -n 's/.*"execute":"\([^"]*\)".*/\1/p' <<< "$line" >> "$asked"
  case $line in
    *gpa2hva*) at=$(sed -n 's/.*gpa2hva \(0x[0-9a-f]*\).*/\1/p' <<< "$line"); )sh" +
         gpa2hva + R"sh( ;;
    *pmemsave*) printf saved > "$(sed -n 's/.*"filename":"\([^"]*\)".*/\1/p' <<< "$line")" ;;
    *'"migrate"'*) echo '{"event":"MIGRATION","data":{"status":"setup"}}' >&$m
                   echo '{"event":"MIGRATION","data":{"status":")sh" +
         migration + R"sh("}}' >&$m ;;
    *migrate-incoming*) echo '{"event":"MIGRATION","data":{"status":")sh" +
         migration + R"sh("}}' >&$m ;;
    *'"cont"'*) echo '{"event":"RESUME"}' >&$m ;;
    *quit*) exit 0 ;;
  esac
  echo "{\"return\":$value,\"id\":$id}" >&$m
done)sh";
}

std::string look(QemuMachine& machine, std::size_t count) {
  std::string text(count, '?');
  machine.look_into_memory([&](const ReadMemory& read) { read(k_ram_start, std::as_writable_bytes(std::span(text))); },
                           Deadline::after(30s));
  return text;
}
} // namespace

TEST(QemuMachine, ReadsGuestMemoryInTheProcessWhileTheGuestStandsStill) {
  // The first page of the stand-in's own program plays guest RAM.
  FakeQemu fake(monitor_script("base=$(( 0x$(sed -n '1s/-.*//p' /proc/$$/maps) )); "
                               "value=$(printf '\"Host virtual address for %s (ram) is %#x\"' "
                               "\"$at\" $(( base + at - 0x40000000 )))"));
  auto spec = fake.spec();
  spec.memory = {4096};
  QemuMachine machine(spec, {});
  machine.start();
  EXPECT_EQ(look(machine, 4), "\x7f"
                              "ELF");
  EXPECT_EQ(fake.asked(), "qmp_capabilities\nstop\nhuman-monitor-command\nhuman-monitor-command\ncont\n");
  EXPECT_THROW(look(machine, 4097), Error);
}

TEST(QemuMachine, ReadsGuestMemoryThroughTheMonitorWhereItCannotLookIntoTheProcess) {
  FakeQemu fake(monitor_script("value='\"No memory is mapped\"'"));
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_EQ(look(machine, 5), "saved");
}

TEST(QemuMachine, TheGuestGoesOnAfterALookThatFailed) {
  FakeQemu fake(monitor_script("value='\"No memory is mapped\"'"));
  QemuMachine machine(fake.spec(), {});
  machine.start();
  auto fails = [](const ReadMemory&) { throw Error(Blame::infra, "hostile"); };
  EXPECT_THROW(machine.look_into_memory(fails, Deadline::after(30s)), Error);
  look(machine, 1); // its stop comes after the cont of the first
  EXPECT_THAT(fake.asked(), testing::HasSubstr("cont\nstop\n"));
}

TEST(QemuMachine, FreezesAndEnds) {
  FakeQemu fake(monitor_script(""));
  auto state = ScratchFile::in_memory({});
  auto spec = fake.spec();
  spec.ram_file = state.path();
  QemuMachine machine(spec, {});
  machine.start();
  machine.freeze(state.path(), Deadline::after(30s));
  EXPECT_TRUE(wait_for<Ended>(machine).status.success());
  EXPECT_EQ(fake.asked(), "qmp_capabilities\nmigrate-set-capabilities\ngetfd\nmigrate\nquit\n");
}

TEST(QemuMachine, AMigrationThatFailsIsAnInfraError) {
  FakeQemu fake(monitor_script("", "failed"));
  auto state = ScratchFile::in_memory({});
  auto spec = fake.spec();
  spec.ram_file = state.path();
  QemuMachine machine(spec, {});
  machine.start();
  EXPECT_THROW(machine.freeze(state.path(), Deadline::after(30s)), Error);
}

namespace {
/// A fork whose template has left nothing in its files.
struct StartedFork {
  explicit StartedFork(const FakeQemu& fake) : machine(of_files(fake.spec(), state.path()), {}) { machine.start(); }

  static MachineSpec of_files(MachineSpec spec, const fs::path& file) {
    spec.ram_file = spec.state_file = file;
    return spec;
  }

  ScratchFile state = ScratchFile::in_memory({});
  QemuMachine machine;
};
} // namespace

TEST(QemuMachine, AForkReadsItsStateAndRuns) {
  FakeQemu fake(monitor_script(""));
  StartedFork fork(fake);
  fork.machine.load_state(Deadline::after(30s));
  EXPECT_EQ(fake.asked(), "qmp_capabilities\nmigrate-set-capabilities\nmigrate-incoming\n");
  fork.machine.wake(Deadline::after(30s));
  EXPECT_THAT(fake.asked(), ::testing::EndsWith("cont\n"));
  EXPECT_GT(fork.machine.peak_memory().bytes, 0U);
}

TEST(QemuMachine, AForkThatCannotLoadItsStateIsAnInfraError) {
  FakeQemu fake(monitor_script("", "failed"));
  StartedFork fork(fake);
  EXPECT_THROW(fork.machine.load_state(Deadline::after(30s)), Error);
}

TEST(QemuMachine, AForkThatEndsInsteadSaysWhy) {
  FakeQemu fake("echo 'load of migration failed' >&2; exit 1");
  StartedFork fork(fake);
  EXPECT_THROW(fork.machine.load_state(Deadline::after(30s)), Error);
}

TEST(QemuMachine, ReportsTheSignalThatKilledIt) {
  FakeQemu fake("kill -KILL $$");
  QemuMachine machine(fake.spec(), {});
  machine.start();
  EXPECT_EQ(wait_for<Ended>(machine).status.signal, SIGKILL);
}

TEST(QemuMachine, KnowsWhatItOccupiedAfterItWasStopped) {
  FakeQemu fake("echo up >&$(fd console); sleep 1000");
  QemuMachine machine(fake.spec(), {});
  EXPECT_EQ(machine.peak_memory().bytes, 0U);
  machine.start();
  wait_for<ConsoleOutput>(machine);
  auto running = machine.peak_memory();
  EXPECT_GT(running.bytes, 0U);
  machine.stop();
  EXPECT_GE(machine.peak_memory(), running);
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
