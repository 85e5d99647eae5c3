#include "run/fake_guest.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "kdt/records.hpp"

#include <nlohmann/json.hpp>

namespace kdt::run {

using nlohmann::ordered_json;

namespace {
constexpr const char* k_banner = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\n";
constexpr const char* k_crash = "[    2.5] Kernel panic - not syncing: sysrq triggered crash\n"
                                "[    2.6] Starting crashdump kernel...\n[    2.6] Bye!\n";
constexpr protocol::NotePlace k_note{.start = 0x40968000, .size = 0x1024};
constexpr const char* k_vmcoreinfo =
    "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffc7350c966000\nNUMBER(VA_BITS)=48\nNUMBER(kimage_voffset)="
    "0xffffc734cc400000\nNUMBER(PHYS_OFFSET)=0xffffaeca00000000\nNUMBER(TCR_EL1_T1SZ)=0x10\n";

/// An ELF note as the kernel makes it.
std::string vmcoreinfo_note() {
  std::string text = k_vmcoreinfo, head(12, '\0');
  head[0] = sizeof "VMCOREINFO";
  head[4] = static_cast<char>(text.size() & 0xff);
  head[5] = static_cast<char>(text.size() >> 8);
  return head + std::string("VMCOREINFO\0\0", 12) + text;
}

/// What was asked, in the order of the recordings.
constexpr const char* k_asked[] = {"facts", "probe", "load", "probe", "trigger", "facts", "save", "poweroff"};
/// A kernel that lets nobody change the size of its crash region.
constexpr const char* k_resize_refused = R"({"id":0,"answer":{"error":"EINVAL","size":268435456,"regions":[]}})";

/// Nor as old as the canaries.
constexpr const char* k_canaries = R"({"id":0,"answer":{"canaries":[
  {"kind":"kernel","address":1073741824,"near":1073741824}, {"kind":"zero","address":1073745920},
  {"kind":"slab","address":1073762304}, {"kind":"free","address":1073750016}, {"kind":"cache","address":1073754112}, {"kind":"user","address":1073758208}],
  "missing":[],"iomem":[{"start":1073741824,"last":3221225471,"name":"System RAM","depth":0}],"seconds":0.01}})";

/// Answers carry the id of the ask, whichever the test wrote down.
std::vector<machine::Event> addressed(std::vector<machine::Event> events, const ordered_json& id) {
  for (auto& event : events) {
    auto* line = std::get_if<machine::AgentLine>(&event);
    auto json = line == nullptr ? ordered_json() : ordered_json::parse(line->text, nullptr, false);
    if (!json.is_object() || !json.contains("id") || json["id"].is_null()) continue;
    json["id"] = id;
    line->text = json.dump();
  }
  return events;
}
} // namespace

machine::Event console(const std::string& text) {
  return machine::ConsoleOutput{text};
}

machine::Event canaries_planted() {
  return machine::AgentLine{k_canaries};
}

machine::Event killed(int signal) {
  return machine::Ended{.status = {.code = 0, .signal = signal}, .words = ""};
}

FakeGuest::FakeGuest(const std::string& recording) {
  std::size_t next = 0;
  std::string capture_hello;
  for (const auto& line : split(read_file(recording), '\n')) {
    auto json = ordered_json::parse(line, nullptr, false);
    if (json.contains("event") && json["event"] == "hello")
      (json["role"] == "system" ? system_hello_ : capture_hello) = line;
    else if (json.contains("answer") && next < std::size(k_asked))
      answers_[k_asked[next++]].push_back(line);
  }
  boot_events = {console(k_banner)};
  capture_events = {console(k_crash), console(k_banner), machine::AgentLine{capture_hello}};
}

std::unique_ptr<machine::Machine> FakeGuest::machine() {
  auto events = boot_events;
  events.push_back(machine::AgentLine{system_hello_});
  return machine_with(std::move(events));
}

std::unique_ptr<machine::Machine> FakeGuest::fork() {
  return machine_with({});
}

std::unique_ptr<machine::Machine> FakeGuest::machine_with(std::vector<machine::Event> events) {
  auto machine = std::make_unique<machine::ScriptedMachine>(std::move(events),
                                                            [this](const std::string& line) { return respond(line); });
  machine->monitor_answers = monitor_answers;
  machine->cannot_freeze = cannot_freeze;
  machine->cannot_wake = cannot_wake;
  machine->poked = poked;
  if (has_memory_) machine->memory = [this] { return memory(); };
  return machine;
}

std::vector<machine::Event> FakeGuest::respond(const std::string& line) {
  auto ask = ordered_json::parse(line);
  std::string name = ask.at("ask");
  int nth = asked_[name]++;
  asks[name] = line;
  if (auto found = overrides_.find({name, nth}); found != overrides_.end())
    return addressed(found->second(), ask["id"]);
  if (name == "hello")
    return {machine::AgentLine{ordered_json{{"id", ask["id"]}, {"answer", ordered_json::parse(system_hello_)}}.dump()}};
  auto& queue = answers_[name];
  if (name == "resize" && queue.empty()) queue.push_back(k_resize_refused); // no recording is as young
  if (name == "wake" && queue.empty()) queue.push_back(R"({"id":0,"answer":{"role":"system","random":7,"time":3}})");
  if (name == "canaries" && queue.empty()) queue.push_back(k_canaries);
  KDT_ASSERT(!queue.empty());
  auto answer = ordered_json::parse(queue.front());
  if (name == "probe") probed_ = queue.front();
  if (queue.size() > 1) queue.pop_front(); // who asks more often hears the last answer again
  if (name == "facts" && nth == 0 && has_memory_)
    answer["answer"]["vmcoreinfo"] = {{"start", k_note.start}, {"size", k_note.size}};
  answer["id"] = ask["id"];
  std::vector<machine::Event> events{machine::AgentLine{answer.dump()}};
  if (name == "trigger") events.insert(events.end(), capture_events.begin(), capture_events.end());
  return events;
}

void FakeGuest::give_memory(Bend bend) {
  has_memory_ = true;
  bend_ = std::move(bend);
}

ReadMemory FakeGuest::memory() {
  auto line = probed_.empty() ? answers_["probe"].front() : probed_;
  auto probe = protocol::decode<protocol::ProbeAnswer>(protocol::Json::parse(line)["answer"], "probe");
  tables_.emplace(pagetable::sample_layout(), PhysAddr{0x50000000});
  std::uint64_t bytes = 0;
  for (const auto& [word, mapped] : probe.linear_map.levels) bytes += mapped;
  tables_->map(machine::ram_of({bytes}), 0);
  for (const auto& region : probe.regions)
    for (const auto& run : region.map)
      tables_->map({{run.start}, {run.end}}, 0, {.cont = false, .valid = run.valid, .writable = run.writable});
  tables_->put({k_note.start}, vmcoreinfo_note());
  if (bend_) bend_(*tables_, looks_++);
  return tables_->reader();
}

} // namespace kdt::run
