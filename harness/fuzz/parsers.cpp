#include "fuzz/parsers.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "console/boot_tracker.hpp"
#include "console/line_splitter.hpp"
#include "kdt/records.hpp"
#include "kdt/trigger.hpp"
#include "vmcore/contents.hpp"
#include "vmcore/flattened.hpp"
#include "vmcore/judge.hpp"
#include "vmcore/printk_log.hpp"
#include "vmcore/raw_file.hpp"
#include "vmcore/second_opinion.hpp"
#include "vmcore/shape.hpp"
#include "vmcore/tiny_vmcore.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <sys/mman.h>

namespace kdt::fuzz {

namespace {

namespace tiny = vmcore::tiny;

const std::vector<std::string> k_messages{"Linux version 6.1.0-tiny", "kdt: nonce abc",
                                          "Kernel panic - not syncing: test"};

UniqueFd file_of(std::string_view bytes) {
  UniqueFd fd(::memfd_create("kdt-fuzz", MFD_CLOEXEC));
  if (!fd) throw Error(Blame::infra, "cannot make a file in memory: {}", errno_text(errno));
  write_all(fd.get(), bytes, "a file in memory");
  return fd;
}

bool feed_shape(std::string_view bytes) {
  auto fd = file_of(bytes);
  auto shape = vmcore::inspect(fd.get());
  return shape.aarch64 && !shape.truncated();
}

bool feed_flattened(std::string_view bytes) {
  constexpr std::uint64_t k_limit = std::uint64_t{16} << 20;
  auto from = file_of(bytes), to = file_of({});
  auto result = vmcore::reassemble(from.get(), to.get(), k_limit);
  KDT_ASSERT(vmcore::RawFile(to.get()).size() <= k_limit);
  KDT_ASSERT(!result.complete || result.stream_bytes <= bytes.size());
  vmcore::inspect(to.get());
  return result.complete;
}

bool feed_vmcoreinfo(std::string_view bytes) {
  vmcore::VmcoreInfo info{bytes};
  info.symbol("prb");
  info.offset("prb_desc.state_var");
  info.size("printk_info");
  return info.number("VA_BITS").has_value();
}

/// Kernel memory as an input: vmcoreinfo's length and text, then runs of (place, length, bytes); the rest is zeros.
std::string memory_input(const tiny::Memory& memory) {
  std::string input;
  auto word = [&](std::size_t value) {
    input += static_cast<char>(value & 0xff);
    input += static_cast<char>(value >> 8);
  };
  word(memory.vmcoreinfo.size());
  input += memory.vmcoreinfo;
  constexpr std::size_t k_run = 64;
  for (std::size_t at = 0; at < memory.bytes.size(); at += k_run) {
    std::string_view run(reinterpret_cast<const char*>(memory.bytes.data()) + at, k_run);
    if (run.find_first_not_of('\0') == std::string_view::npos) continue;
    word(at);
    word(k_run);
    input += run;
  }
  return input;
}

tiny::Memory memory_from(std::string_view input) {
  tiny::Memory memory;
  auto word = [&] {
    std::size_t value = 0;
    for (int shift = 0; shift < 16 && !input.empty(); shift += 8, input.remove_prefix(1))
      value |= std::size_t{static_cast<unsigned char>(input[0])} << shift;
    return value;
  };
  auto take = [&](std::size_t most) {
    auto taken = input.substr(0, most);
    input.remove_prefix(taken.size());
    return taken;
  };
  memory.vmcoreinfo = take(word());
  while (!input.empty()) {
    auto at = word();
    auto bytes = take(word());
    bytes = bytes.substr(0, memory.bytes.size() - std::min(at, memory.bytes.size()));
    std::copy(bytes.begin(), bytes.end(), memory.bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return memory;
}

bool feed_printk(std::string_view bytes) {
  auto memory = memory_from(bytes);
  auto log = vmcore::read_printk_log(
      vmcore::VmcoreInfo{memory.vmcoreinfo},
      [&](std::uint64_t address, void* to, std::size_t count) { return memory.read(address, to, count); });
  return log.problem.empty() && !log.text().empty();
}

bool feed_contents(std::string_view bytes) {
  auto json = nlohmann::ordered_json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return false;
  try {
    auto contents = vmcore::contents_from_json(json);
    vmcore::Expectation expectation;
    expectation.nonce = "abc";
    vmcore::observe(contents, bytes, expectation);
    vmcore::judge(contents, bytes, expectation);
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

bool feed_console(std::string_view bytes) {
  console::LineSplitter splitter;
  console::BootTracker tracker;
  for (const auto& line : splitter.feed(bytes)) tracker.feed(line);
  console::classify_output(bytes);
  tracker.most_telling(console::Stage::firmware);
  return tracker.stage() != console::Stage::firmware;
}

bool feed_crash(std::string_view bytes) {
  auto opinion = vmcore::read_crash_output(bytes);
  vmcore::observe(opinion);
  vmcore::compare({{"vmcore.crash_stack", std::vector<std::string>{"panic+0x1c"}}}, bytes, opinion);
  return !opinion.release.empty() && !opinion.stack.empty() && !opinion.log.empty();
}

template <class Record>
bool decodes(const protocol::Json& json) {
  try {
    protocol::decode<Record>(json, "answer");
    return true;
  } catch (const protocol::ShapeError&) {
    return false;
  }
}

bool feed_agent(std::string_view bytes) {
  auto json = protocol::Json::parse(bytes, nullptr, false);
  if (json.is_discarded()) return false;
  std::array<bool, 8> good{decodes<protocol::Hello>(json),        decodes<protocol::Facts>(json),
                           decodes<protocol::LoadAnswer>(json),   decodes<protocol::ProbeAnswer>(json),
                           decodes<protocol::ResizeAnswer>(json), decodes<protocol::SaveAnswer>(json),
                           decodes<protocol::Progress>(json),     decodes<protocol::TriggerAsk>(json)};
  return std::find(good.begin(), good.end(), true) != good.end();
}

std::vector<std::string> dump_seeds() {
  auto memory = tiny::kernel(k_messages);
  return {tiny::kdump(memory), tiny::elf(memory)};
}

std::vector<std::string> flattened_seeds() {
  // Short ones: the fuzzer's bytes should go into headers, not into pages.
  return {tiny::flattened("KDUMP   and some bytes", 7), tiny::flattened(std::string(9000, 'x'), 4000)};
}

std::vector<std::string> vmcoreinfo_seeds() {
  return {tiny::kernel(k_messages).vmcoreinfo, tiny::old_kernel(k_messages, 0).vmcoreinfo};
}

std::vector<std::string> printk_seeds() {
  return {memory_input(tiny::kernel(k_messages)), memory_input(tiny::kernel(std::vector<std::string>(40, "again"))),
          memory_input(tiny::old_kernel(k_messages, 0)), memory_input(tiny::old_kernel(k_messages, 400))};
}

std::vector<std::string> contents_seeds() {
  vmcore::Contents contents;
  contents.format = contents.shape.format = vmcore::Format::kdump;
  contents.shape.memory = {{{0x40000000}, {0x80000000}}};
  contents.opened = contents.shape.aarch64 = true;
  contents.cpus = {{.pc = 1, .sp = 2, .lr = 3, .pstate = 4, .pid = 5}};
  return {to_json(contents).dump()};
}

std::vector<std::string> console_seeds() {
  return {"[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\r\n"
          "[    2.500000] Kernel panic - not syncing: sysrq triggered crash\n"
          "[    2.600000] Starting crashdump kernel...\n[    2.600000] Bye!\n"
          "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\nkdt-agent: hello capture\n"
          "[    1.000000] Internal error: Oops: 0000000096000004 [#1] SMP\n\tOut of memory: Killed process 1\n"};
}

std::vector<std::string> crash_seeds() {
  return {"        CPUS: 2\n     RELEASE: 6.1.0\n    PID: 1\nCOMMAND: \"init\"\n #0 [ffff80000802b9c0] panic at "
          "ffffae3ba2d1b3f4\n[    0.000000] Booting Linux\nof two lines\n"};
}

std::vector<std::string> agent_seeds() {
  protocol::Hello hello;
  hello.role = "system";
  protocol::Facts facts;
  facts.release = "6.1";
  facts.iomem = {{.start = 1, .last = 2, .name = "System RAM", .depth = 0}};
  return {encode(hello).dump(), encode(facts).dump(), encode(protocol::SaveAnswer{}).dump()};
}

constexpr auto k_parsers = std::to_array<Parser>({
    {"shape", feed_shape, dump_seeds},
    {"flattened", feed_flattened, flattened_seeds},
    {"vmcoreinfo", feed_vmcoreinfo, vmcoreinfo_seeds},
    {"printk", feed_printk, printk_seeds},
    {"contents", feed_contents, contents_seeds},
    {"console", feed_console, console_seeds},
    {"agent", feed_agent, agent_seeds},
    {"crash", feed_crash, crash_seeds},
});

} // namespace

std::span<const Parser> parsers() {
  return k_parsers;
}

bool feed_any(std::string_view bytes) {
  if (bytes.empty()) return false;
  const auto& parser = k_parsers[static_cast<unsigned char>(bytes[0]) % k_parsers.size()];
  return parser.feed(bytes.substr(1));
}

std::vector<std::string> all_seeds() {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < k_parsers.size(); ++i)
    for (const auto& seed : k_parsers[i].seeds()) all.push_back(static_cast<char>(i) + seed);
  return all;
}

} // namespace kdt::fuzz
