// What of LibvirtMachine shows without a guest; with guests: e2e/libvirt_test.

#include "base/error.hpp"
#include "base/file.hpp"
#include "machine/libvirt_connection.hpp"
#include "machine/libvirt_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace kdt::machine {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

namespace {

class LibvirtMachineTest : public ::testing::Test {
protected:
  MachineSpec spec() const { return {.name = "kdt-test", .error_log = place_.path() / "stderr"}; }

  TempDir place_{"kdt-test"};
  std::shared_ptr<LibvirtConnection> connection_ = // shared, as the machines of a run do
      std::make_shared<LibvirtConnection>(libvirt_uri("test:///default"), fs::path());
};

} // namespace

TEST_F(LibvirtMachineTest, AStartThatLibvirtRefusesIsAnErrorOfTheHost) {
  auto domains = ::virConnectNumOfDomains(connection_->get());
  LibvirtMachine machine(connection_, spec(), {});
  try {
    machine.start(); // the test driver has no domains of QEMU's
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::infra);
    EXPECT_THAT(error.what(), HasSubstr("libvirt refused to start the guest"));
  }
  machine.stop();
  EXPECT_EQ(::virConnectNumOfDomains(connection_->get()), domains);
  EXPECT_EQ(machine.peak_memory().bytes, 0U);
}

TEST_F(LibvirtMachineTest, ThatWasNotStartedAnswersNothing) {
  LibvirtMachine machine(connection_, spec(), {});
  EXPECT_TRUE(std::holds_alternative<TimedOut>(machine.next_event(Deadline::after(10ms))));
  machine.send("nobody hears this");
  machine.type("nor this");
  machine.stop();
  machine.stop();
}

TEST_F(LibvirtMachineTest, AfterItsEndNothingCanBeAsked) {
  LibvirtMachine machine(connection_, spec(), {});
  EXPECT_THROW(machine.start(), Error);
  machine.stop();
  EXPECT_THROW(machine.registers(Depth::counters, Deadline::after(30s)), Error);
  EXPECT_THROW(machine.dump_memory(place_.path() / "dump", Deadline::after(30s)), Error);
}

TEST_F(LibvirtMachineTest, StopRequestWakesAWaitingThread) {
  std::stop_source source;
  LibvirtMachine machine(connection_, spec(), source.get_token());
  EXPECT_THROW(machine.start(), Error); // from here on it is woken
  std::jthread asker([&] { source.request_stop(); });
  EXPECT_THROW(machine.next_event(Deadline::after(30s)), Interrupted);
}

} // namespace kdt::machine
