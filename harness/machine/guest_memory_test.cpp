#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/guest_memory.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kdt::machine {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view k_content = "in the process";
const PhysRange k_ram{k_ram_start, {k_ram_start.value + k_content.size()}};

/// Answers gpa2hva as QEMU does whose guest's RAM is k_content.
std::string qemu_says(const std::string& command, unsigned /*cpu*/) {
  auto at = std::stoull(command.substr(command.find("0x")), nullptr, 16) - k_ram_start.value;
  return fmt::format("Host virtual address for {:#x} (ram) is {:#x}\r\n", at,
                     reinterpret_cast<std::uintptr_t>(k_content.data()) + at);
}
std::string nothing_there(const std::string& /*command*/, unsigned /*cpu*/) {
  return "No memory is mapped at address 0x40000000\r\n";
}
std::string nobody_asks(const std::string& command, unsigned /*cpu*/) {
  ADD_FAILURE() << command;
  return "";
}
void save(const PhysRange& range, const fs::path& file) {
  write_file(file, std::string("through a file").substr(0, range.size().bytes));
}

std::string first_words(const ReadMemory& memory) {
  std::string text(k_content.size(), '?');
  memory(k_ram_start, std::as_writable_bytes(std::span(text)));
  return text;
}

/// What a machine was asked for, in order.
class StandstillTest : public ::testing::Test {
protected:
  Standstill guest() {
    return {.stop = [this] { asked_ += "stop "; },
            .memory =
                [this] {
                  asked_ += "memory ";
                  return [this](PhysAddr, std::span<std::byte>) { asked_ += "read "; };
                },
            .go_on = [this] { asked_ += "go on"; },
            .go_on_after_all = [this] { asked_ += "go on after all"; }};
  }
  static void read_once(const ReadMemory& memory) { memory(k_ram_start, {}); }

  std::string asked_;
};

} // namespace

TEST(GuestMemory, IsReadInTheProcessWhereThatCanBe) {
  EXPECT_EQ(first_words(guest_memory(k_ram, ::getpid(), qemu_says, save)), "in the process");
}

TEST(GuestMemory, IsSavedToAFileWhereItCannot) {
  EXPECT_EQ(first_words(guest_memory(k_ram, ::getpid(), nothing_there, save)), "through a file");
  EXPECT_EQ(first_words(guest_memory(k_ram, 0, qemu_says, save)), "through a file"); // no process that we may read
  EXPECT_EQ(first_words(guest_memory(k_ram, std::nullopt, nobody_asks, save)), "through a file");
}

TEST_F(StandstillTest, StopsTheGuestAndLetsItGoOn) {
  look_at_standstill(guest(), read_once, {}, Deadline::after(30s));
  EXPECT_EQ(asked_, "stop memory read go on");
}

TEST_F(StandstillTest, AGuestThatIsDebuggedRunsOn) {
  auto debugged = guest();
  debugged.debugged = true;
  look_at_standstill(debugged, read_once, {}, Deadline::after(30s));
  EXPECT_EQ(asked_, "memory read ");
}

TEST_F(StandstillTest, TheGuestGoesOnAfterALookThatFailed) {
  auto fails = [](const ReadMemory&) { throw Error(Blame::infra, "hostile"); };
  EXPECT_THROW(look_at_standstill(guest(), fails, {}, Deadline::after(30s)), Error);
  EXPECT_EQ(asked_, "stop memory go on after all");
}

TEST_F(StandstillTest, AlsoAfterAStopThatWasNotAnsweredInTime) {
  auto mute = guest();
  mute.stop = [] { throw Error(Blame::infra, "QEMU did not answer stop in time"); };
  EXPECT_THROW(look_at_standstill(mute, read_once, {}, Deadline::after(30s)), Error);
  EXPECT_EQ(asked_, "go on after all");
}

TEST_F(StandstillTest, ReadsNothingAfterTheDeadline) {
  EXPECT_THROW(look_at_standstill(guest(), read_once, {}, Deadline::after(0s)), Error);
  EXPECT_EQ(asked_, "stop memory go on after all");
}

TEST_F(StandstillTest, AStopRequestEndsIt) {
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(look_at_standstill(guest(), read_once, source.get_token(), Deadline::after(30s)), Interrupted);
  EXPECT_EQ(asked_, "stop memory go on after all");
}

} // namespace kdt::machine
