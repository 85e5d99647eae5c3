#pragma once

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/memory.hpp"
#include "base/process.hpp"
#include "base/units.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace kdt::machine {

/// What runs the guest's instructions.
enum class Accelerator { kvm, tcg };
std::string_view to_string(Accelerator accelerator);

/// A disk of the guest; it finds it by its serial number.
struct Drive {
  std::string serial{};
  std::filesystem::path file{};
  bool read_only = false;
};

/// A TCP service that the guest finds in a network with nothing else in it; one connection.
struct Service {
  std::string address = "10.0.2.100"; ///< in QEMU's user network; the guest is 10.0.2.15
  unsigned port = 22;
  int peer = -1; ///< a stream socket: what the guest sends comes out at its other end
};

/// Everything that makes a machine; argv and domain XML are pure functions of it.
struct MachineSpec {
  std::string name{};             ///< for people: it shows in process lists
  std::string cpu = "cortex-a57"; ///< QEMU's name; under KVM the host's CPU is used instead
  unsigned cpus = 2;
  ByteSize memory = ByteSize::gib(2);
  Accelerator accelerator = Accelerator::tcg;
  std::filesystem::path kernel{};
  std::filesystem::path initramfs{};
  std::string cmdline{};
  bool dtb_randomness = true;  ///< seeds in the device tree
  bool thread_per_cpu = false; ///< under TCG; else one thread runs all CPUs. libvirt has no word for it: always true
  std::vector<Drive> drives{};
  /// The guest's RAM is this file, of that size: so it can freeze(). Empty: RAM of its own. A fork's RAM is a private
  /// copy of the file, made page by page as the guest writes.
  std::filesystem::path ram_file{};
  std::filesystem::path state_file{}; ///< of a fork: what freeze() wrote for a guest of the same make; empty: it boots
  std::optional<Service> service{};   ///< without one there is no network device
  std::filesystem::path error_log{};  ///< what the emulator itself prints
  bool console_input = true; ///< false: nothing will be typed, nor a break sent; what it prints then costs us less
  std::optional<unsigned> gdb_port{}; ///< a gdb stub listens there, on this host only, and the guest waits for it
};

/// Where RAM starts in QEMU's virt machine (hw/arm/virt.c: VIRT_MEM), in one piece.
inline constexpr PhysAddr k_ram_start{0x40000000};

/// The RAM of a guest.
inline PhysRange ram_of(ByteSize memory) {
  return {k_ram_start, {k_ram_start.value + memory.bytes}};
}

/// Bytes the guest wrote to its console.
struct ConsoleOutput {
  std::string bytes{};
};
/// One line from the agent, without its newline.
struct AgentLine {
  std::string text{};
};
/// The machine changed state: an event name of QMP (SHUTDOWN, RESET, STOP, GUEST_PANICKED…) and its reason.
struct StateChange {
  std::string name{};
  std::string reason{}; ///< of SHUTDOWN: guest-shutdown, guest-reset, host-signal…; of MIGRATION its status; else empty
};
/// The emulator is gone.
struct Ended {
  ExitStatus status;
  std::string words{};     ///< the end of what it printed
  bool status_told = true; ///< else nobody told how it ended, and status stands for a failure
};
/// "exit status 1", "signal 9 (Killed)", or that nobody told.
inline std::string how_it_ended(const Ended& ended) {
  return ended.status_told ? to_string(ended.status) : "a status that libvirt does not tell";
}
/// The deadline passed and nothing happened.
struct TimedOut {};

using Event = std::variant<ConsoleOutput, AgentLine, StateChange, Ended, TimedOut>;

/// A place in the guest's code.
struct CodeAddress {
  std::uint64_t address = 0;               ///< as the vCPU sees it
  std::optional<std::uint64_t> physical{}; ///< by the vCPU's own page tables; nullopt: not mapped
};

/// Registers of one vCPU.
struct CpuRegisters {
  unsigned cpu = 0;
  std::uint64_t pc = 0;
  std::string text{};               ///< as the emulator prints them
  bool waits = false;               ///< the instruction before pc is WFI or WFE: it waits for an interrupt or an event
  std::vector<CodeAddress> chain{}; ///< where it stands and whereto it returns, innermost first; with Depth::chains
};

/// How much registers() reads.
enum class Depth {
  counters, ///< the registers alone, while the guest runs on
  chains,   ///< call chains, too; stops the guest first, and leaves it stopped
};

/// What can be done to a running guest from outside.
enum class Poke {
  nmi,        ///< a non-maskable interrupt
  sysrq_crash ///< a break on the serial console, then the key c: SysRq c, where the kernel listens
};

/// A VM as the runner sees it. It knows nothing of kdump. Used by one thread; its destructor ends the guest.
class Machine {
public:
  virtual ~Machine() = default;

  /// Starts the guest; throws Error{infra} when that cannot even be tried.
  virtual void start() = 0;
  /// The next thing that happened, in order; TimedOut at the deadline; throws Interrupted when stop was requested.
  virtual Event next_event(Deadline deadline) = 0;
  /// One line to the agent, newline added.
  virtual void send(const std::string& line) = 0;
  /// Bytes to the guest's console, as if typed there; by any thread, as long as the machine lives.
  virtual void type(std::string /*keys*/) {}
  /// Nullopt when it was done, else why this machine cannot; throws Error{infra} when the emulator does not answer
  /// within the deadline.
  virtual std::optional<std::string> poke(Poke what, Deadline deadline) = 0;
  /// Of every vCPU; throws Error{infra} when the emulator does not answer within the deadline.
  virtual std::vector<CpuRegisters> registers(Depth depth, Deadline deadline) = 0;
  /// Guest memory as a kdump-compressed file, zero pages stored once; throws Error{infra}.
  virtual void dump_memory(const std::filesystem::path& path, Deadline deadline) = 0;
  /// Calls `look` with what reads the guest's RAM while the guest stands still; it goes on afterwards, whatever look
  /// did. Throws Error{infra} when the memory cannot be read or the deadline passes, Interrupted, and what look throws.
  virtual void look_into_memory(const std::function<void(const ReadMemory&)>& /*look*/, Deadline /*deadline*/) {
    throw Error(Blame::infra, "this kind of machine does not show its memory");
  }
  /// Writes all of the guest's state but its RAM to the file, for forks, and ends it; its Ended comes as the last
  /// event. Throws Error{infra} when this machine cannot or the deadline passes, Interrupted.
  virtual void freeze(const std::filesystem::path& /*state_file*/, Deadline /*deadline*/) {
    throw Error(Blame::infra, "this kind of machine cannot be frozen");
  }
  /// Makes a fork that was started what the guest was when it froze: it stands still. Throws Error{infra}, Interrupted.
  virtual void load_state(Deadline /*deadline*/) { throw Error(Blame::infra, "this kind of machine cannot be forked"); }
  /// Lets a fork that has its state go on where the other guest froze; throws Error{infra}, Interrupted.
  virtual void wake(Deadline /*deadline*/) { throw Error(Blame::infra, "this kind of machine cannot be forked"); }
  /// The most of the host's memory that the emulator has occupied so far, or did when it has ended; of a fork what it
  /// does not share with others; 0: not known.
  virtual ByteSize peak_memory() const { return {}; }
  /// What the emulator got of the host's processors so far; nullopt when the host does not tell.
  virtual std::optional<ProcessorTime> processor_time() const { return {}; }
  /// Ends the guest at once and reaps the emulator; may be called twice.
  virtual void stop() = 0;
};

/// What a machine is started as, for people to read: the name of a file and what it holds.
struct Description {
  std::string file{};
  std::string text{};
};
using Describe = std::function<Description(const MachineSpec&)>;

/// How the runner makes machines; tests hand in a scripted one.
using MachineFactory = std::function<std::unique_ptr<Machine>(const MachineSpec&, std::stop_token)>;

} // namespace kdt::machine
