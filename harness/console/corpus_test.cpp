// Consoles of real guests, and what must be found in each: testdata/corpus.yaml says how they were made.

#include "base/file.hpp"
#include "base/text.hpp"
#include "console/boot_tracker.hpp"
#include "console/line_splitter.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <set>

namespace kdt::console {

namespace {

const fs::path k_testdata = KDT_TESTDATA;

struct Recorded {
  std::string log;
  std::string stage;
  std::set<std::string> finds; ///< "stage: class"
};

std::vector<Recorded> corpus() {
  std::vector<Recorded> all;
  for (const auto& entry : YAML::LoadFile((k_testdata / "corpus.yaml").string())["logs"]) {
    auto finds = entry["finds"].as<std::vector<std::string>>();
    all.push_back({entry["log"].as<std::string>(), entry["stage"].as<std::string>(), {finds.begin(), finds.end()}});
  }
  return all;
}

BootTracker follow(const std::string& log) {
  LineSplitter splitter;
  BootTracker tracker;
  for (const auto& line : splitter.feed(read_file(k_testdata / (log + ".console")))) tracker.feed(line);
  return tracker;
}

std::set<std::string> found_by(const BootTracker& tracker) {
  std::set<std::string> found;
  for (const auto& seen : tracker.sightings())
    found.insert(fmt::format("{}: {}", to_string(seen.stage), seen.what->name));
  return found;
}

} // namespace

TEST(Corpus, InEachLogExactlyWhatIsThereIsFound) {
  for (const auto& recorded : corpus()) {
    auto tracker = follow(recorded.log);
    EXPECT_EQ(found_by(tracker), recorded.finds) << recorded.log;
    EXPECT_EQ(to_string(tracker.stage()), recorded.stage) << recorded.log;
  }
}

TEST(Corpus, GoodGuestsAreNotAccused) {
  int good = 0;
  for (const auto& recorded : corpus()) {
    if (!recorded.log.starts_with("good-")) continue;
    ++good;
    auto tracker = follow(recorded.log);
    EXPECT_TRUE(tracker.complaints().empty()) << recorded.log;
    EXPECT_TRUE(tracker.sightings().empty()) << recorded.log;
  }
  EXPECT_GE(good, 10);
}

TEST(Corpus, HoldsEveryClassOrSaysWhyNot) {
  std::set<std::string> found;
  for (const auto& recorded : corpus())
    for (const auto& find : recorded.finds) found.insert(find.substr(find.find(": ") + 2));
  for (const auto& which : line_classes())
    EXPECT_NE(found.contains(std::string(which.name)), !which.unrecorded.empty()) << which.name;
}

TEST(Corpus, IsLargeEnoughAndSmallEnough) {
  std::set<std::string> listed;
  for (const auto& recorded : corpus()) EXPECT_TRUE(listed.insert(recorded.log).second) << recorded.log;
  EXPECT_GE(listed.size(), 40U);
  std::uintmax_t bytes = 0;
  for (const auto& file : fs::directory_iterator(k_testdata)) {
    bytes += file.file_size();
    if (file.path().extension() != ".console") continue;
    EXPECT_TRUE(listed.contains(file.path().stem().string())) << file.path().filename();
  }
  EXPECT_LT(bytes, ByteSize::mib(3).bytes / 2);
}

} // namespace kdt::console
