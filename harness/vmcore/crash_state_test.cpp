#include "vmcore/crash_state.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace kdt;
using namespace kdt::vmcore;
using testing::ElementsAre;

namespace {

CpuRegisters registers(const tiny::Cpu& cpu) {
  CpuRegisters registers{.pc = cpu.pc, .sp = cpu.sp, .fp = cpu.fp, .registers = std::vector<std::uint64_t>(34)};
  registers.registers[29] = cpu.fp;
  registers.registers[31] = cpu.sp;
  registers.registers[32] = cpu.pc;
  return registers;
}

struct Crashed {
  tiny::Memory memory = tiny::kernel({"x"});
  std::vector<CpuRegisters> notes;
  LinkAddresses symbols = tiny::crash_addresses();

  Crashed() {
    for (const auto& cpu : tiny::crash(memory)) notes.push_back(registers(cpu));
  }
  CrashState read() const {
    return read_crash_state(
        VmcoreInfo(memory.vmcoreinfo), notes, symbols,
        [this](std::uint64_t address, void* to, std::size_t bytes) { return memory.read(address, to, bytes); });
  }
};

constexpr std::uint64_t k_code = tiny::k_virtual + 13 * tiny::k_page;

} // namespace

TEST(CrashState, FollowsTheNotesIntoMemory) {
  auto state = Crashed().read();
  EXPECT_EQ(state.kernel_offset, 0u);
  EXPECT_EQ(state.text, tiny::k_virtual);
  EXPECT_EQ(state.banner, "Linux version 6.1.0-tiny (gcc)");
  EXPECT_EQ(state.panic_cpu, 1u);
  ASSERT_EQ(state.cpus.size(), 2u);
  EXPECT_EQ(state.cpus[0].cpu, 0u);
  EXPECT_EQ(state.cpus[0].task, "swapper/0");
  EXPECT_EQ(state.cpus[1].cpu, 1u);
  EXPECT_EQ(state.cpus[1].task, "sh");
  EXPECT_THAT(state.cpus[0].stack, ElementsAre(k_code + 0x10));
  EXPECT_THAT(state.cpus[1].stack, ElementsAre(k_code + 0x110, k_code + 0x220));
}

TEST(CrashState, KnowsNotesByWhatTheKernelSaved) {
  Crashed swapped;
  std::swap(swapped.notes[0], swapped.notes[1]);
  auto state = swapped.read();
  EXPECT_EQ(state.cpus[0].cpu, 1u);
  EXPECT_EQ(state.cpus[1].cpu, 0u);
  Crashed foreign;
  foreign.notes[0].registers[3] = 7;
  EXPECT_EQ(foreign.read().cpus[0].cpu, std::nullopt);
  EXPECT_EQ(foreign.read().cpus[1].cpu, 1u);
}

TEST(CrashState, IsFoundWhereKaslrPutTheKernel) {
  Crashed moved;
  constexpr std::uint64_t k_offset = 0x200000;
  moved.symbols = tiny::crash_addresses(k_offset);
  auto at = moved.memory.vmcoreinfo.find("KERNELOFFSET=0");
  moved.memory.vmcoreinfo.replace(at, 14, "KERNELOFFSET=200000");
  auto state = moved.read();
  EXPECT_EQ(state.kernel_offset, k_offset);
  EXPECT_EQ(state.cpus.at(1).task, "sh");
}

TEST(CrashState, WithoutSymbolsTheStacksAreAllThatIsKnown) {
  Crashed crashed;
  crashed.symbols.clear();
  auto state = crashed.read();
  EXPECT_FALSE(state.notes_kept);
  EXPECT_EQ(state.banner, "");
  EXPECT_EQ(state.panic_cpu, std::nullopt);
  EXPECT_EQ(state.cpus.at(1).stack.size(), 2u);
}

TEST(CrashState, StacksThatLeadInACircleOrAstrayEnd) {
  Crashed circle;
  circle.memory.put<std::uint64_t>(tiny::k_stacks + 0x200, tiny::k_virtual + tiny::k_stacks + 0x100);
  circle.memory.put<std::uint64_t>(tiny::k_stacks + 0x208, k_code);
  EXPECT_EQ(circle.read().cpus.at(1).stack.size(), 64u);
  Crashed astray;
  astray.memory.put<std::uint64_t>(tiny::k_stacks + 0x100, 0xffff900000000000);
  EXPECT_EQ(astray.read().cpus.at(1).stack.size(), 2u);
  Crashed user;
  user.notes[0] = registers({0x400000, 0x7ffff000, 0x7ffff010});
  EXPECT_THAT(user.read().cpus.at(0).stack, ElementsAre(0x400000));
}

TEST(CrashState, SurvivesJson) {
  auto json = to_json(Crashed().read());
  EXPECT_EQ(to_json(crash_state_from_json(json)), json);
  EXPECT_EQ(to_json(crash_state_from_json(to_json(CrashState{}))), to_json(CrashState{}));
}
