// What a kdt holds while cell after cell runs through libvirt in one process: no more after many cells than after two.
// KDT_E2E_CELLS=200 makes it so many; the default keeps the tests short.

#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace kdt::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t k_warm = 2;   ///< cells after which everything that is made once is there
constexpr std::size_t k_window = 3; ///< cells of which one will be seen without what is there for a moment only
constexpr std::size_t k_cells = 10;

constexpr const char* k_matrix = R"(
name: many
kernels: [v6.1-dma]
defaults: {kernel: v6.1-dma, memory: 1G, crashkernel: 256M}
axes: {rodata: [full]}
)";

struct Held {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t files = 0; ///< in its TMPDIR: sockets and directories of guests, libvirt's state of domains

  bool operator==(const Held&) const = default;
};

std::ostream& operator<<(std::ostream& stream, const Held& held) {
  return stream << fmt::format("{} descriptors, {} threads, {} files", held.descriptors, held.threads, held.files);
}

std::size_t entries(const fs::path& directory) {
  std::error_code gone;
  auto found = fs::directory_iterator(directory, gone);
  return static_cast<std::size_t>(std::distance(begin(found), end(found)));
}

Held held_by(int pid, const fs::path& tmp) {
  return {.descriptors = entries(fmt::format("/proc/{}/fd", pid)),
          .threads = entries(fmt::format("/proc/{}/task", pid)),
          .files = files_below(tmp).size()};
}

/// The least of each: what is there for a moment only is not held.
Held least(const Held& one, const Held& other) {
  return {.descriptors = std::min(one.descriptors, other.descriptors),
          .threads = std::min(one.threads, other.threads),
          .files = std::min(one.files, other.files)};
}

/// What was held by the number of cells that had ended.
using HeldByCells = std::map<std::size_t, Held>;

/// Of the cells from one number to before another; nullopt: none was seen.
std::optional<Held> least_of(const HeldByCells& held, std::size_t from, std::size_t to) {
  std::optional<Held> found;
  for (auto at = held.lower_bound(from); at != held.end() && at->first < to; ++at)
    found = found ? least(*found, at->second) : at->second;
  return found;
}

/// What there is more of.
std::vector<std::string> grown(const Held& early, const Held& late) {
  std::vector<std::string> what;
  if (late.descriptors > early.descriptors) what.emplace_back("descriptors");
  if (late.threads > early.threads) what.emplace_back("threads");
  if (late.files > early.files) what.emplace_back("files");
  return what;
}

std::size_t cells_to_run() {
  const char* number = std::getenv("KDT_E2E_CELLS");
  return number == nullptr ? k_cells : std::max<std::size_t>(k_warm + 2 * k_window, std::strtoul(number, nullptr, 10));
}

/// Looks at a run of one cell at a time, over and over, and keeps what was held while a cell waited for its capture
/// kernel: by the number of cells that had ended then.
class Watch {
public:
  explicit Watch(const Place& place) : place_(place), cells_(place.path() / "run/cells") {}

  void look(int pid) {
    if (!captures()) return;
    auto ended = ended_.size();
    Held held;
    try {
      held = held_by(pid, place_.tmp());
    } catch (const fs::filesystem_error&) { // a file went while it was being counted
      return;
    }
    if (!captures() || ended_.size() != ended) return; // it was another moment
    auto [at, first] = by_cells_.try_emplace(ended, held);
    if (!first) at->second = least(at->second, held);
  }
  const HeldByCells& by_cells() const { return by_cells_; }

private:
  bool captures() {
    for (const auto& name : cell_directories(cells_.parent_path())) {
      if (ended_.contains(name)) continue;
      auto& reader = readers_.try_emplace(name, cells_ / name).first->second;
      if (!fs::exists(cells_ / name / "cell.json")) return reader.phase() == to_string(Phase::capture);
      ended_.insert(name);
      readers_.erase(name);
    }
    return false;
  }

  const Place& place_;
  fs::path cells_;
  std::set<std::string> ended_;
  std::map<std::string, EventReader> readers_;
  HeldByCells by_cells_;
};

TEST(E2eLibvirtLeak, ManyCellsHoldNoMoreThanTwo) {
  Place place;
  auto matrix = place.write("many.yaml", k_matrix);
  auto cells = cells_to_run();
  Program program(place, {"run", matrix.string(), "-j", "1", "--out", "run", "--repeat", std::to_string(cells),
                          "--backend", "libvirt"});
  Watch watch(place);
  program.wait_until(
      [&] {
        watch.look(program.pid());
        return false;
      },
      Deadline::after(k_run_budget + std::chrono::seconds(15) * cells));
  auto outcome = program.finish(Deadline::after(std::chrono::minutes(1)));
  EXPECT_EQ(outcome.status.code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(read_run(place.path() / "run").cells.size(), cells);

  const auto& held = watch.by_cells();
  auto early = least_of(held, k_warm, k_warm + k_window);
  auto late = least_of(held, cells - k_window, cells);
  ASSERT_TRUE(early && late) << "no early or no late cell was seen";
  EXPECT_THAT(grown(*early, *late), IsEmpty());
  EXPECT_GT(early->descriptors, 10U);
  EXPECT_GT(early->threads, 2U);
  for (const auto& [ended, now] : held) std::cout << fmt::format("after {:>3} cells: ", ended) << now << "\n";
  EXPECT_THAT(place.processes(), IsEmpty());
  EXPECT_THAT(files_below(place.tmp()), IsEmpty());
}

TEST(E2eLibvirtLeak, ADescriptorAThreadAndAFileMoreWouldBeSeen) {
  Place place;
  auto before = held_by(::getpid(), place.tmp());
  auto file = open_file(place.tmp() / "left", O_WRONLY | O_CREAT);
  std::jthread thread([](const std::stop_token& end) {
    while (!end.stop_requested()) std::this_thread::yield();
  });
  auto after = held_by(::getpid(), place.tmp());
  thread.request_stop();
  EXPECT_EQ(after,
            (Held{.descriptors = before.descriptors + 1, .threads = before.threads + 1, .files = before.files + 1}));
  EXPECT_THAT(grown(before, after), ElementsAre("descriptors", "threads", "files"));
  EXPECT_THAT(grown(after, before), IsEmpty());
}

TEST(E2eLibvirtLeak, OneOfACellIsALeakAndOneForAMomentIsNone) {
  HeldByCells leaking;
  HeldByCells well;
  for (std::size_t ended = 0; ended < k_cells; ++ended) {
    leaking[ended] = {.descriptors = 28 + ended, .threads = 9, .files = 14};
    well[ended] = {.descriptors = ended == k_warm || ended + 1 == k_cells ? 29U : 28U, .threads = 9, .files = 14};
  }
  auto growth = [](const HeldByCells& held) {
    return grown(*least_of(held, k_warm, k_warm + k_window), *least_of(held, k_cells - k_window, k_cells));
  };
  EXPECT_THAT(growth(leaking), ElementsAre("descriptors"));
  EXPECT_THAT(growth(well), IsEmpty());
  EXPECT_EQ(least_of(well, k_cells, k_cells + k_window), std::nullopt);
}

} // namespace
} // namespace kdt::e2e
