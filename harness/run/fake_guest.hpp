#pragma once

#include "machine/scripted_machine.hpp"
#include "pagetable/tiny_tables.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace kdt::run {

/// For tests: a guest that follows a recorded conversation (harness/guest/testdata/*.jsonl). Each ask is answered with
/// the next recorded answer of that ask; the trigger also prints a panic and brings up the capture kernel.
class FakeGuest {
public:
  explicit FakeGuest(const std::string& recording);

  /// What happens instead of the recorded answer to this ask, the n-th time (from 0) that it is asked.
  using Override = std::function<std::vector<machine::Event>()>;
  void instead_of(const std::string& ask, int nth, Override happens) { overrides_[{ask, nth}] = std::move(happens); }

  /// A machine that plays this guest; the FakeGuest outlives it.
  std::unique_ptr<machine::Machine> machine();
  /// One that goes on where the first froze.
  std::unique_ptr<machine::Machine> fork();

  /// Gives the guest a memory with the page tables that its probe tells of, single pages only; `bend` may change them
  /// before the n-th look (from 0) that the host takes.
  using Bend = std::function<void(pagetable::TinyTables&, int nth)>;
  void give_memory(Bend bend = {});

  /// What the machine does when it is poked, see ScriptedMachine; and what it was asked last, by ask.
  std::function<std::pair<std::optional<std::string>, std::vector<machine::Event>>(machine::Poke)> poked;
  std::map<std::string, std::string> asks;

  std::string cannot_freeze; ///< of ScriptedMachine
  std::string cannot_wake;
  bool monitor_answers = true;
  std::vector<machine::Event> boot_events;    ///< before the first hello
  std::vector<machine::Event> capture_events; ///< after the trigger

private:
  std::unique_ptr<machine::Machine> machine_with(std::vector<machine::Event> events);
  std::vector<machine::Event> respond(const std::string& line);
  ReadMemory memory();

  std::string system_hello_;
  std::map<std::string, std::deque<std::string>> answers_; ///< by ask
  std::map<std::pair<std::string, int>, Override> overrides_;
  std::map<std::string, int> asked_;
  bool has_memory_ = false;
  Bend bend_;
  int looks_ = 0;
  std::string probed_; ///< the last answer of the probe
  std::optional<pagetable::TinyTables> tables_;
};

/// Console bytes as an event.
machine::Event console(const std::string& text);
/// The answer of a guest that planted one page of each kind.
machine::Event canaries_planted();
/// The emulator's end by a signal.
machine::Event killed(int signal);

} // namespace kdt::run
