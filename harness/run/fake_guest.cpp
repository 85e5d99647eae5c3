#include "run/fake_guest.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <nlohmann/json.hpp>

namespace kdt::run {

using nlohmann::ordered_json;

namespace {
constexpr const char* k_banner = "[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x411fd070]\n";
constexpr const char* k_crash = "[    2.5] Kernel panic - not syncing: sysrq triggered crash\n"
                                "[    2.6] Starting crashdump kernel...\n[    2.6] Bye!\n";
/// What was asked, in the order of the recordings.
constexpr const char* k_asked[] = {"facts", "probe", "load", "probe", "trigger", "facts", "save", "poweroff"};
} // namespace

machine::Event console(const std::string& text) {
  return machine::ConsoleOutput{text};
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
  auto machine = std::make_unique<machine::ScriptedMachine>(std::move(events),
                                                            [this](const std::string& line) { return respond(line); });
  machine->monitor_answers = monitor_answers;
  return machine;
}

std::vector<machine::Event> FakeGuest::respond(const std::string& line) {
  auto ask = ordered_json::parse(line);
  std::string name = ask.at("ask");
  int nth = asked_[name]++;
  if (auto found = overrides_.find({name, nth}); found != overrides_.end()) return found->second();
  auto& queue = answers_[name];
  KDT_ASSERT(!queue.empty());
  auto answer = ordered_json::parse(queue.front());
  queue.pop_front();
  answer["id"] = ask["id"];
  std::vector<machine::Event> events{machine::AgentLine{answer.dump()}};
  if (name == "trigger") events.insert(events.end(), capture_events.begin(), capture_events.end());
  return events;
}

} // namespace kdt::run
