#include "bench/scripted.hpp"

#include "base/file.hpp"
#include "run/fake_guest.hpp"

#include <mutex>

namespace kdt::bench {

namespace {

class Silent final : public run::RunObserver {
public:
  void cell_started(const Cell&, const run::RunProgress&) override {}
  void phase_started(const Cell&, Phase) override {}
  void cell_ended(const CellResult&, const run::RunProgress&) override {}
  void warned(const std::string&) override {}
};

/// Guests that were made before the clock started; each is used once.
class Guests {
public:
  Guests(const fs::path& recording, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) guests_.push_back(std::make_unique<run::FakeGuest>(recording.string()));
  }

  std::unique_ptr<machine::Machine> machine() {
    std::scoped_lock lock(mutex_);
    return guests_.at(next_++)->machine();
  }

private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<run::FakeGuest>> guests_;
  std::size_t next_ = 0;
};

} // namespace

fs::path recording_of(const fs::path& repository) {
  return repository / "harness/guest/testdata/kexec_file_load.jsonl";
}

ScriptedRun run_scripted(image::Images& images, const std::string& kernel, const fs::path& directory,
                         std::size_t count) {
  auto rules = run::read_expectations(
      {.expectations = {}, .known_issues = {}, .triggers = images.repository() / "matrices/triggers/linux.yaml"});
  std::vector<run::PlannedCell> cells(count, {.cell = {}, .expectations = &rules});
  for (std::size_t i = 0; i < count; ++i) {
    auto& cell = cells[i].cell;
    cell.id = cell.slug = fmt::format("cell={}", i);
    cell.parameters.kernel = kernel;
    cell.parameters.memory = ByteSize::gib(1);
    cell.parameters.crashkernel = "256M";
  }
  Guests guests(recording_of(images.repository()), count);
  run::Backend backend{
      .make_machine = [&](const machine::MachineSpec&, std::stop_token) { return guests.machine(); },
      .emulator_version = "none",
  };
  Silent silent;
  auto begin = Clock::now();
  auto result = run::run_cells(cells, images, backend, {.directory = directory, .matrix = "scripted"}, silent, {});
  return {.result = std::move(result), .seconds = Clock::now() - begin};
}

} // namespace kdt::bench
