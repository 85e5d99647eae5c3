// QEMU is killed from outside in each phase: nothing was learnt about the kernel, and kdt says so.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Fate {
  const char* name; ///< a word on the command line that tells this cell's id from the others'
  Phase phase;      ///< when the guest is to be killed
  const char* ask;  ///< once the agent was asked this; "": at once
  int signal;
  const char* how;     ///< in the finding
  const char* setting; ///< what makes the phase last, so that the signal does not come too late
};

constexpr Fate k_fates[] = {
    {"boot", Phase::boot, "", SIGKILL, "signal 9", ""},
    {"load", Phase::load, "load", SIGKILL, "signal 9", ""},
    // A large crash region: every page of it is written to.
    {"probe", Phase::probe, "probe", SIGKILL, "signal 9", ", memory: 4G, crashkernel: 1G"},
    // A console that does not show the panic: the phase waits for its deadline.
    {"trigger", Phase::trigger, "trigger", SIGKILL, "signal 9", ", cmdline: 'loglevel=0 e2e.cell=trigger'"},
    {"capture", Phase::capture, "", SIGKILL, "signal 9", ""},
    {"save", Phase::save, "save", SIGKILL, "signal 9", ""},
    {"quit", Phase::capture, "", SIGTERM, "host-signal", ""}, // QEMU ends with status 0 then
};

std::string matrix_of(const std::set<std::string>& names) {
  std::string text = "name: lost\nkernels: [v6.1-dma]\n"
                     "defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M, rodata: full}\ninclude:\n";
  for (const auto& fate : k_fates) {
    if (!names.contains(fate.name)) continue;
    std::string own(fate.setting);
    auto words = own.find("cmdline:") == std::string::npos ? fmt::format("cmdline: e2e.cell={}", fate.name) : "";
    text += fmt::format("- {{{}{}}}\n", words, words.empty() ? own.substr(2) : own);
  }
  return text;
}

/// Sends the signals of the fates as their phases come.
class Executioner {
public:
  Executioner(const Program& program, fs::path run_directory)
      : program_(program), run_directory_(std::move(run_directory)) {}

  /// Looks once; true when all fates of the run are fulfilled.
  bool look(std::size_t wanted) {
    for (const auto& slug : cell_directories(run_directory_))
      for (const auto& fate : k_fates)
        if (slug.find(fmt::format("e2e.cell={}", fate.name)) != std::string::npos) strike(fate, slug);
    return struck_.size() == wanted;
  }

private:
  void strike(const Fate& fate, const std::string& slug) {
    if (struck_.contains(fate.name)) return;
    auto& events = readers_.try_emplace(slug, run_directory_ / "cells" / slug).first->second;
    if (events.phase() != to_string(fate.phase)) return;
    if (std::string_view(fate.ask) != "" && !events.asked(fate.ask)) return;
    for (const auto& [pid, words] : emulators_of(program_.pid()))
      if (words.find(fmt::format("e2e.cell={} ", fate.name)) != std::string::npos && ::kill(pid, fate.signal) == 0)
        struck_.insert(fate.name);
  }

  const Program& program_;
  fs::path run_directory_;
  std::map<std::string, EventReader> readers_;
  std::set<std::string> struck_;
};

/// One run in which every guest is lost; the cells, and those of them that were struck in the phase they should.
RunResult lose_guests(const std::set<std::string>& names) {
  Place place;
  Program program(place, {"run", place.write("lost.yaml", matrix_of(names)).string(), "-j", "2", "--out", "run"});
  Executioner executioner(program, place.path() / "run");
  program.wait_until([&] { return executioner.look(names.size()); }, Deadline::after(k_run_budget));
  auto outcome = program.finish(Deadline::after(k_run_budget));
  auto run = read_run(place.path() / "run");
  bool all_lost = std::ranges::all_of(run.cells, [](const auto& cell) { return cell.verdict == Verdict::error; });
  EXPECT_TRUE(!all_lost || outcome.status.code == 3) << outcome.out << outcome.err;
  EXPECT_THAT(place.processes(), IsEmpty());
  EXPECT_THAT(files_below(place.tmp()), IsEmpty());
  return run;
}

TEST(E2eLostGuest, IsAnErrorOfTheHostInThePhaseItHappened) {
  std::set<std::string> left;
  for (const auto& fate : k_fates) left.insert(fate.name);
  // A phase may be over before the signal comes: such a cell is tried again, and the last try decides.
  constexpr int k_tries = 4;
  for (int i = 1; !left.empty() && i <= k_tries; ++i) {
    auto run = lose_guests(left);
    for (const auto& fate : k_fates) {
      if (!left.contains(fate.name)) continue;
      SCOPED_TRACE(fmt::format("try {} of {}\n{}", i, fate.name, findings_text(run)));
      const auto& cell = cell_with(run, fmt::format("e2e.cell={}", fate.name));
      bool in_time = !cell.findings.empty() && cell.findings[0].phase == fate.phase;
      if (!in_time && i < k_tries) continue;
      left.erase(fate.name);
      EXPECT_EQ(cell.verdict, Verdict::error);
      EXPECT_EQ(cell.blame, Blame::infra);
      ASSERT_EQ(cell.findings.size(), 1U);
      EXPECT_EQ(cell.findings[0].code, "guest-lost");
      EXPECT_EQ(cell.findings[0].blame, Blame::infra);
      EXPECT_EQ(cell.findings[0].phase, fate.phase);
      EXPECT_THAT(cell.findings[0].text, HasSubstr(fate.how));
      EXPECT_THAT(cell.findings[0].text, HasSubstr(fmt::format("in phase {}", to_string(fate.phase))));
    }
  }
}

} // namespace
} // namespace kdt::e2e
