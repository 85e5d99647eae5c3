#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "run/cell_runner.hpp"
#include "run/fake_guest.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace kdt::run {

using machine::AgentLine;
using machine::Event;
using Events = std::vector<Event>;

/// Runs one cell against a fake guest; each test bends one thing.
class CellRunnerTest : public testing::Test {
protected:
  CellRunnerTest() {
    write_file(directory_.path() / "Image", "kernel");
    write_file(directory_.path() / "initramfs", "files");
    kernel_.image = directory_.path() / "Image";
    kernel_.initramfs = directory_.path() / "initramfs";
    kernel_.release = "6.1.192";
    kernel_.facts = {{"version", std::string("6.1")}};
    cell_.id = "kernel=k";
    cell_.slug = "kernel=k";
    cell_.parameters.kernel = "k";
    cell_.parameters.crashkernel = "256M";
    make_directories(directory_.path() / "cell");
    expectations_.triggers = matrix::load_triggers(KDT_SOURCE_DIR "/matrices/triggers/linux.yaml");
  }

  /// The rules of all triggers are those that count.
  void use_trigger_rules() { matrix::add_rules(expectations_.triggers, expectations_.rules); }

  CellContext context(Keep keep = Keep::failed) {
    return {
        .kernel = kernel_,
        .expectations = expectations_,
        .make_machine =
            [this](const machine::MachineSpec& spec, std::stop_token) {
              write_file(spec.drives.at(0).file, "a part of a dump");
              specs_.push_back(spec);
              return spec.state_file.empty() ? guest_.machine() : guest_.fork();
            },
        .emulator_version = "0",
        .directory = directory_.path() / "cell",
        .keep = keep,
        .stop = {},
        .verify =
            [this](const vmcore::Subject& subject, const vmcore::Expectation& expectation, Deadline, std::stop_token) {
              expected_ = expectation;
              return verify_(subject);
            },
        .on_phase = {},
        .backend = backend_,
        .describe =
            [](const machine::MachineSpec& spec) {
              return machine::Description{.file = "machine.txt", .text = spec.name};
            }};
  }

  CellResult run(Keep keep = Keep::failed) { return run_cell(cell_, context(keep)); }

  void use_rules(const std::string& rules, const std::string& head = "") {
    write_file(directory_.path() / "rules.yaml", head + "rules:\n" + rules);
    expectations_.rules = matrix::load_expectations(directory_.path() / "rules.yaml");
  }

  /// The guest from its beginning, for another run.
  void start_again() { guest_ = FakeGuest(KDT_SOURCE_DIR "/harness/guest/testdata/kexec_file_load.jsonl"); }

  /// What this process holds open in a directory without a name there, as /proc/self/fd calls it.
  static std::vector<std::string> nameless_in(const std::filesystem::path& directory) {
    std::vector<std::string> found;
    auto whole = fs::canonical(directory);
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code gone; // of another thread, or the iterator's own
      auto link = fs::read_symlink(entry.path(), gone);
      if (link.parent_path() == whole && link.string().ends_with(" (deleted)")) found.push_back(link.string());
    }
    return found;
  }

  static std::string codes(const CellResult& result) {
    std::string text;
    for (const auto& finding : result.findings) text += finding.code + " ";
    return text;
  }

  static std::string outcome(const CellResult& result, Phase phase) {
    return std::ranges::find(result.phases, phase, &PhaseResult::phase)->outcome;
  }

  /// One finding with this code, blamed so, in this phase; nothing after it ran.
  void expect_only(const CellResult& result, const std::string& code, Phase phase, Verdict verdict) {
    EXPECT_EQ(codes(result), code + " ") << (result.findings.empty() ? "" : result.findings.front().text);
    EXPECT_EQ(result.verdict, verdict);
    ASSERT_FALSE(result.findings.empty());
    EXPECT_EQ(result.findings.front().phase, phase);
    EXPECT_EQ(outcome(result, Phase::verify), phase == Phase::verify ? "failed" : "skipped");
  }

  TempDir directory_{"kdt-test"};
  image::KernelImage kernel_;
  Expectations expectations_;
  std::string backend_ = "qemu";
  Cell cell_;
  FakeGuest guest_{KDT_SOURCE_DIR "/harness/guest/testdata/kexec_file_load.jsonl"};
  std::vector<machine::MachineSpec> specs_; ///< of the machines that were made
  vmcore::Expectation expected_;            ///< of the dump, as the last run had it
  std::function<vmcore::Report(const vmcore::Subject&)> verify_ = [](const vmcore::Subject& subject) {
    write_file(subject.assembled, "a dump");
    vmcore::Report report;
    report.facts["vmcore.release"] = std::string("6.1.192");
    report.vmcore = subject.assembled;
    return report;
  };
};

} // namespace kdt::run
