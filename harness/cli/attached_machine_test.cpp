#include "base/file.hpp"
#include "cli/attached_machine.hpp"
#include "machine/scripted_machine.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <unistd.h>

namespace kdt::cli {
namespace {

/// What was typed into the machine, as it comes.
class Typed {
public:
  void add(const std::string& keys) {
    std::scoped_lock lock(mutex_);
    keys_ += keys;
    news_.notify_all();
  }
  /// Waits until so many keys were typed.
  std::string wait_for(std::size_t size) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, std::chrono::minutes(1), [&] { return keys_.size() >= size; });
    return keys_;
  }

private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::string keys_;
};

class TypedMachine : public machine::Machine {
public:
  TypedMachine(Typed& typed, std::vector<machine::Event> events) : typed_(typed), script_(std::move(events)) {}
  void start() override { script_.start(); }
  machine::Event next_event(Deadline deadline) override { return script_.next_event(deadline); }
  void send(const std::string& line) override { script_.send(line); }
  void type(std::string keys) override { typed_.add(keys); }
  std::optional<std::string> poke(machine::Poke what, Deadline deadline) override {
    return script_.poke(what, deadline);
  }
  std::vector<machine::CpuRegisters> registers(machine::Depth depth, Deadline deadline) override {
    return script_.registers(depth, deadline);
  }
  void dump_memory(const fs::path& path, Deadline deadline) override { script_.dump_memory(path, deadline); }
  void stop() override { script_.stop(); }

private:
  Typed& typed_;
  machine::ScriptedMachine script_;
};

/// A machine whose terminal are two pipes.
class Attached : public ::testing::Test {
protected:
  Attached() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    in_ = UniqueFd(ends[0]);
    keys_ = UniqueFd(ends[1]);
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    screen_ = UniqueFd(ends[0]);
    out_ = UniqueFd(ends[1]);
  }
  std::unique_ptr<AttachedMachine> machine(std::vector<machine::Event> events = {}) {
    return std::make_unique<AttachedMachine>(std::make_unique<TypedMachine>(typed_, std::move(events)), in_.get(),
                                             out_.get(), [this] { left_.add("left"); });
  }
  std::string shown(std::size_t size) {
    std::string text(size, '\0');
    auto got = ::read(screen_.get(), text.data(), size);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  void press(const std::string& keys) { write_all(keys_.get(), keys, "the keyboard"); }

  Typed typed_;
  Typed left_;
  UniqueFd in_, keys_, screen_, out_;
};

TEST_F(Attached, ShowsTheConsoleAsItIsAndHandsItOn) {
  auto attached = machine({machine::ConsoleOutput{"\x1b[1mhello\r\n"}, machine::AgentLine{"{}"}});
  attached->start();
  EXPECT_TRUE(std::holds_alternative<machine::ConsoleOutput>(attached->next_event(Deadline::never())));
  EXPECT_TRUE(std::holds_alternative<machine::AgentLine>(attached->next_event(Deadline::never())));
  EXPECT_EQ(shown(64), "\x1b[1mhello\r\n");
}

TEST_F(Attached, TypesIntoTheGuestUntilTheKeyThatLeaves) {
  auto attached = machine();
  attached->start();
  press("ls\r");
  EXPECT_EQ(typed_.wait_for(3), "ls\r");
  press("a\x03"); // Ctrl-C is the guest's
  press("b\x1dzzz");
  EXPECT_EQ(left_.wait_for(4), "left");
  EXPECT_EQ(typed_.wait_for(6), "ls\ra\x03"
                                "b");
}

TEST_F(Attached, EndsWithoutAKeyAndTwice) {
  auto attached = machine();
  attached->start();
  attached->stop();
  attached->stop();
  auto never_started = machine();
}

TEST_F(Attached, GoesOnWhenNobodyTypesAnyMore) {
  auto attached = machine({machine::ConsoleOutput{"on"}});
  keys_.reset();
  attached->start();
  attached->next_event(Deadline::never());
  EXPECT_EQ(shown(2), "on");
}

} // namespace
} // namespace kdt::cli
